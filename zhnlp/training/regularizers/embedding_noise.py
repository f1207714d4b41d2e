"""Finding a model's embeddings, shifting what they give, and repeating a forward pass with the same dropout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

BATCH_NORMS = nn.modules.batchnorm._BatchNorm


def embedding_module(model: nn.Module, name: str | None = None) -> nn.Module:
    """The module called ``name``, or the input embeddings of a transformers model.

    Raises:
        ValueError: there is none.
    """
    plain = (
        getattr(model, "module", model) if isinstance(model, nn.parallel.DistributedDataParallel) else model
    )
    if name is not None:
        try:
            return plain.get_submodule(name)
        except AttributeError:
            raise ValueError(
                f"no module is called {name!r}: expected a name of model.named_modules(), e.g. "
                + ", ".join(repr(known) for known, _ in list(plain.named_modules())[1:4])
            ) from None
    if hasattr(plain, "get_input_embeddings"):
        return plain.get_input_embeddings()
    tables = [module for module in plain.modules() if isinstance(module, (nn.Embedding, nn.EmbeddingBag))]
    if len(tables) == 1:
        return tables[0]
    raise ValueError(
        f"{type(plain).__name__} has {len(tables)} embeddings: expected one, or the name of the module to disturb. "
        "Next: embeddings='…' of model.named_modules(); for models on numbers put an nn.Identity() first and name it"
    )


@contextmanager
def shifted(module: nn.Module, delta: Tensor) -> Iterator[None]:
    """Add ``delta`` to what ``module`` gives."""
    handle = module.register_forward_hook(lambda _module, _args, output: output + delta.to(output.dtype))
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def frozen_statistics(model: nn.Module) -> Iterator[None]:
    """Forward passes that leave BatchNorm's running statistics as they are."""
    norms = [
        module for module in model.modules() if isinstance(module, BATCH_NORMS) and module.track_running_stats
    ]
    kept = [
        (buffer, buffer.clone())
        for norm in norms
        for buffer in (norm.running_mean, norm.running_var, norm.num_batches_tracked)
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)


class SameNoise:
    """Repeats forward passes with the same dropout: ``with noise.again(): …`` begins at the random state of its making."""

    def __init__(self, like: Tensor):
        self.devices = [like.device] if like.is_cuda else []
        self.cpu = torch.get_rng_state()
        self.cuda = [torch.cuda.get_rng_state(device) for device in self.devices]

    @contextmanager
    def again(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(devices=self.devices))
            torch.set_rng_state(self.cpu)
            for device, state in zip(self.devices, self.cuda):
                torch.cuda.set_rng_state(state, device)
            yield


def first_tensor(inputs: Any) -> Tensor:
    """Some tensor of a model's inputs, to know the device by."""
    if isinstance(inputs, Tensor):
        return inputs
    values = inputs.values() if hasattr(inputs, "values") else inputs
    return next(value for value in values if isinstance(value, Tensor))
