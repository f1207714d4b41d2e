"""Kernels between the n rows of a batch, (n, d) → (n, n): Gaussian, Laplace, linear, and delta for labels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Kernel = str | Callable[[Tensor], Tensor]
NAMES = ("rbf", "laplace", "linear", "delta")


def gram(x: Tensor, kernel: Kernel = "rbf", bandwidth: float | str = "median") -> Tensor:
    """k(xᵢ, xⱼ) of all pairs of rows, (n, n), differentiable; in float32 at least, so half precision may come in.

    ``"rbf"`` is exp(−‖x − x'‖² / σ²) and ``"laplace"`` exp(−‖x − x'‖ / σ), the two that tell every dependence apart;
    ``"linear"`` is the inner product of centred rows, ``"delta"`` 1 where rows are equal and else 0.

    Args:
        x: (n, d); (n,) is n rows of one number, (n, …) is flattened.
        kernel: a name, or a function (n, d) → (n, n).
        bandwidth: σ > 0, in units of x, or "median": see `median_distance`.  Linear and delta have none.

    Raises:
        ValueError: fewer than two rows, NaN or infinity in x, an unknown kernel, a bandwidth out of range.

    Example:
        >>> gram(torch.tensor([0.0, 1.0, 3.0]), bandwidth=2.0)
        tensor([[1.0000, 0.7788, 0.1054],
                [0.7788, 1.0000, 0.3679],
                [0.1054, 0.3679, 1.0000]])
        >>> gram(torch.tensor([7, 7, 2]), "delta")
        tensor([[1., 1., 0.],
                [1., 1., 0.],
                [0., 0., 1.]])

    Source: https://kexue.fm/archives/6910
    """
    rows = as_rows(x)
    if kernel == "delta":
        numbers = torch.unique(rows, dim=0, return_inverse=True)[1]
        return (numbers[:, None] == numbers).to(_floats(rows[:1, :1]).dtype)
    rows = _floats(rows)
    if callable(kernel):
        values = kernel(rows)
        if values.shape != (len(rows), len(rows)):
            raise ValueError(
                f"the kernel gave {tuple(values.shape)} for {len(rows)} rows: expected a square, one cell a pair"
            )
        return values
    if kernel not in NAMES:
        raise ValueError(f"kernel got {kernel!r}: expected {', '.join(NAMES)}, or a function (n, d) → (n, n)")
    centred = rows - rows.mean(0)
    if kernel == "linear":
        return centred @ centred.mT
    if bandwidth == "median":
        sigma = median_distance(rows)
    elif isinstance(bandwidth, (int, float)) and 0 < bandwidth < float("inf"):
        sigma = bandwidth
    else:
        raise ValueError(f'bandwidth got {bandwidth!r}: expected a number above 0, or "median"')
    if kernel == "laplace":
        return torch.exp(-torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist") / sigma)
    return torch.exp(-squared_distances(centred) / sigma**2)


def median_distance(x: Tensor) -> float:
    """Median distance of two different rows; where most rows are equal, of rows that differ; 1 where all are.

    It is a number, through which no gradient goes.

    Example:
        >>> median_distance(torch.tensor([0.0, 1.0, 3.0]))
        2.0
    """
    rows = _floats(as_rows(x)).detach()
    pairs = torch.triu_indices(len(rows), len(rows), offset=1, device=rows.device)
    squares = squared_distances(rows - rows.mean(0))[pairs[0], pairs[1]]
    tiny = 1e-12 if rows.dtype == torch.float64 else 1e-6  # rounding, in place of 0
    median = squares.median()
    if median <= tiny * squares.max():
        different = squares[squares > tiny * squares.max()]
        if different.numel() == 0:
            return 1.0
        median = different.median()
    return median.sqrt().item()


def squared_distances(rows: Tensor) -> Tensor:
    """‖xᵢ − xⱼ‖² of all pairs by one product, (n, d) → (n, n); smooth where rows meet, and 0 on the diagonal."""
    products = rows @ rows.mT
    squares = products.diagonal()
    return (squares[:, None] + squares - 2 * products).clamp(min=0)


def as_rows(x: Tensor) -> Tensor:
    """x as (n, d), checked."""
    if not isinstance(x, Tensor):
        raise TypeError(f"got {type(x).__name__}: expected a tensor. Next: torch.as_tensor(x)")
    if x.ndim == 0 or len(x) < 2:
        raise ValueError(f"got shape {tuple(x.shape)}: expected two rows or more, (n, d)")
    rows = x.reshape(len(x), -1)
    if not rows.isfinite().all():
        bad = int((~rows.isfinite()).any(-1).sum())
        raise ValueError(f"{bad} of {len(rows)} rows hold NaN or infinity: expected finite numbers")
    return rows


def _floats(rows: Tensor) -> Tensor:
    if rows.dtype in (torch.float32, torch.float64):
        return rows
    return rows.float() if rows.is_floating_point() else rows.to(torch.get_default_dtype())


def centre(gram: Tensor) -> Tensor:
    """J K J with J = I − 11ᵀ/n, by three means in place of two products: rows and columns then sum to 0."""
    return (
        gram - gram.mean(-1, keepdim=True) - gram.mean(-2, keepdim=True) + gram.mean((-2, -1), keepdim=True)
    )


def u_centre(gram: Tensor) -> Tensor:
    """The centring of the unbiased estimator: diagonal 0, and rows sum to 0 all the same; n ≥ 4.

    Example:
        >>> centred = u_centre(gram(torch.tensor([0.0, 1.0, 3.0, 4.0]), bandwidth=2.0))
        >>> bool(centred.sum(1).abs().max() < 1e-6), centred.trace().item() == 0
        (True, True)
    """
    n = gram.shape[-1]
    off = ~torch.eye(n, dtype=torch.bool, device=gram.device)
    kept = gram * off
    rows = kept.sum(-1, keepdim=True) / (n - 2)
    return (kept - rows - rows.mT + kept.sum((-2, -1), keepdim=True) / ((n - 1) * (n - 2))) * off
