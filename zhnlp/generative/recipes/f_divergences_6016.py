"""The f-divergences of f-GAN, estimated from samples by a critic, against their true values.

    zhnlp generative run 6016 --out workdir/generative/6016
    zhnlp generative run 6016 --quick --seeds 1                  # to try it

Claim: a convex conjugate turns each f-divergence into the supremum over critics of a difference of means, which samples suffice
to estimate.
Minutes: 8, all seeds on one core.

P = N(0, 1) and Q = N(.7, 1.2²), 20,000 samples of each.  Critics raise the variational bound on three quarters of them and
are scored on the fourth, so that it is a lower bound of the truth but for the chance of the sample.  Then the mean of Q moves away.

Source: 苏剑林, https://kexue.fm/archives/6016
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Normal

from zhnlp.generative import plots
from zhnlp.generative.gan import FDivergence
from zhnlp.generative.gan.divergences.rows import ROWS
from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.training.seeds import derive_seed

P, Q = Normal(0.0, 1.0), Normal(0.7, 1.2)
STEPS = 1000
DRAWN = ("total-variation", "kl", "reverse-kl", "hellinger", "js")
HEAVY = "neyman"  # the variance of its bound, with ∫ q⁴/p³, is infinite here


def main(argv: list[str] | None = None) -> list[dict]:
    """Estimate, draw, print."""
    options = parser(__doc__).parse_args(argv)
    torch.set_num_threads(1)
    recipe = Recipe(__doc__, options)
    conjugates(recipe)
    against_the_truth(recipe)
    moving_away(recipe)
    return recipe.finish()


def samples(of: Normal, n: int, seed: int) -> Tensor:
    """(n,), the same for the same seed."""
    return of.mean + of.stddev * torch.randn(n, generator=torch.Generator().manual_seed(seed))


def conjugates(recipe: Recipe) -> None:
    """f(u) = max over t of t u − g(t), on a grid of t in the range."""
    v = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    worst = 0.0
    for name in ROWS:
        divergence = FDivergence(name)
        t, g = divergence.activation(v), divergence.composed(v)
        for u in (0.2, 0.6, 1.0, 1.7, 4.0):
            error = (t * u - g).max() - divergence.f(torch.tensor(u, dtype=torch.float64))
            worst = max(worst, error.abs().item())
    recipe.claim(
        "eight divergences, error of max over t of t u − g(t) against f(u), the greatest", worst, "< 1e-4"
    )


def against_the_truth(recipe: Recipe) -> None:
    """One row a divergence; beside it what the best critic would say of the same samples."""
    n, steps = (1000, 20) if recipe.quick else (20_000, STEPS)
    for name in ROWS:
        divergence = FDivergence(name)
        true = divergence.exact(P.log_prob, Q.log_prob)
        found, over, best = [], [], []
        for seed in range(recipe.seeds):
            xp, xq = samples(P, n, derive_seed(seed, "p")), samples(Q, n, derive_seed(seed, "q"))
            estimate = divergence.estimate(xp, xq, steps=steps, seed=seed)
            found.append(estimate.value)
            over.append((estimate.value - true) / estimate.standard_error)
            best.append(best_critic(divergence, xp, xq))
        bar = f"{true:.4f} ± {0.05 * true:.4f}" if name != HEAVY else f"{true:.4f}; infinite variance"
        recipe.claim(f"{name}: estimate", found, bar)
        recipe.claim(f"{name}: the same samples under the best critic", best)
        recipe.claim(f"{name}: estimate − truth, in standard errors, the greatest", max(over), "≤ 3")


def best_critic(divergence: FDivergence, xp: Tensor, xq: Tensor) -> float:
    """The bound at T = f'(p/q)."""
    slopes = [divergence.slope((P.log_prob(x) - Q.log_prob(x)).double().exp()) for x in (xp, xq)]
    return (slopes[0].mean() - divergence.conjugate(slopes[1]).mean()).item()


def moving_away(recipe: Recipe) -> None:
    """N(0, 1) against N(shift, 1)."""
    n, steps = (500, 10) if recipe.quick else (10_000, STEPS // 2)
    shifts = [0.0, 0.5, 1.0, 1.5, 2.0]
    figure, axes = plots.new_figure(12, 2.8, 1, len(DRAWN))
    worst = 0.0
    for name, ax in zip(DRAWN, axes):
        divergence = FDivergence(name)
        true, found, errors = [], [], []
        for shift in shifts:
            moved = Normal(shift, 1.0)
            true.append(divergence.exact(P.log_prob, moved.log_prob))
            estimate = divergence.estimate(samples(P, n, 1), samples(moved, n, 2), steps=steps)
            found.append(estimate.value)
            errors.append(3 * estimate.standard_error)
            worst = max(worst, (estimate.value - true[-1]) / max(estimate.standard_error, 1e-6))
        ax.plot(shifts, true, label="true")
        ax.errorbar(shifts, found, yerr=errors, fmt="o", markersize=4, capsize=2, label="critic, ±3 s.e.")
        ax.set_title(name, fontsize=9)
        ax.set_xlabel("shift of the mean")
        ax.set_ylim(-0.15 * max(true), 1.4 * max(true))
    axes[0].legend(fontsize=7)
    recipe.claim(
        "N(0, 1) against N(0 … 2, 1): estimate − truth, in standard errors, the greatest", worst, "≤ 3"
    )
    recipe.picture(
        figure,
        "shift",
        "Estimated against true f-divergences as the mean moves away; a point below the picture met a sample of P where its critic, "
        "whose T is exponential, had seen Q alone.",
    )
