"""HSIC: dependence that correlation does not see, as a number with gradients.

    zhnlp generative run 6910 --out workdir/generative/6910
    zhnlp generative run 6910 --quick --seeds 1                  # to try it

Claim: two samples are independent where HSIC is 0; it needs two Gram matrices and no training, and it has a gradient.
Minutes: 1, all seeds on one core.

How often the tests reject independent pairs (they should rarely), a parabola and a circle (always), beside the correlation;
the identities of both estimators; CKA between the layers of two networks; and a linear map learnt by HSIC.

Source: 苏剑林, https://kexue.fm/archives/6910
"""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.theory.hsic import cka_map, hsic, hsic_test, plot_cka

COLOURS = ("#0072B2", "#D55E00")


def main(argv: list[str] | None = None) -> list[dict]:
    """Measure, draw, write."""
    options = parser(__doc__).parse_args(argv)
    torch.set_num_threads(1)
    recipe = Recipe(__doc__, options)
    rejections(recipe)
    identities(recipe)
    layers(recipe)
    learnt_map(recipe)
    return recipe.finish()


def random_of(seed: int) -> torch.Generator:
    """A generator of a seed."""
    return torch.Generator().manual_seed(seed)


def pairs(kind: str, n: int, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """x and y (n, 1) that are independent, or lie on a parabola or circle with noise."""
    x, noise, other = (torch.randn(n, 1, generator=random, dtype=torch.float64) for _ in range(3))
    if kind == "independent":
        return x, noise
    if kind == "parabola":
        return x, x**2 + 0.3 * noise
    angle = 2 * torch.pi * torch.rand(n, 1, generator=random, dtype=torch.float64)
    return angle.cos() + 0.1 * noise, angle.sin() + 0.1 * other


def rejections(recipe: Recipe) -> None:
    """Rejection rates at level .05, n = 100, 200 permutations, 40 repetitions a seed."""
    repetitions, permutations = (10, 50) if recipe.quick else (40, 200)
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    axes = figure.subplots(2, 3)
    for column, (kind, bar) in enumerate(
        {"independent": "≤ 0.12", "parabola": "= 1", "circle": "= 1"}.items()
    ):
        for method in ("permutation", "gamma"):
            rates = []
            for seed in range(recipe.seeds):
                random = random_of(seed)
                found = [
                    hsic_test(*pairs(kind, 100, random), method, permutations=permutations).p_value
                    for _ in range(repetitions)
                ]
                rates.append(sum(p <= 0.05 for p in found) / repetitions)
            recipe.claim(f"{kind}, n = 100, {method} test at .05: share rejected", rates, bar)
        correlations = []
        for seed in range(recipe.seeds):
            random = random_of(seed)
            drawn = [torch.cat(pairs(kind, 100, random), 1).T for _ in range(repetitions)]
            correlations.append(float(np.mean([abs(torch.corrcoef(pair)[0, 1]) for pair in drawn])))
        recipe.claim(f"{kind}: mean absolute correlation", correlations)
        x, y = pairs(kind, 100, random_of(0))
        found = hsic_test(x, y, permutations=500)
        axes[0, column].scatter(x, y, s=14, color=COLOURS[0])
        axes[0, column].set_title(f"{kind}: correlation {torch.corrcoef(torch.cat([x, y], 1).T)[0, 1]:.2f}")
        axes[0, column].set(xlabel="x", ylabel="y")
        axes[1, column].hist(found.null, bins=30, color="0.7", label="y permuted, 500 times")
        axes[1, column].axvline(found.statistic, color=COLOURS[1], linewidth=2, label="as drawn")
        axes[1, column].set_title(f"p = {found.p_value:.3f}")
        axes[1, column].set(xlabel="HSIC", ylabel="permutations")
        axes[1, column].legend()
    recipe.picture(figure, "independence", "Three samples, and their HSIC among those of permuted pairs")


def identities(recipe: Recipe) -> None:
    """Linear HSIC is the covariance; the unbiased estimator is 0 on average."""
    errors, scores = [], []
    draws = 100 if recipe.quick else 500
    for seed in range(recipe.seeds):
        random = random_of(seed)
        x, y = (torch.randn(100, d, generator=random, dtype=torch.float64) for d in (3, 2))
        y = y + x[:, :2]
        covariance = (x - x.mean(0)).mT @ (y - y.mean(0)) / 99
        errors.append(abs(hsic(x, y, "linear") - covariance.square().sum()).item())
        values = torch.stack(
            [hsic(*pairs("independent", 30, random), estimator="unbiased") for _ in range(draws)]
        )
        scores.append(abs(values.mean() / values.std() * draws**0.5).item())
    recipe.claim("linear HSIC − squared norm of the covariance", errors, "< 1e-8")
    recipe.claim(f"unbiased HSIC of {draws} independent draws: mean, in standard errors of it", scores, "< 2")


def layers(recipe: Recipe) -> None:
    """CKA between two networks of other seeds, trained on the same digits: is a layer likest its twin?"""
    x, y = (torch.as_tensor(values) for values in load_digits(return_X_y=True))
    x = (x / 16).float()
    train, test = train_test_split(np.arange(len(x)), test_size=0.3, random_state=0, stratify=y)
    test = test[:200] if recipe.quick else test
    figures = {"twins": [], "highest": [], "shuffled": []}
    for seed in range(recipe.seeds):
        first, second = (
            activations(
                trained(x[train], y[train], seed=2 * seed + k, steps=50 if recipe.quick else 400), x[test]
            )
            for k in (0, 1)
        )
        across = cka_map(first, second, debiased=True)
        order = torch.randperm(len(test), generator=random_of(seed))
        shuffled = cka_map(first, [layer[order] for layer in second], debiased=True)
        figures["twins"].append(across.diagonal().mean().item())
        figures["highest"].append((across.argmax(1) == torch.arange(len(across))).float().mean().item())
        figures["shuffled"].append(shuffled.abs().max().item())
        if seed == 0:
            names = [str(number) for number in range(1, len(first) + 1)]
            figure = Figure(figsize=(11, 4.6), layout="constrained")
            within = cka_map(first, debiased=True)
            for ax, similarity, title, label in zip(
                figure.subplots(1, 2),
                (within, across),
                ("One network", "Two networks"),
                ("the same", "another"),
            ):
                plot_cka(similarity, names, title=f"{title}, held-out digits", ax=ax)
                ax.set(ylabel="layer of one", xlabel=f"layer of {label}")
            recipe.picture(
                figure, "cka", "Debiased CKA within one network, and between two of different seeds"
            )
    recipe.claim("CKA of the same layer in two networks of other seeds, mean of 6 layers", figures["twins"])
    recipe.claim(
        "the same, with the examples of one shuffled: largest",
        figures["shuffled"],
        "" if recipe.quick else "< 0.05",
    )
    recipe.claim(
        "share of layers that are likest their twin, of 6 (small networks: all are alike)", figures["highest"]
    )


def trained(x: torch.Tensor, y: torch.Tensor, *, seed: int, steps: int) -> nn.Sequential:
    """Five hidden layers of 64 and ten outputs."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = [part for _ in range(5) for part in (nn.Linear(64, 64), nn.ReLU())]
        network = nn.Sequential(*parts, nn.Linear(64, 10))
    random, optimizer = random_of(seed), torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(steps):
        rows = torch.randint(len(x), (128,), generator=random)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
        optimizer.step()
    return network


@torch.no_grad()
def activations(network: nn.Sequential, x: torch.Tensor) -> list[torch.Tensor]:
    """What each layer gives, after its ReLU."""
    kept = []
    for part in network:
        x = part(x)
        if not isinstance(part, nn.Linear) or part is network[-1]:
            kept.append(x)
    return kept


def learnt_map(recipe: Recipe) -> None:
    """Two linear features of digits that depend most on the label, by HSIC alone, beside two of PCA."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16 - (x / 16).mean(0)).astype(np.float32)
    accuracies = {"HSIC": [], "PCA": []}
    for seed in range(recipe.seeds):
        split = train_test_split(x, y, test_size=0.3, random_state=seed, stratify=y)
        inputs, labels = torch.from_numpy(split[0]), torch.from_numpy(split[2])
        random = random_of(seed)
        weights = (0.1 * torch.randn(64, 2, generator=random)).requires_grad_()
        optimizer = torch.optim.Adam([weights], lr=0.02)
        for _ in range(40 if recipe.quick else 400):
            rows = torch.randint(len(inputs), (256,), generator=random)
            optimizer.zero_grad()
            z = inputs[rows] @ weights
            (-hsic(z, labels[rows], ("rbf", "delta"), normalized=True)).backward()
            optimizer.step()
        maps = {"HSIC": weights.detach().numpy(), "PCA": PCA(2, random_state=0).fit(split[0]).components_.T}
        for name, matrix in maps.items():
            model = KNeighborsClassifier(5).fit(split[0] @ matrix, split[2])
            accuracies[name].append(model.score(split[1] @ matrix, split[3]))
        if seed == 0:
            figure = Figure(figsize=(11, 5), layout="constrained")
            for ax, (name, matrix) in zip(figure.subplots(1, 2), maps.items()):
                points = ax.scatter(
                    *(split[1] @ matrix).T, c=split[3], cmap="tab10", s=12, vmin=-0.5, vmax=9.5
                )
                ax.set(title=f"{name}: 5-nearest accuracy {accuracies[name][0]:.2f}", xticks=[], yticks=[])
            figure.colorbar(points, ax=figure.axes, ticks=range(10), label="digit")
            recipe.picture(figure, "map", "Held-out digits in two linear features")
    recipe.claim(
        "two linear features that maximise HSIC with the label: held-out 5-nearest accuracy",
        accuracies["HSIC"],
    )
    recipe.claim("two of PCA: the same", accuracies["PCA"])
