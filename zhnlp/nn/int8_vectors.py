"""Vectors in a quarter of their size, whose inner products keep their order.

One scale a vector, not one a dimension: a vector is compressed by itself, so an index grows without a second look at what it
holds; and after whitening no dimension is wider than another.

N vectors, D dimensions, Q queries.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import wide


class Int8Vectors(NamedTuple):
    """Codes and scales: vector i is about ``scales[i] · codes[i]``, each number off by half a scale at most.

    Example:
        >>> small = compress(torch.tensor([[1.0, -0.5], [0.0, 4.0]]))
        >>> small.codes.tolist()
        [[127, -64], [0, 127]]
        >>> small.inner(torch.tensor([[1.0, 1.0]]))
        tensor([[0.4961, 4.0000]])
        >>> small.bound(torch.tensor([[1.0, 1.0]]))  # the first is 0.5 in truth
        tensor([[0.0079, 0.0315]])
    """

    codes: Tensor
    """(N, D) of int8 in [-127, 127]."""
    scales: Tensor
    """(N,) of float32, 0 or more."""

    def decode(self) -> Tensor:
        """(N, D) in float32."""
        return self.codes.float() * self.scales[:, None]

    def inner(self, queries: Tensor, *, chunk: int = 65536) -> Tensor:
        """Inner products (Q, N) in float32 of queries (Q, D), which are not compressed.

        Args:
            queries: (Q, D).
            chunk: vectors that are decoded at a time, so that a memory-mapped index is never held as floats.

        Raises:
            ValueError: the widths differ.
        """
        if queries.ndim != 2 or queries.size(1) != self.codes.size(1):
            raise ValueError(f"got queries {tuple(queries.shape)}: expected (Q, {self.codes.size(1)})")
        queries = queries.float()
        parts = [queries @ codes.float().T for codes in self.codes.split(chunk)]
        return torch.cat(parts, 1) * self.scales

    def bound(self, queries: Tensor) -> Tensor:
        """How far each inner product may be off, (Q, N), rounding of float32 aside: ``½ scale · Σ|query|``.

        Two vectors whose inner products differ by more than the sum of their bounds stand in the right order.
        """
        return queries.float().abs().sum(1, keepdim=True) * self.scales / 2


def compress(vectors: Tensor) -> Int8Vectors:
    """int8 codes of ``vectors`` (N, D): each divided by a 127th of its largest absolute number, and rounded.

    Raises:
        ValueError: no (N, D) of finite numbers.
    """
    if vectors.ndim != 2 or vectors.size(1) == 0 or not vectors.is_floating_point():
        raise ValueError(f"got vectors {tuple(vectors.shape)} of {vectors.dtype}: expected floats (N, D)")
    vectors = wide(vectors.detach())
    scales = vectors.abs().amax(1) / 127
    if not scales.isfinite().all():
        bad = int((~scales.isfinite()).nonzero()[0])
        raise ValueError(f"vector {bad} (counted from 0) has NaN or infinite numbers: expected finite ones")
    codes = (vectors / torch.where(scales > 0, scales, 1)[:, None]).round().clamp(-127, 127)
    return Int8Vectors(codes.to(torch.int8), scales.float())
