"""Normal numbers, and pairs (100, 1) of them: independent, on a parabola, on a circle, with noise."""

import torch


def normal(*shape, seed=0, dtype=torch.float64):
    """Of a seed, in float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def independent(seed):
    return normal(100, 1, seed=seed), normal(100, 1, seed=seed + 1000)


def parabola(seed):
    x = normal(100, 1, seed=seed)
    return x, x**2 + 0.3 * normal(100, 1, seed=seed + 1000)


def circle(seed):
    angle = 2 * torch.pi * torch.rand(100, 1, generator=torch.Generator().manual_seed(seed))
    return (
        wave(angle) + 0.1 * normal(100, 1, seed=seed + number)
        for wave, number in ((torch.cos, 1000), (torch.sin, 2000))
    )
