"""Up to which learning rate gradient descent stays at a minimum, found by trying.

Source: https://kexue.fm/archives/6992: a loss whose gradient is L-Lipschitz falls for every lr < 2 / L.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor], Tensor]  # parameters (P,) → ()


def largest_stable_lr(
    loss: Loss,
    minimum: Tensor,
    *,
    steps: int = 300,
    distance: float = 1e-4,
    precision: float = 0.01,
    seed: int = 0,
) -> float:
    """The greatest lr from which gradient descent, put a little beside a minimum, does not run away; by bisection.

    Theory says 2 / λ, λ the greatest eigenvalue of the Hessian there.

    Args:
        loss: parameters (P,) → ().
        minimum: where the gradient vanishes, (P,); its type is the type of the descent.
        steps: after which the distance must not have grown.
        distance: of the start from the minimum.
        precision: of the answer, relative, in (0, 1).
        seed: of the direction of the start.

    Raises:
        ValueError: a number out of range.
        RuntimeError: every lr is stable, or none.

    Example:
        >>> bowl = largest_stable_lr(lambda x: (x * x).sum(), torch.zeros(3, dtype=torch.float64))
        >>> abs(bowl - 1.0) < 0.01
        True
    """
    if steps < 1 or not distance > 0 or not 0 < precision < 1:
        raise ValueError(
            f"got steps {steps}, distance {distance}, precision {precision}: expected steps ≥ 1, distance > 0, "
            "precision in (0, 1)"
        )
    minimum = minimum.detach()
    away = torch.randn(minimum.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    start = minimum + distance * (away / away.norm()).to(minimum)

    def stays(lr: float) -> bool:
        x = start
        for _ in range(steps):
            leaf = x.clone().requires_grad_()
            x = x - lr * torch.autograd.grad(loss(leaf), leaf)[0]
            if not torch.dist(x, minimum) <= 10 * distance:
                return False
        return bool(torch.dist(x, minimum) <= distance)

    low = high = 1.0
    for _ in range(20):  # down to 1e-12
        if stays(low):
            break
        low, high = low / 4, low
    else:
        raise RuntimeError(
            "gradient descent leaves this point at every learning rate: expected a minimum. Likely a saddle, or the "
            "gradient does not vanish here; minimise further"
        )
    if low == high:
        for _ in range(20):
            high = 4 * low
            if not stays(high):
                break
            low = high
        else:
            raise RuntimeError(
                "gradient descent stays at every learning rate: expected a loss that curves. Likely a loss that does not "
                "depend on its parameters"
            )
    while high / low > 1 + precision:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if stays(middle) else (low, middle)
    return (low * high) ** 0.5
