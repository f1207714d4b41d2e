"""VAE on digits: what it reconstructs, draws and interpolates, and which dimensions it uses.

    zhnlp generative run 5253 --out workdir/generative/5253
    zhnlp generative run 5253 --quick --seeds 1                  # to try it

Claim: an encoder and a decoder that lower one bound of -log q(x) make codes that together are N(0, I), so that decoding noise
draws digits; with a prior mean for each class one asks for a class.
Minutes: 1, all seeds on one core.

Three models of scikit-learn's digits: a VAE with 8 latent dimensions, one with 2 whose manifold can be drawn, and a
conditional VAE with a prior mean for each class.  A judge that never saw them, a support vector machine, says what they drew.

Source: 苏剑林, https://kexue.fm/archives/5253, https://kexue.fm/archives/5343, https://kexue.fm/archives/5383
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from zhnlp.generative.datasets import digits
from zhnlp.generative.measures import Judge, frechet_distance, nearest_distance
from zhnlp.generative.plots import curves, image_grid, scatter
from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.vae import VAE, ConditionalVAE, manifold
from zhnlp.generative.vae.latent_pictures import plot_kl, side_by_side

SHAPE, DRAWN = (1, 8, 8), 1000
PLAIN = {"likelihood": "gaussian", "sigma": 0.2, "hidden": [256, 256]}


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Train, measure, draw."""
    recipe = Recipe(__doc__, parser(__doc__).parse_args(argv))
    data = digits()
    judge = Judge().fit(data[0], data[1])
    training = {
        "epochs": 4 if recipe.quick else 100,
        "progress": False,
    }
    seeds = range(recipe.seeds)

    plain = [fitted(VAE(SHAPE, latent=8, **PLAIN), seed, data[0], **training) for seed in after_seed(seeds)]
    figures_of_plain(recipe, plain, data, judge)
    pictures_of_plain(recipe, plain[0], data)

    conditional = [
        fitted(ConditionalVAE(SHAPE, classes=10, latent=8), seed, data[0], labels=data[1], **training)
        for seed in after_seed(seeds)
    ]
    figures_of_conditional(recipe, conditional, data, judge)

    torch.manual_seed(0)
    flat = fitted(VAE(SHAPE, latent=2), 0, data[0], **training)
    recipe.picture(
        image_grid(manifold(flat), columns=15), "manifold", "Normal quantiles .05 to .95 of 2 dimensions"
    )
    recipe.picture(
        scatter(flat.encode(data[0]), labels=data[1], title="means of 2 latent dimensions"),
        "latent",
        "Where digits lie, coloured by class",
    )
    torch.manual_seed(0)
    several = fitted(VAE(SHAPE, latent=8, n_samples=5, **PLAIN), 0, data[0], **training)
    gain = several.bound(data[2]).mean() - plain[0].bound(data[2]).mean()
    recipe.claim(
        "5343: nats gained by 5 samples of z a step instead of 1 (the post saw no difference)", gain.item()
    )
    return recipe.finish()


def after_seed(seeds):
    """Each seed, once the weights to come are drawn from it."""
    for seed in seeds:
        torch.manual_seed(seed)
        yield seed


def fitted(model, seed, data, **training):
    """The model after `fit`."""
    return model.fit(data, seed=seed, **training)


def error(model, x) -> float:
    """Mean squared error of reconstructions from the mean of z."""
    return (model.decode(model.encode(x)) - x).square().mean().item()


