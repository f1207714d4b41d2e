"""Where the gradients of a critic are penalised: the r(x) of post 6139.  B rows of real and of generated examples."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def between(a: Tensor, b: Tensor) -> Tensor:
    """One point on the line between each row of a and the same row of b (B, …), by one uniform number a row."""
    share = torch.rand(len(a), *[1] * (a.ndim - 1), dtype=a.dtype, device=a.device)
    return torch.lerp(a, b, share)


def _shuffled(x: Tensor) -> Tensor:
    return x[torch.randperm(len(x), device=x.device)]


def _mixed(real: Tensor, fake: Tensor) -> Tensor:
    both = torch.cat([real, fake])
    return between(_shuffled(both), _shuffled(both))[: len(real)]


POINTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "interp": between,  # between a real and a generated row, as in WGAN-GP
    "both": lambda real, fake: torch.cat([real, fake]),  # the rows themselves, as in the script of 6139
    "real": lambda real, fake: real,
    "fake": lambda real, fake: fake,
    "mixed": _mixed,  # between any two rows of all
    "real-real": lambda real, fake: between(real, _shuffled(real)),
    "fake-fake": lambda real, fake: between(fake, _shuffled(fake)),
}


def penalty_points(real: Tensor, fake: Tensor, at: str = "interp") -> Tensor:
    """Rows at which to take gradients, (B, …), or (2 B, …) of "both".

    Args:
        real, fake: (B, …) each; what made them is left alone.
        at: "interp", "both", "real", "fake", "mixed", "real-real" or "fake-fake".

    Raises:
        ValueError: ``at`` is not known, or the shapes differ.

    Example:
        >>> real, fake = torch.zeros(3, 2), torch.ones(3, 2)
        >>> penalty_points(real, fake, "both").shape, bool(penalty_points(real, fake, "real-real").any())
        (torch.Size([6, 2]), False)

    Source: https://kexue.fm/archives/6139
    """
    if at not in POINTS:
        raise ValueError(f"at got {at!r}: expected one of {', '.join(map(repr, POINTS))}")
    if real.shape != fake.shape:
        raise ValueError(
            f"real has shape {tuple(real.shape)}, fake {tuple(fake.shape)}: expected the same, one row beside the other"
        )
    return POINTS[at](real.detach(), fake.detach())
