"""Centred kernel alignment: how alike two layers see the same examples, whatever their widths and rotations."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from zhnlp.generative.theory.hsic.estimator import check_count, hsic
from zhnlp.generative.theory.hsic.kernels import Kernel, centre, gram, u_centre


def cka(
    x: Tensor,
    y: Tensor,
    kernel: Kernel = "linear",
    bandwidth: float | str = "median",
    *,
    debiased: bool = False,
) -> Tensor:
    """Normalised HSIC of two layers, a scalar in [0, 1]; the same under rotation and scaling of either.

    Plain CKA of few examples and wide layers is near 1 for noise as well; ``debiased`` is 0 then, on average, and may be
    below.

    Args:
        x, y: (n, d) and (n, e), activations of the same n examples.
        kernel, bandwidth: see `hsic`.
        debiased: the unbiased estimator, n ≥ 4.

    Raises:
        ValueError: as `hsic`.

    Example:
        >>> x = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
        >>> turned = 3 * x @ torch.linalg.qr(x[:8]).Q
        >>> round(cka(x, turned).item(), 4), round(cka(x, turned, debiased=True).item(), 4)
        (1.0, 1.0)

    Source: https://kexue.fm/archives/6910; Kornblith et al. 2019; debiased: Nguyen et al. 2021
    """
    return hsic(x, y, kernel, bandwidth, "unbiased" if debiased else "biased", normalized=True)


def cka_map(
    layers: Sequence[Tensor],
    others: Sequence[Tensor] | None = None,
    kernel: Kernel = "linear",
    bandwidth: float | str = "median",
    *,
    debiased: bool = False,
    progress: bool = False,
) -> Tensor:
    """CKA of every layer with every other, (A, B); each Gram matrix is computed once, in (A + B) n² memory.

    Args:
        layers: A activations (n, d) or (n, …) of the same n examples, widths as they come.
        others: B of another network; the same ones unless given.
        progress: a bar on stderr.

    Raises:
        ValueError: no layer; numbers of examples that differ; as `hsic`.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> x = torch.randn(200, 4, generator=random)
        >>> cka_map([x, 2 * x, torch.randn(200, 9, generator=random)], debiased=True).shape
        torch.Size([3, 3])
    """
    first = _directions(layers, kernel, bandwidth, debiased, progress)
    second = first if others is None else _directions(others, kernel, bandwidth, debiased, progress)
    if first.shape[1] != second.shape[1]:
        counts = len(layers[0]), len(others[0])
        raise ValueError(f"layers saw {counts[0]} examples and others {counts[1]}: expected the same ones")
    return first @ second.mT


def _directions(layers, kernel, bandwidth, debiased, progress) -> Tensor:
    """Centred Gram matrices as rows of length 1, (A, n²): CKA is their inner product."""
    if len(layers) == 0:
        raise ValueError("layers got none: expected one activation (n, d) or more")
    counts = sorted({len(layer) for layer in layers})
    if len(counts) > 1:
        raise ValueError(f"layers have {counts} examples: expected the same number, of the same examples")
    check_count(counts[0], 4 if debiased else 2, "debiased CKA" if debiased else "CKA")
    rows = []
    for number, layer in enumerate(tqdm(layers, desc="cka", unit="layer", disable=not progress)):
        matrix = gram(layer, kernel, bandwidth)
        matrix = u_centre(matrix) if debiased else centre(matrix)
        norm = matrix.norm()
        if norm == 0:
            warnings.warn(f"layer {number} gives all examples one vector: its CKA is 0", stacklevel=3)
        rows.append((matrix / torch.where(norm > 0, norm, 1)).flatten())
    common = max((row.dtype for row in rows), key=lambda dtype: torch.finfo(dtype).bits)
    return torch.stack([row.to(common) for row in rows])