def figures_of_plain(recipe: Recipe, models: list[VAE], data, judge: Judge) -> None:
    """Claims of posts 5253 and 5383."""
    x, _, x_test, _ = data
    drawn = [model.sample(DRAWN, seed=0) for model in models]
    reports = [model.report(x) for model in models]
    recipe.claim("VAE: mean squared error on test", [error(model, x_test) for model in models], "< 0.025")
    recipe.claim(
        "VAE: entropy of classes drawn, nats (of 2.30)", [judge.class_entropy(one) for one in drawn], "> 2.1"
    )
    recipe.claim(
        "VAE: |mean| of the aggregate posterior",
        [report.mean.abs().mean().item() for report in reports],
        "< 0.1",
    )
    recipe.claim(
        "VAE: variance of the aggregate posterior",
        [report.variance.mean().item() for report in reports],
        "0.9 – 1.1",
    )
    recipe.claim(
        "5383: σ² of single posteriors, mean", [report.width.mean().item() for report in reports], "< 0.5"
    )
    recipe.claim("5383: active dimensions of 8", [report.active for report in reports])
    recipe.claim(
        "VAE: bound of log q(x) on test, nats", [model.bound(x_test).mean().item() for model in models]
    )
    recipe.claim(
        "the same by 50 importance samples",
        [model.bound(x_test, samples=50).mean().item() for model in models],
    )
    recipe.claim(
        "5383: the same by 50 draws from the prior, without an encoder",
        [naive(model, x_test, 50) for model in models],
    )
    recipe.claim(
        "VAE: distance to the nearest training picture (0: copied)",
        [nearest_distance(one, x) for one in drawn],
    )
    normal = gaussian_fit(x, DRAWN)
    for name, of in (
        ("pixels (misleading)", lambda rows: rows),
        ("features of a classifier", judge.features),
    ):
        real, fit = of(x_test), of(normal)
        figures = [frechet_distance(of(one), real) for one in drawn]
        recipe.claim(f"VAE: Fréchet distance on {name}", figures)
        recipe.claim(f"a single normal: Fréchet distance on {name}", frechet_distance(fit, real))


def naive(model: VAE, x, draws: int) -> float:
    """Mean log of the mean of q(x|z) over draws from the prior."""
    torch.manual_seed(0)
    with torch.no_grad():
        output = model.decoder(torch.randn(draws, model.latent))
        each = torch.stack([model.likelihood.log_prob(one.expand_as(x), x) for one in output])
    return (each.logsumexp(0) - torch.tensor(float(draws)).log()).mean().item()


def gaussian_fit(x, n: int):
    """Draws of one normal with the mean and covariance of the pixels."""
    rows = x.flatten(1)
    noise = torch.randn(n, rows.shape[1], generator=torch.Generator().manual_seed(0))
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    return (rows.mean(0) + noise @ (vectors * values.clamp(min=0).sqrt()).T).view(n, *SHAPE)


def pictures_of_plain(recipe: Recipe, model: VAE, data) -> None:
    """Samples, reconstructions, lines between digits, KL bars, and the curve of the bound."""
    x_test, y_test = data[2], data[3]
    recipe.picture(image_grid(model.sample(100, seed=0), columns=10), "samples", "Drawn from N(0, I)")
    pairs = side_by_side(x_test[:40], model.decode(model.encode(x_test[:40])))
    recipe.picture(
        image_grid(pairs, columns=10), "reconstructions", "Test digits, each beside its reconstruction"
    )
    first = torch.stack([x_test[y_test == digit][0] for digit in range(10)])
    walk = model.interpolate(first, first.roll(-1, 0), steps=10)
    recipe.picture(
        image_grid(walk.flatten(0, 1), columns=10), "interpolations", "From each digit to the next"
    )
    recipe.picture(plot_kl(model.report(data[0]).kl), "kl", "KL of each latent dimension")
    recipe.picture(
        curves({"bound of log q(x)": [line["elbo"] for line in model.history_]}, ylabel="nats"),
        "bound",
        "The bound over passes (5343: the total is what to watch)",
    )


def figures_of_conditional(recipe: Recipe, models: list[ConditionalVAE], data, judge: Judge) -> None:
    """Claims of the conditional VAE of post 5253."""
    asked = torch.arange(DRAWN) % 10
    agreed = [judge.accuracy(model.sample(DRAWN, asked, seed=0), asked) for model in models]
    recipe.claim("CVAE: drawn digits that the judge takes for the asked class", agreed, "≥ 0.9")
    recipe.claim("the judge itself, on test", judge.accuracy(data[2], data[3]))
    recipe.claim("CVAE: mean squared error on test", [error(model, data[2]) for model in models])
    sheet = models[0].sample(100, torch.arange(10).repeat_interleave(10), seed=0)
    recipe.picture(image_grid(sheet, columns=10), "conditional", "A row for each class that was asked for")
