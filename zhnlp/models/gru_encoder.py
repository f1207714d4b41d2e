"""GRU sentence encoder of post 5743: characters in, the state after the last one out; trains on a CPU in minutes.

B batch, L positions, D hidden, V vocabulary.

The published code feeds the padding through the GRU, so that its vectors depend on how long the other texts of the batch
are; here the last real state counts, as of packed sequences, and the states of the padding are 0.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from functools import cache as once
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


class GRUEncoderConfig(PretrainedConfig):
    """Sizes of the network; the defaults are those of the post.

    Args:
        vocab_size: V.
        embedding_size: features of a character.
        hidden_size: D.
        pad_token_id: its embedding is 0 and stays so.
        max_position_embeddings: characters that are read; more are cut.

    Raises:
        ValueError: a size that cannot be.
    """

    model_type = "gru-encoder"

    def __init__(
        self,
        vocab_size: int = 4000,
        embedding_size: int = 128,
        hidden_size: int = 128,
        pad_token_id: int | None = 0,
        max_position_embeddings: int = 512,
        **options: Any,
    ):
        if min(vocab_size, embedding_size, hidden_size, max_position_embeddings) < 1:
            raise ValueError(
                f"vocab_size={vocab_size!r}, embedding_size={embedding_size!r}, hidden_size={hidden_size!r} and "
                f"max_position_embeddings={max_position_embeddings!r} do not fit: expected sizes of 1 or more"
            )
        self.vocab_size, self.embedding_size, self.hidden_size = vocab_size, embedding_size, hidden_size
        self.max_position_embeddings = max_position_embeddings
        super().__init__(pad_token_id=pad_token_id, **options)


class GRUEncoder(PreTrainedModel):
    """Embedding and one GRU; its vector of a text is the state of the last real place (pooling "last").

    Example:
        >>> model = GRUEncoder(GRUEncoderConfig(vocab_size=9, embedding_size=4, hidden_size=6)).eval()
        >>> alone = model(torch.tensor([[5, 6]]))[0]
        >>> padded = model(torch.tensor([[5, 6, 0]]), torch.tensor([[1, 1, 0]]))[0]
        >>> alone.shape, bool(torch.allclose(padded[:, :2], alone)), padded[:, 2].abs().sum().item()
        (torch.Size([1, 2, 6]), True, 0.0)
    """

    config_class = GRUEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"

    def __init__(self, config: GRUEncoderConfig):
        super().__init__(config)
        self.embedding = nn.Embedding(
            config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id
        )
        self.gru = nn.GRU(config.embedding_size, config.hidden_size, batch_first=True)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The embeddings, for the regularizers that disturb them."""
        return self.embedding

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Put other embeddings in their place."""
        self.embedding = value

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **options: Any
    ) -> BaseModelOutput:
        """The states after each character, ``last_hidden_state`` (B, L, D); 0 in the padding.

        Args:
            input_ids: (B, L), padded on the right, so that no real state has seen padding.
            attention_mask: (B, L), 1 for real characters; None where all are.
            options: what transformers hands to any encoder (``return_dict``, ``token_type_ids``): nothing here.

        Raises:
            ValueError: the padding is not on the right.
        """
        states = self.gru(self.embedding(input_ids))[0]
        if attention_mask is not None:
            if bool((attention_mask[:, 1:] > attention_mask[:, :-1]).any()):
                raise ValueError(
                    "attention_mask has padding before characters: expected padding on the right alone"
                )
            states = states.masked_fill(attention_mask[..., None] == 0, 0)
        return BaseModelOutput(last_hidden_state=states)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As Keras has it, with which the post was trained."""
        if isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.05, 0.05)
            if module.padding_idx is not None:
                module.weight[module.padding_idx].zero_()
        elif isinstance(module, nn.GRU):
            for name, weight in module.named_parameters():
                for gate in weight.chunk(3):
                    if name.startswith("bias"):
                        nn.init.zeros_(gate)
                    elif name.startswith("weight_ih"):
                        nn.init.xavier_uniform_(gate)
                    else:
                        nn.init.orthogonal_(gate)


@once
def register() -> None:
    """Make the network known to the Auto classes of transformers."""
    AutoConfig.register(GRUEncoderConfig.model_type, GRUEncoderConfig)
    AutoModel.register(GRUEncoderConfig, GRUEncoder)
