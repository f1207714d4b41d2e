"""Lazy embeddings: rows of words that the batch lacks stay where they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from zhnlp.training.optimizers.wrapper import OptimizerWrapper

MODES = ("blog", "textbook")
FEW_ROWS = 64  # a batch may well hold every row of a smaller table


class LazyOptimizer(OptimizerWrapper):
    """Update only the embedding rows whose gradient is not all zero.

    Momentum goes on moving the rows of words that the batch lacks, which over-trains rare words.  Here they stay, weight
    decay of the inner optimizer included.  Gradients must be dense; memory: a copy of each embedding during `step`.

    Args:
        optimizer: any torch.optim.Optimizer that holds the embeddings.
        embeddings: nn.Embedding modules (their ``padding_idx`` row never moves) or their weights (V, D).
        mode: "blog": the optimizer's state (first and second moment) of absent rows decays as usual; "textbook": it is
            frozen, too, as in `torch.optim.SparseAdam`.

    Warns once where every row has a gradient: the softmax is tied to the embedding or the loss has an L2 term, and being
    lazy changes nothing.

    Raises:
        TypeError: an entry is neither nn.Embedding nor a parameter.
        ValueError: the mode is unknown, no embedding is given, one is not in the optimizer, or a gradient is sparse.

    Example:
        >>> table = nn.Embedding.from_pretrained(torch.zeros(3, 1), freeze=False)
        >>> optimizer = LazyOptimizer(torch.optim.Adam(table.parameters(), lr=0.5), [table])
        >>> for word in (0, 1):  # Adam alone would move row 0 again in the second step
        ...     optimizer.zero_grad()
        ...     table(torch.tensor([word])).sum().backward()
        ...     optimizer.step()
        >>> [round(value, 2) for value in table.weight.flatten().tolist()]
        [-0.5, -0.37, 0.0]

    Source: 苏剑林, https://kexue.fm/archives/6869
    """

    part = "lazy"

    def __init__(self, optimizer: Optimizer, embeddings: Iterable[nn.Embedding | Tensor], mode: str = "blog"):
        super().__init__(optimizer)
        if mode not in MODES:
            raise ValueError(f"mode got {mode!r}: expected one of {', '.join(MODES)}")
        if isinstance(embeddings, (nn.Module, Tensor)):
            embeddings = [embeddings]
        self.mode = mode
        self._tables: list[tuple[Tensor, int | None]] = []
        known = set(self.parameters())
        for entry in embeddings:
            weight, padding = _weight(entry)
            if weight not in known:
                raise ValueError(
                    f"an embedding of shape {tuple(weight.shape)} is not among the optimizer's parameters: expected one "
                    "that it updates. Likely it was replaced (resize_token_embeddings) after the optimizer was made"
                )
            self._tables.append((weight, padding))
        if not self._tables:
            raise ValueError(
                "embeddings is empty: expected one nn.Embedding or more, e.g. [model.get_input_embeddings()]"
            )
        self._warned = False

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One inner step; absent rows are put back."""
        loss = None
        if closure is not None:  # gradients must be known before the step
            with torch.enable_grad():
                loss = closure()
        kept = []
        for weight, padding in self._tables:
            if weight.grad is None:
                continue
            absent = self._absent(weight, padding)
            tensors = [weight]
            if self.mode == "textbook":
                tensors += self._slots(weight)
            kept.append((weight, absent, {tensor: tensor.clone() for tensor in tensors}))
        self.inner.step()
        for weight, absent, copies in kept:
            rows = absent[:, None]
            weight.copy_(torch.where(rows, copies[weight], weight))
            if self.mode == "textbook":
                for slot in self._slots(weight):  # the first step makes them, from zero
                    slot.copy_(torch.where(rows, copies.get(slot, torch.zeros_like(slot)), slot))
        return loss

    def _slots(self, weight: Tensor) -> list[Tensor]:
        return [
            value
            for value in self.state.get(weight, {}).values()
            if isinstance(value, Tensor) and value.shape == weight.shape
        ]

    def _absent(self, weight: Tensor, padding: int | None) -> Tensor:
        """(V,) bool: rows without gradient."""
        if weight.grad.is_sparse:
            raise ValueError(
                "an embedding has a sparse gradient: expected a dense one (nn.Embedding(sparse=False)). "
                "For sparse gradients torch.optim.SparseAdam is what mode='textbook' is here"
            )
        absent = ~(weight.grad != 0).any(dim=1)
        if not self._warned and not absent.any() and absent.numel() >= FEW_ROWS:
            self._warned = True
            warnings.warn(
                f"all {absent.numel():,} rows of an embedding have a gradient: LazyOptimizer changes nothing. Likely the "
                "softmax shares the embedding's weights or the loss has an L2 term on them. Next: untie them "
                "(tie_word_embeddings=False), give weight decay to the optimizer instead of the loss, or leave it out",
                stacklevel=3,
            )
        if padding is not None:
            absent[padding] = True
        return absent


def _weight(entry: Any) -> tuple[Tensor, int | None]:
    if isinstance(entry, nn.Embedding):
        return entry.weight, entry.padding_idx
    if isinstance(entry, Tensor) and entry.ndim == 2:
        return entry, None
    raise TypeError(
        f"embeddings holds {type(entry).__name__}: expected nn.Embedding, or its weight (V, D), "
        "e.g. [model.get_input_embeddings()]"
    )
