"""What batch normalisation does: taking the mean off makes the loss smoother, so that larger steps are stable.

    zhnlp generative run 6992 --out workdir/generative/6992
    zhnlp generative run 6992 --quick --seeds 1                  # to try it

Claim: the second moment of a layer's input bounds how fast its gradient changes.  Taking the mean off lowers it at no cost in
capacity, so gradient descent stays stable at a larger learning rate; dividing by the standard deviation equalises scales on top.
Minutes: 1, all seeds on one core.

Data: scikit-learn's digits, pixels 0 to 16 as they are.

Source: 苏剑林, https://kexue.fm/archives/6992
"""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.theory.axes import line_style
from zhnlp.generative.theory.smoothness import (
    MeanOnlyBatchNorm,
    SoftmaxRegression,
    largest_stable_lr,
    moment_report,
    plot_moments,
    plot_steps,
    smoothness_report,
)
from zhnlp.generative.theory.smoothness.moments import centred

HIDDEN = 64
VARIANTS = {
    "plain": lambda features: nn.Identity(),
    "mean taken off": MeanOnlyBatchNorm,
    "batch norm": lambda features: nn.BatchNorm1d(features, affine=False),
}
LRS = [2.0**k for k in range(-12, 4)]
STEPS = torch.logspace(-3, 1, 17).tolist()


def main(argv: list[str] | None = None) -> list[dict]:
    """Measure, draw, write."""
    plt.switch_backend("agg")
    recipe = Recipe(__doc__, options := parser(__doc__).parse_args(argv))
    torch.set_num_threads(1)
    x, y = (torch.from_numpy(each) for each in load_digits(return_X_y=True))
    if options.quick:
        x, y = x[:500], y[:500]
    moments(recipe, x)
    learning_rates(recipe, x, y, options.quick)
    reports = networks(recipe, x.float(), y, options)
    trainings(recipe, x.float(), y, options)
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
    plot_steps(reports, ax=axes[0]).set_title("Loss after one step")
    plot_steps(reports, what="lipschitz", ax=axes[1]).set_title(
        "Change of the gradient per length of the step"
    )
    recipe.picture(figure, "steps", "One step along the gradient of a fresh network, seed 0")
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.4), layout="constrained", sharey=True)
    for ax, (label, report) in zip(axes, reports.items()):
        names = {f"input of layer {place + 1}": each for place, each in enumerate(report.layers.values())}
        plot_moments(names, ax=ax).set_title(label)
    recipe.picture(figure, "moments", "Second moments of what each dense layer reads, seed 0")
    return recipe.finish()


def moments(recipe: Recipe, x: torch.Tensor) -> None:
    """E[x xᵀ] of the digits."""
    report = moment_report(x)
    recipe.claim("digits, raw: greatest eigenvalue of E[x xᵀ]", report.raw.eigenvalue, "2676.6 ± 0.1")
    recipe.claim("digits, centred: the same", report.centred.eigenvalue, "178.9 ± 0.1")
    recipe.claim("digits, standardised: the same", report.standardised.eigenvalue, "7.34 ± 0.01")
    recipe.claim("digits, raw: sum of absolute entries", report.raw.absolute_sum, "98897 ± 1")
    recipe.claim("digits, centred: the same", report.centred.absolute_sum, "10207 ± 20")
    recipe.claim("raw over centred eigenvalue", report.gain, "≥ 10")


def learning_rates(recipe: Recipe, x: torch.Tensor, y: torch.Tensor, quick: bool) -> None:
    """Softmax regression: up to which lr gradient descent stays at its minimum."""
    found = []
    for name, inputs in {"raw": x, "centred": centred(x)}.items():
        loss = SoftmaxRegression(inputs, y)
        minimum = loss.minimum()
        limit = 2 / torch.linalg.eigvalsh(loss.hessian(minimum))[-1].item()
        found.append(largest_stable_lr(loss, minimum, steps=100 if quick else 300))
        recipe.claim(f"softmax regression, {name}: largest stable lr", found[-1])
        recipe.claim("the same over 2/λ of the exact Hessian", found[-1] / limit, "0.95 – 1.05")
    recipe.claim("centring multiplies the stable lr by", found[1] / found[0], "≥ 8")


def network(kind: str, seed: int) -> nn.Sequential:
    """64-64-64-10 with the normalisation directly before each dense layer, same first weights for all kinds."""
    torch.manual_seed(seed)
    sizes, layers = [64, HIDDEN, HIDDEN, 10], []
    for place, (d, h) in enumerate(pairwise(sizes)):
        layers += [nn.ReLU()] if place else []
        layers += [VARIANTS[kind](d), nn.Linear(d, h)]
    return nn.Sequential(*layers)


def networks(recipe: Recipe, x: torch.Tensor, y: torch.Tensor, options) -> dict:
    """Greatest curvature of fresh networks on one batch; the reports of seed 0."""
    values = {kind: [] for kind in VARIANTS}
    kept = {}
    for seed in range(options.seeds):
        rows = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:256]
        for kind, found in values.items():
            report = smoothness_report(
                network(kind, seed),
                (x[rows], y[rows]),
                lrs=STEPS,
                iterations=100 if options.quick else 1000,
                tolerance=3e-3,
            )
            found.append(report.eigenvalue)
            kept.setdefault(kind, report)
    for kind, found in values.items():
        recipe.claim(f"network, {kind}: greatest Hessian eigenvalue, fresh", found)
    ratios = [plain / mean for plain, mean in zip(values["plain"], values["mean taken off"])]
    recipe.claim("taking means off divides it by", ratios, "> 1")
    ratios = [plain / norm for plain, norm in zip(values["plain"], values["batch norm"])]
    recipe.claim("batch norm divides it by", ratios, "> 1")
    return kept


def train(model: nn.Sequential, x, y, lr: float, epochs: int, seed: int) -> float:
    """Plain SGD, batches of 128; the mean loss of the last epoch, infinite where it left the numbers."""
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        losses = []
        for rows in torch.randperm(len(x), generator=random).split(128):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            if not loss < 1e4:
                return float("inf")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return sum(losses) / len(losses)


def trainings(recipe: Recipe, x, y, options) -> None:
    """The training loss that each learning rate reaches in five epochs; which rates still learn."""
    epochs = 2 if options.quick else 5
    figure, ax = plt.subplots(figsize=(7.5, 5), layout="constrained")
    greatest = {}
    for number, kind in enumerate(VARIANTS):
        reached = torch.tensor(
            [
                [train(network(kind, seed), x, y, lr, epochs, seed) for lr in LRS]
                for seed in range(options.seeds)
            ]
        )
        best = [
            max((lr for lr, loss in zip(LRS, row) if loss < 1.0), default=0.0) for row in reached.tolist()
        ]
        greatest[kind] = best
        recipe.claim(f"network, {kind}: greatest lr that reaches a training loss below 1", best)
        if kind != "plain" and all(greatest["plain"]):
            recipe.claim(
                "that over the plain network's", [a / b for a, b in zip(best, greatest["plain"])], "> 1"
            )
        recipe.claim(f"network, {kind}: least training loss of all lrs", reached.amin(1).tolist())
        ax.plot(LRS, reached.clamp(max=10).median(0).values, marker="o", label=kind, **line_style(number))
    ax.axhline(torch.tensor(10.0).log(), color="0.6", linewidth=0.8, label="ln 10, guessing")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="learning rate",
        ylabel=f"training loss of epoch {epochs} (10: it left the numbers)",
    )
    ax.legend()
    ax.grid(color="0.9")
    recipe.picture(figure, "learning-rates", "Training loss against learning rate, median over seeds")
