"""Gradients through sampling: score function, reparametrisation, Gumbel-softmax.

    zhnlp generative run estimators_6705 --out workdir/generative/estimators_6705
    zhnlp generative run estimators_6705 --quick --seeds 1                  # to try it

Claim: all estimators of the gradient of an expectation agree in the mean where they are unbiased; reparametrisation usually
varies far less than the score function; for classes, Gumbel-softmax trades bias for variance with its temperature, while the
Gumbel-max trick samples exactly.
Minutes: 1, all seeds on one core.

Source: 苏剑林, https://kexue.fm/archives/6705
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import torch
from scipy.stats import chisquare

from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.theory.estimators import (
    gaussian_grad_estimate,
    grad_estimate,
    plot_estimates,
    plot_schedule,
    plot_temperatures,
    temperature_curve,
)
from zhnlp.generative.theory.estimators.categorical import METHODS
from zhnlp.generative.theory.estimators.gaussian import METHODS as GAUSSIAN
from zhnlp.nn.gumbel import exponential_schedule, gumbel_max, gumbel_softmax

P = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, -1.0, 2.0, -2.0], dtype=torch.float64)
TAUS = (1.0, 0.5, 0.1)


def parabola(z: torch.Tensor) -> torch.Tensor:
    """(z - 2)²; the gradient of its expectation at μ = 0 is -4."""
    return (z - 2) ** 2


def linear(y: torch.Tensor) -> torch.Tensor:
    """A weight for each class."""
    return y @ WEIGHTS


def bent(y: torch.Tensor) -> torch.Tensor:
    """Differs from a line between the corners, where relaxed samples lie."""
    return (y @ WEIGHTS - 0.5).square()


def main(argv: list[str] | None = None) -> list[dict]:
    """Measure, draw, write."""
    plt.switch_backend("agg")
    recipe = Recipe(__doc__, options := parser(__doc__).parse_args(argv))
    torch.set_num_threads(1)
    n = 20_000 if options.quick else 200_000
    seeds = range(options.seeds)
    frequencies(recipe, n, seeds)
    gaussian(recipe, n, seeds)
    categorical(recipe, n, seeds)
    draw(recipe, n)
    return recipe.finish()


def frequencies(recipe: Recipe, n: int, seeds: range) -> None:
    """Gumbel-max samples exactly."""
    shares, values = [], []
    for seed in seeds:
        classes = gumbel_max(P.log().expand(n, -1), generator=torch.Generator().manual_seed(seed))
        counts = classes.bincount(minlength=4)
        values.append(float(chisquare(counts, n * P).pvalue))
        shares.append((counts / n - P).abs().max().item())
    recipe.claim(f"Gumbel-max, p = (.1, .2, .3, .4), {n:,} draws: chi-square p-value", values, "> 0.01")
    recipe.claim("the same: largest error of a frequency", shares, "< 0.005")


def gaussian(recipe: Recipe, n: int, seeds: range) -> None:
    """The gradient of E[(z - 2)²] in μ, at μ = 0, σ = 1."""
    found = {
        method: [gaussian_grad_estimate(0.0, 1.0, parabola, method, n, seed=seed) for seed in seeds]
        for method in GAUSSIAN
        if method != "exact"
    }
    expected = {
        "reinforce": 87,
        "reinforce_baseline": 42,
        "reinforce_optimal": 38,
        "loo": 42,
        "reparameterised": 4,
    }
    for method, estimates in found.items():
        means = [each.mean[0].item() for each in estimates]
        recipe.claim(f"E[(z − 2)²], {method}: gradient in μ", means, "-4 ± 0.05")
        variances = [each.variance[0].item() for each in estimates]
        true = expected[method]
        recipe.claim(f"the same: variance (by hand {true})", variances, f"{true} ± {0.06 * true:.3g}")
    ratios = [
        (score.variance[0] / path.variance[0]).item()
        for score, path in zip(found["reinforce"], found["reparameterised"])
    ]
    recipe.claim("variance of the score function over that of reparametrisation", ratios, "> 15")
    ratios = []
    for seed in seeds:
        score, path = (
            gaussian_grad_estimate(0.0, 1.0, lambda z: (20 * z).sin(), method, n, seed=seed)
            .variance[0]
            .item()
            for method in ("reinforce", "reparameterised")
        )
        ratios.append(score / path)
    recipe.claim("the same ratio for sin 20z, a counter-example", ratios, "< 0.1")


def categorical(recipe: Recipe, n: int, seeds: range) -> None:
    """Four classes, a linear f."""
    curves = [temperature_curve(P.log(), linear, TAUS, n=n, seed=seed) for seed in seeds]
    for place, tau in enumerate(TAUS):
        recipe.claim(f"Gumbel-softmax, τ = {tau}: norm of the bias", [c.bias[place].item() for c in curves])
        recipe.claim(f"Gumbel-softmax, τ = {tau}: variance", [c.variance[place].item() for c in curves])
    falls = [float((c.bias.diff() < 0).all()) for c in curves]
    rises = [float((c.variance.diff() > 0).all()) for c in curves]
    recipe.claim("bias falls with τ at every step (1 = yes)", falls, "= 1")
    recipe.claim("variance rises as τ falls at every step (1 = yes)", rises, "= 1")
    for method in ("reinforce", "reinforce_baseline", "reinforce_optimal", "loo"):
        estimates = [grad_estimate(P.log(), linear, method, n, seed=seed) for seed in seeds]
        recipe.claim(f"{method}: norm of the bias", [each.bias_norm for each in estimates], "< 0.02")
        recipe.claim(f"{method}: variance", [each.total_variance for each in estimates])
    for name, f in {"linear": linear, "squared": bent}.items():
        for method in ("st", "st_gumbel"):
            biases = [grad_estimate(P.log(), f, method, n, 0.5, seed=seed).bias_norm for seed in seeds]
            bar = "< 1e-9" if (name, method) == ("linear", "st") else ""
            recipe.claim(f"{method}, {name} f: norm of the bias", biases, bar)


def draw(recipe: Recipe, n: int) -> None:
    """Spread of draws, temperatures, relaxed samples, the post's schedule."""
    count = min(n, 20_000)
    figure, axes = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
    estimates = {m: gaussian_grad_estimate(0.0, 1.0, parabola, m, count) for m in GAUSSIAN if m != "exact"}
    plot_estimates(estimates, ax=axes[0]).set_title("$E[(z-2)^2]$ in $\\mu$, 98 % of draws")
    labels = {"gumbel": "gumbel, τ 0.5", "st_gumbel": "st_gumbel, τ 0.5"}
    estimates = {
        labels.get(m, m): grad_estimate(P.log(), bent, m, count, 0.5) for m in METHODS if m != "exact"
    }
    plot_estimates(estimates, coordinate=2, ax=axes[1]).set_title("Four classes, squared f, third logit")
    recipe.picture(figure, "draws", "Single draws of each estimator")
    figure, axes = plt.subplots(1, 2, figsize=(13, 5), layout="constrained", sharey=True)
    taus = torch.logspace(0.7, -1.3, 15).tolist()
    for ax, (name, f) in zip(axes, {"linear": linear, "squared": bent}.items()):
        methods = ("gumbel",) if f is linear else ("gumbel", "st_gumbel")  # which agree where f is linear
        curves = {m: temperature_curve(P.log(), f, taus, method=m, n=n) for m in methods}
        plot_temperatures(curves, ax=ax).set_title(f"{name} f: bias against variance")
    recipe.picture(
        figure, "temperature", "What the temperature trades; a bias below 0.03 is noise of the draws"
    )
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained", sharey=True)
    for ax, tau in zip(axes, (5.0, 1.0, 0.5, 0.1)):
        y = gumbel_softmax(P.log().expand(14, -1), tau, generator=torch.Generator().manual_seed(4))
        below = torch.zeros(14, dtype=torch.float64)
        for number, part in enumerate(y.unbind(-1)):
            ax.bar(range(14), part, bottom=below, color=COLOURS[number], label=f"p = {P[number]:.1f}")
            below = below + part
        ax.set(title=f"τ = {tau:g}", xlabel="sample", xticks=[])
    axes[0].set(ylabel="share of each class", ylim=(0, 1))
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), title="class with")
    recipe.picture(
        figure, "samples", "The same 14 draws at four temperatures, from nearly uniform to nearly one-hot"
    )
    ax = plot_schedule({"0.01 + 0.99 · 0.999^step": exponential_schedule()}, 10_000)
    recipe.picture(ax.figure, "schedule", "The temperature of the post's demo")


COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
