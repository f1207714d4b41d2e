"""A small critic and its training on two fixed sets of samples: what divergences and distances are estimated with.

N samples of P, M of Q, B in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

Objective = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]


def small_critic(features: int, hidden: Sequence[int] = (32, 32), activation: str = "Tanh") -> nn.Sequential:
    """Layers (B, …) → (B, 1): flattened, then ``hidden`` units with an activation of `torch.nn` between.

    Example:
        >>> small_critic(2)(torch.zeros(5, 2)).shape
        torch.Size([5, 1])
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for size in hidden:
        layers += [nn.Linear(features, size), getattr(nn, activation)()]
        features = size
    return nn.Sequential(*layers, nn.Linear(features, 1))


def train_critic(
    critic: nn.Module,
    objective: Objective,
    xp: Tensor,
    xq: Tensor,
    *,
    steps: int,
    batch_size: int,
    rate: float,
    seed: int,
    betas: tuple[float, float] = (0.9, 0.999),
    after_step: Callable[[nn.Module], Any] = lambda critic: None,
    progress: bool = False,
) -> list[float]:
    """Lower ``objective(critic, real, fake, random)`` in place with Adam, whose rate falls to 0 as a half cosine.

    Args:
        xp, xq: (N, …) and (M, …); a batch is drawn from each with replacement.
        after_step: called after each step, e.g. to clip weights.

    Returns:
        The objective at each step.

    Raises:
        FloatingPointError: the objective left the finite numbers.
    """
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(critic.parameters(), lr=rate, betas=betas)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = []
    critic.train()
    for step in tqdm(range(steps), desc="critic", unit="step", disable=not progress):
        real, fake = (x[torch.randint(len(x), (batch_size,), generator=random)] for x in (xp, xq))
        loss = objective(critic, real, fake, random)
        losses.append(loss.item())
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the critic's objective was {losses[-1]} at step {step}: expected finite numbers. Likely the rate {rate:g} is too "
                f"high for this objective. Next: rate={rate / 5:g}"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        after_step(critic)
    critic.eval()
    return losses


def two_samples(xp: Any, xq: Any) -> tuple[Tensor, Tensor]:
    """Both sets as float32, (N, d…) and (M, d…); one number a sample becomes (N, 1).

    Raises:
        ValueError: fewer than 4 samples, a sample that is not finite, or samples of different shapes.
    """
    made = []
    for name, x in {"xp": xp, "xq": xq}.items():
        x = torch.as_tensor(x, dtype=torch.float32)
        x = x[:, None] if x.ndim == 1 else x
        if x.ndim < 2 or len(x) < 4:
            raise ValueError(
                f"{name} has shape {tuple(x.shape)}: expected (N,) or (N, …) with 4 samples or more"
            )
        if not x.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite: expected finite samples")
        made.append(x)
    if made[0].shape[1:] != made[1].shape[1:]:
        shapes = [tuple(x.shape[1:]) for x in made]
        raise ValueError(
            f"samples of P have shape {shapes[0]}, of Q {shapes[1]}: expected one shape for both"
        )
    return made[0], made[1]
