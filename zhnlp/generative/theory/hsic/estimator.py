"""The Hilbert-Schmidt independence criterion of two batches, as a number with gradients."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from zhnlp.generative.theory.hsic.kernels import Kernel, as_rows, centre, gram, u_centre

ESTIMATORS = ("biased", "unbiased")


def hsic(
    x: Tensor,
    y: Tensor,
    kernel: Kernel | tuple[Kernel, Kernel] = "rbf",
    bandwidth: float | str | tuple[float | str, float | str] = "median",
    estimator: str = "biased",
    normalized: bool = False,
) -> Tensor:
    """How dependent x and y are, a scalar: 0 of independent ones where both kernels are Gaussian or Laplace.

    Biased: tr(K J L J) / (n − 1)², never below 0.  Unbiased: with zeroed diagonals, on average 0 of independent batches,
    so it may be below.  Values of different kernels or bandwidths cannot be compared; normalised ones, divided by
    √(HSIC(x, x) HSIC(y, y)), are 1 of x with itself.  Time and memory grow as n².

    Args:
        x, y: (n, d) and (n, e), the same n of pairs; (n,) and (n, …) as `gram` takes them.
        kernel: "rbf", "laplace", "linear", "delta" (for labels), a function, or a pair of those for x and y.
        bandwidth: σ > 0, "median", or a pair.
        estimator: "biased" (n ≥ 2) or "unbiased" (n ≥ 4).
        normalized: divide, for a value in [0, 1], unbiased in [-1, 1].

    Raises:
        ValueError: lengths that differ, too few rows, NaN, an unknown name.

    A batch whose rows are all equal depends on nothing: 0, and a warning.

    Example:
        >>> x = torch.linspace(-1, 1, 50)
        >>> round(hsic(x, x**2, normalized=True).item(), 2), round(hsic(x, x**2, "linear").item(), 6)
        (0.42, 0.0)

    Source: https://kexue.fm/archives/6910; Gretton et al. 2005; Song et al. 2012 (unbiased)
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"estimator got {estimator!r}: expected {' or '.join(ESTIMATORS)}")
    first, second = grams(x, y, kernel, bandwidth)
    check_count(len(first), 4 if estimator == "unbiased" else 2, estimator)
    value = inner(first, second, estimator)
    if not normalized:
        return value
    scale = inner(first, first, estimator) * inner(second, second, estimator)
    return torch.where(scale > 0, value / torch.where(scale > 0, scale, 1).sqrt(), torch.zeros_like(value))


def inner(first: Tensor, second: Tensor, estimator: str) -> Tensor:
    """HSIC of two Gram matrices (n, n)."""
    n = len(first)
    if estimator == "biased":
        return (centre(first) * second).sum() / (n - 1) ** 2
    return (u_centre(first) * second).sum() / (n * (n - 3))


def grams(x: Tensor, y: Tensor, kernel, bandwidth) -> tuple[Tensor, Tensor]:
    """Both Gram matrices, of one type of numbers."""
    x, y = as_rows(x), as_rows(y)
    if len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} rows and y {len(y)}: expected pairs. Likely one of them was shuffled or cut"
        )
    kernels = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    widths = bandwidth if isinstance(bandwidth, tuple) else (bandwidth, bandwidth)
    if len(kernels) != 2 or len(widths) != 2:
        raise ValueError(f"got {len(kernels)} kernels and {len(widths)} bandwidths: expected one, or two")
    for name, values in {"x": x, "y": y}.items():
        if bool((values == values[:1]).all()):
            warnings.warn(f"all rows of {name} are equal: it depends on nothing, and HSIC is 0", stacklevel=3)
    first, second = (gram(values, *rest) for values, *rest in zip((x, y), kernels, widths))
    common = torch.promote_types(first.dtype, second.dtype)
    return first.to(common), second.to(common)


def check_count(n: int, least: int, what: str) -> None:
    """Refuse batches that are too small for the formula."""
    if n < least:
        raise ValueError(f"got {n} rows: {what} needs {least} or more")
