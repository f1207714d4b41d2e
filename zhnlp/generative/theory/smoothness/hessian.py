"""The greatest eigenvalue of a loss's Hessian, by power iteration: no matrix is built.  P parameters altogether."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TopEigenvalue:
    """What `top_eigenvalue` found.

    Attributes:
        value: the greatest eigenvalue.
        vector: its eigenvector of length 1, in pieces shaped as the parameters.
        iterations: Hessian-vector products taken.
        converged: whether the tolerance was met.
    """

    value: float
    vector: tuple[Tensor, ...]
    iterations: int
    converged: bool


def top_eigenvalue(
    loss: Callable[[], Tensor],
    parameters: Sequence[Tensor],
    *,
    iterations: int = 300,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> TopEigenvalue:
    """The greatest eigenvalue of ∇² loss; where one below 0 is greater in size, the Hessian is shifted by it and searched again.

    Args:
        loss: gives a scalar that depends on ``parameters``; called once.
        parameters: tensors that require gradients.
        iterations: at most, in each of the one or two searches; a warning says where they were too few.
        tolerance: |H v - λ v| over the size of the greatest eigenvalue, > 0.  λ itself is then far nearer.
        seed: of the first vector.

    Raises:
        ValueError: no parameter, or none that the loss depends on; a number out of range.

    Example:
        >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        >>> top = top_eigenvalue(lambda: x[0] ** 2 - 5 * x[1] ** 2, [x])
        >>> round(top.value, 4), top.vector[0].abs().round().tolist()
        (2.0, [1.0, 0.0])
    """
    if iterations < 1 or not tolerance > 0:
        raise ValueError(
            f"got iterations {iterations} and tolerance {tolerance}: expected 1 or more, and above 0"
        )
    parameters = [each for each in parameters if each.requires_grad]
    if not parameters:
        raise ValueError("parameters got none that requires a gradient: expected at least one")
    slopes = torch.autograd.grad(loss(), parameters, create_graph=True, allow_unused=True)
    used = [(p, slope) for p, slope in zip(parameters, slopes) if slope is not None]
    if not used:
        raise ValueError(
            "the loss depends on none of the parameters: expected a loss computed from them when it is called"
        )

    def product(vector: list[Tensor], shift: float) -> list[Tensor]:
        pairs = [(slope, v) for (_, slope), v in zip(used, vector) if slope.requires_grad]
        found = [None] * len(used)
        if pairs:
            found = torch.autograd.grad(
                [slope for slope, _ in pairs],
                [p for p, _ in used],
                [v for _, v in pairs],
                retain_graph=True,
                allow_unused=True,
            )
        return [(0 if h is None else h) - shift * v for h, v in zip(found, vector)]

    random = torch.Generator().manual_seed(seed)
    start = [torch.randn(p.shape, generator=random, dtype=torch.float32).to(p) for p, _ in used]
    value, vector, taken, converged = _search(product, start, 0.0, iterations, tolerance, None)
    if value < 0:
        lowest = value
        value, vector, more, converged = _search(product, start, lowest, iterations, tolerance, abs(lowest))
        value, taken = value + lowest, taken + more
    if not converged:
        warnings.warn(
            f"power iteration stopped after {iterations} steps before |H v - λ v| was {tolerance:g} of λ, so the greatest "
            f"eigenvalue is {value:.6g} or above. Next: more iterations, or a larger tolerance",
            stacklevel=2,
        )
    kept = {id(p): v for (p, _), v in zip(used, vector)}
    pieces = tuple(kept.get(id(p), torch.zeros_like(p)) for p in parameters)
    return TopEigenvalue(value, pieces, taken, converged)


def _search(product, vector, shift, iterations, tolerance, scale):
    """Power iteration on H - shift: Rayleigh quotient, vector, products taken, whether it converged."""
    vector = _unit(vector)
    for taken in range(1, iterations + 1):  # noqa: B007 - it is the result
        image = product(vector, shift)
        value = _dot(image, vector)
        left = _dot(image, image) - value**2
        converged = max(left, 0.0) ** 0.5 <= tolerance * max(abs(value), scale or 0.0)
        if converged:
            break
        vector = _unit(image)
    return value, vector, taken, converged


def _dot(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return sum(torch.sum(a.double() * b.double()).item() for a, b in zip(one, other))


def _unit(vector: Sequence[Tensor]) -> list[Tensor]:
    length = _dot(vector, vector) ** 0.5
    return [v / length for v in vector]
