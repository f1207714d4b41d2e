"""Optimal transport: a linear program, its dual, and the one Lipschitz function that a WGAN looks for.

    zhnlp generative run transport_6280 --out workdir/generative/transport_6280
    zhnlp generative run transport_6280 --quick --seeds 1                  # to try it

Claim: the cheapest plan is a linear program; its dual has the same value, with two potentials f + g ≤ c; where c is a metric, g = −f,
and W₁ is the largest difference of means that a 1-Lipschitz function can have.
Minutes: 1, all seeds on one core.

All three are computed here, beside POT where it is installed, and Sinkhorn's plan beside the exact one.  Critics are in
`wgan_6280`.

Source: 苏剑林, https://kexue.fm/archives/6280, https://kexue.fm/archives/4439
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.theory.transport import kantorovich_lp, plot_transport, transport_plan, wasserstein


def main(argv: list[str] | None = None) -> list[dict]:
    """Measure, draw, write."""
    recipe = Recipe(__doc__, parser(__doc__).parse_args(argv))
    twelve_points(recipe)
    line(recipe)
    blobs(recipe)
    return recipe.finish()


def twelve_points(recipe: Recipe) -> None:
    """Twelve points of the unit square with two distributions on them."""
    figures = {"gap": [], "metric": [], "POT": []}
    for seed in range(recipe.seeds):
        random = np.random.default_rng(seed)
        points, (a, b) = random.uniform(size=(12, 2)), random.dirichlet(np.ones(12), 2)
        cost = cdist(points, points)
        found = kantorovich_lp(a, b, cost)
        figures["gap"].append(abs(found.gap))
        figures["metric"].append(abs(found.primal - found.dual_metric))
        if find_spec("ot"):
            import ot

            figures["POT"].append(abs(found.primal - ot.emd2(a, b, cost)))
        if seed == 0:
            draw_twelve(recipe, points, a, b, found)
    recipe.claim("12 points: primal − dual", figures["gap"], "< 1e-9")
    recipe.claim("12 points: primal − dual of one 1-Lipschitz function", figures["metric"], "< 1e-9")
    if figures["POT"]:
        recipe.claim("12 points: primal − ot.emd2", figures["POT"], "< 1e-9")


def draw_twelve(recipe: Recipe, points, a, b, found) -> None:
    """Where mass leaves, where it arrives, the way between, and the potential that falls along every way."""
    figure = Figure(figsize=(11.5, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    change = a - b
    shown = left.scatter(*points.T, c=found.potential, cmap="viridis", s=60 + 1500 * abs(change), zorder=2)
    for i, j in np.argwhere(found.plan > 1e-9):
        if i != j:
            left.annotate(
                "",
                points[j],
                points[i],
                arrowprops={"arrowstyle": "->", "lw": 0.8 + 25 * found.plan[i, j], "color": "0.3"},
            )
    figure.colorbar(shown, ax=left, label="potential f")
    left.set(
        xlabel="$x_1$", ylabel="$x_2$", title=f"Cost {found.primal:.6f}; f falls by the length of every arrow"
    )
    left.set_aspect("equal", adjustable="datalim")
    image = right.imshow(np.where(found.plan > 1e-9, found.plan, np.nan), cmap="Blues", vmin=0)
    figure.colorbar(image, ax=right, label="mass")
    right.set(xlabel="to point", ylabel="from point", title="The plan: most mass stays (diagonal)")
    right.set(xticks=range(12), yticks=range(12))
    recipe.picture(figure, "twelve", "The plan between two distributions on twelve points, and its potential")


def line(recipe: Recipe) -> None:
    """Two densities on a grid of the line: W₁ is the area between their distribution functions."""
    place = np.linspace(-4, 4, 40 if recipe.quick else 81)
    p = np.exp(-(place**2))
    q = np.exp(-((place + 2.2) ** 2) / 0.18) + 2 * np.exp(-((place - 1.8) ** 2) / 0.18)
    p, q = p / p.sum(), q / q.sum()
    found = kantorovich_lp(p, q, abs(place[:, None] - place))
    exact = wasserstein_distance(place, place, p, q)
    recipe.claim(
        "a line: primal − area between the distribution functions", abs(found.primal - exact), "< 1e-9"
    )
    slopes = abs(np.diff(found.potential)) / np.diff(place)
    recipe.claim("a line: steepest slope of the potential, minus 1", float(slopes.max() - 1), "< 1e-9")
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.fill_between(place, p, color="#0072B2", alpha=0.5, label="p")
    above.fill_between(place, q, color="#D55E00", alpha=0.5, label="q")
    above.set(ylabel="mass")
    above.legend()
    below.plot(place, found.potential - found.potential.mean(), color="black")
    below.set(xlabel="$x$", ylabel="potential f")
    below.set_title(f"E_p f − E_q f = {found.dual_metric:.4f} = cost {found.primal:.4f}; no slope above 1")
    below.grid(color="0.9")
    recipe.picture(figure, "line", "Two densities and the 1-Lipschitz function that tells them apart best")


def blobs(recipe: Recipe) -> None:
    """Blobs N(0, .3²) a unit apart: W₁ = 1, exact and by Sinkhorn."""
    n = 60 if recipe.quick else 200
    exact, shifted, ratios = [], [], []
    for seed in range(recipe.seeds):
        random = np.random.default_rng(seed)
        x, y = (random.normal((shift, 0), 0.3, (n, 2)) for shift in (0, 1))
        plan = transport_plan(x, y)
        exact.append(plan.distance)
        shifted.append(abs(wasserstein(x, x + np.array([1, 0])) - 1))
        soft = transport_plan(x, y, method="sinkhorn", epsilon=0.02)
        ratios.append(soft.distance / plan.distance)
        if seed == 0:
            figure = Figure(figsize=(11, 4.8), layout="constrained")
            few = 30
            for ax, method in zip(figure.subplots(1, 2), ("exact", "sinkhorn")):
                options = {"epsilon": 0.03} if method == "sinkhorn" else {}
                drawn = transport_plan(x[:few], y[:few], 1, method, **options)
                plot_transport(x[:few], y[:few], drawn.plan, ax=ax)
                ax.set_title(f"{drawn.solver}: cost {drawn.distance:.3f}")
            recipe.picture(figure, "blobs", "The mass that moves: exact plan, and Sinkhorn's at ε = 0.03")
    recipe.claim("a cloud and its copy a unit away: W₁ − 1", shifted, "< 1e-9")
    recipe.claim(f"two samples of {n} of blobs a unit apart (W₁ = 1; solver {plan.solver}): W₁", exact)
    recipe.claim("Sinkhorn at ε = 0.02 over exact", ratios, "1 – 1.05")
