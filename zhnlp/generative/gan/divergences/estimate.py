"""An f-divergence from samples alone: a critic raises the variational lower bound, samples it has not seen give its value."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhnlp.generative.gan.divergences.critic import small_critic, train_critic, two_samples
from zhnlp.training.seeds import derive_seed, own_randomness

if TYPE_CHECKING:
    from zhnlp.generative.gan.divergences.f_divergence import FDivergence


@dataclass(frozen=True)
class Estimate:
    """A lower bound of a divergence, from samples.

    Attributes:
        value: mean T over samples of P minus mean g(T) over samples of Q.
        standard_error: of ``value``, by the spread of T and g(T); the bound is no more than the truth + a few of these.
    """

    value: float
    standard_error: float

    def __float__(self) -> float:
        return self.value


def estimate_divergence(
    divergence: FDivergence,
    xp: Any,
    xq: Any,
    critic: nn.Module | None = None,
    *,
    folds: int = 4,
    steps: int = 1000,
    batch_size: int = 1024,
    rate: float = 3e-3,
    seed: int = 0,
    progress: bool = False,
) -> Estimate:
    """Lower bound of D_f(P‖Q) by critics that never score the samples they learnt from.

    Where a critic scores what it learnt from, the figure can exceed the truth: it has then fitted the accidents of the sample.
    So the samples are cut into ``folds``, each is scored by a critic that learnt from the others, and the figures are
    averaged.  With 2 of them a lone sample of P, where the critic had met Q alone, can outweigh all others if T is exponential.

    Args:
        divergence: which one.
        xp, xq: samples of P (N, …) and of Q (M, …), or (N,) and (M,); standardised inside, which changes no f-divergence.
        critic: (B, …) → (B, 1) or (B,), raw outputs; is copied, not trained in place. Two layers of 32 tanh units by default.
        folds: 2 or more; each costs one training.
        steps, batch_size, rate: of Adam; the rate falls to 0.
        seed: of the critic's start, the folds and the batches.

    Raises:
        ValueError: samples of different shapes, too few, or not finite; fewer than 2 folds.
        FloatingPointError: the bound left the finite numbers.

    Example:
        >>> from zhnlp.generative.gan import FDivergence
        >>> x = torch.randn(2000, generator=torch.Generator().manual_seed(0))
        >>> found = estimate_divergence(FDivergence("js"), x, x[:1000] + 1, steps=100)  # the truth is .1113
        >>> 0.08 < found.value < 0.1113 + 3 * found.standard_error
        True

    Source: https://kexue.fm/archives/6016; Nguyen, Wainwright and Jordan 2010
    """
    xp, xq = two_samples(xp, xq)
    if not 2 <= folds <= min(len(xp), len(xq)) // 2:
        raise ValueError(
            f"folds got {folds}: expected 2 to {min(len(xp), len(xq)) // 2}, so that each fold has 2 samples of either side"
        )
    both = torch.cat([xp, xq])
    centre, spread = both.mean(0), both.std(0).clamp(min=1e-6)
    xp, xq = (xp - centre) / spread, (xq - centre) / spread
    random = torch.Generator().manual_seed(derive_seed(seed, "folds"))
    parts_p, parts_q = (x[torch.randperm(len(x), generator=random)].chunk(folds) for x in (xp, xq))
    seen_real, seen_fake = [], []
    for fold in range(folds):
        judge = _fresh(critic, xp[0].numel(), derive_seed(seed, "critic", fold))
        train_critic(
            judge,
            lambda c, real, fake, _: divergence.critic_loss(_flat(c(real)), _flat(c(fake))),
            _without(parts_p, fold),
            _without(parts_q, fold),
            steps=steps,
            batch_size=batch_size,
            rate=rate,
            seed=derive_seed(seed, "batches", fold),
            progress=progress,
        )
        with torch.no_grad():
            seen_real.append(divergence.activation(_flat(judge(parts_p[fold])).double()))
            seen_fake.append(divergence.composed(_flat(judge(parts_q[fold])).double()))
    real, fake = torch.cat(seen_real), torch.cat(seen_fake)
    error = (real.var() / len(real) + fake.var() / len(fake)).sqrt()
    return Estimate((real.mean() - fake.mean()).item(), error.item())


def _fresh(critic: nn.Module | None, features: int, seed: int) -> nn.Module:
    if critic is not None:
        return deepcopy(critic)
    with own_randomness(seed):
        return small_critic(features)


def _without(parts: tuple[Tensor, ...], fold: int) -> Tensor:
    return torch.cat([part for number, part in enumerate(parts) if number != fold])


def _flat(scores: Tensor) -> Tensor:
    return scores.reshape(len(scores))
