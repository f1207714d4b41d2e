"""A network of transformers inside a module of ours: what the trainer, the regularizers and checkpoints ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Wrapped(nn.Module):
    """A module around ``network``; a subclass gives ``forward``.

    Its state dict holds a tied weight once, as files do.
    """

    def __init__(self, network: PreTrainedModel):
        super().__init__()
        self.network = network
        self.all_tied_weights_keys = {
            f"network.{name}": f"network.{source}"
            for name, source in (getattr(network, "all_tied_weights_keys", None) or {}).items()
        }
        self.register_state_dict_post_hook(_without_tied)

    @property
    def config(self) -> Any:
        """The configuration of the network."""
        return self.network.config

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return self.network.device

    def get_input_embeddings(self) -> nn.Module:
        """The embeddings of the tokens, for the regularizers that disturb them."""
        return self.network.get_input_embeddings()


def _without_tied(module: Wrapped, state: dict[str, Any], prefix: str, metadata: Any) -> None:
    for name in module.all_tied_weights_keys:
        state.pop(prefix + name, None)
