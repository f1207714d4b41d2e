"""VQ-VAE on digits: codes of 16 whole numbers, and a transformer that writes them.

    zhnlp generative run 6760 --out workdir/generative/6760
    zhnlp generative run 6760 --quick --seeds 1                  # to try it

Claim: rounding to a codebook with a straight-through gradient makes an autoencoder of whole numbers; an autoregressive prior
over the codes then draws digits, which evenly drawn codes do not.
Minutes: 6, all seeds on one core.

Grids of 4 × 4 codes of 32 kinds; the codebook as moving averages, by its gradient, and finite scalars instead of one.

Source: 苏剑林, https://kexue.fm/archives/6760
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from zhnlp.generative.datasets import digits
from zhnlp.generative.discrete import VQVAE
from zhnlp.generative.measures import Judge, frechet_distance
from zhnlp.generative.plots import curves, image_grid
from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.vae.latent_pictures import plot_kl, side_by_side

DRAWN, FEW = 500, 100  # samples; of a quick run
QUANTIZERS = {
    "moving averages": {"quantizer": "ema"},
    "gradient": {"quantizer": "gradient"},
    "gradient, dead codes left": {"quantizer": "gradient", "reset_dead": False},
    "finite scalars 4 × 4 × 2": {"quantizer": "fsq", "levels": [4, 4, 2]},
}


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Train, measure, draw."""
    recipe = Recipe(__doc__, parser(__doc__).parse_args(argv))
    x, _, x_test, _ = digits()
    x, valid = x[:-200], x[-200:]  # to choose the best pass of the prior by
    models = autoencoders(recipe, "moving averages", x, x_test, recipe.seeds, ("< 0.008", "> 20"))

    for seed, model in enumerate(models):
        training = {
            "epochs": 2 if recipe.quick else 40,
            "patience": 6,
            "batch_size": 64,
            "learning_rate": 2e-3,
            "seed": seed,
        }
        model.fit_prior(x, valid, weight_decay=0.01, progress=False, **training)
    nats = [model.code_report(x_test)["nats_per_code"] for model in models]
    flat = [unigram(model, x, x_test) for model in models]
    recipe.claim("prior: nats of a code on test", nats)
    recipe.claim("codes by their frequency alone", flat)
    recipe.claim("prior: nats below their frequency", [a - b for a, b in zip(flat, nats)], "≥ 0.6")
    n = FEW if recipe.quick else DRAWN
    drawn = [model.sample(n, seed=0) for model in models]
    judge = Judge().fit(*digits()[:2])
    recipe.claim(
        "samples: Fréchet distance on pixels", [frechet_distance(one, x_test) for one in drawn], "< 0.7"
    )
    even = torch.randint(32, (n, 4, 4), generator=torch.Generator().manual_seed(0))
    recipe.claim(
        "codes drawn evenly: the same", [frechet_distance(model.decode(even), x_test) for model in models]
    )
    recipe.claim("samples: entropy of classes, nats (of 2.30)", [judge.class_entropy(one) for one in drawn])
    pictures(recipe, models[0], x_test, even)
    for name in list(QUANTIZERS)[1:]:
        autoencoders(recipe, name, x, x_test, 1)
    return recipe.finish()


def autoencoders(recipe: Recipe, name: str, x, x_test, seeds: int, bars=("", "")) -> list[VQVAE]:
    """Models with the quantizer of that name, one for each seed, and what they reach."""
    made = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        model = VQVAE(x.shape[1:], codes=32, dim=16, **QUANTIZERS[name])
        made.append(model.fit(x, epochs=3 if recipe.quick else 150, seed=seed, progress=False))
    errors = [(model.decode(model.encode(x_test)) - x_test).square().mean().item() for model in made]
    reports = [model.code_report(x_test) for model in made]
    recipe.claim(f"{name}: mean squared error on test", errors, bars[0])
    recipe.claim(f"{name}: perplexity of 32", [report["perplexity"] for report in reports], bars[1])
    recipe.claim(f"{name}: codes that are used", [report["used"] for report in reports])
    return made


def unigram(model: VQVAE, x: torch.Tensor, x_test: torch.Tensor) -> float:
    """Nats of a test code by the frequencies of the training codes, each counted half more."""
    counts = torch.bincount(model.codes_of(x).flatten(), minlength=model.quantizer.size) + 0.5
    return -(counts / counts.sum()).log()[model.codes_of(x_test)].mean().item()


def pictures(recipe: Recipe, model: VQVAE, x_test: torch.Tensor, even: torch.Tensor) -> None:
    """Samples, reconstructions, use of the codes, lines between digits."""
    recipe.picture(image_grid(model.sample(100, seed=1), columns=10), "samples", "Written by the prior")
    recipe.picture(image_grid(model.decode(even[:100]), columns=10), "even", "Codes drawn evenly: no digits")
    pairs = side_by_side(x_test[:40], model.decode(model.encode(x_test[:40])))
    recipe.picture(
        image_grid(pairs, columns=10), "reconstructions", "Test digits, each beside its reconstruction"
    )
    walk = model.interpolate(x_test[:10], x_test[10:20], steps=10)
    recipe.picture(
        image_grid(walk.flatten(0, 1), columns=10), "interpolations", "Between features, rounded to codes"
    )
    shares = torch.bincount(model.codes_of(x_test).flatten(), minlength=model.quantizer.size) / (
        16 * len(x_test)
    )
    figure = plot_kl(shares)
    figure.axes[0].set(xlabel="code, by use", ylabel="share")
    recipe.picture(figure, "use", "How often each code is used")
    scored = [line["eval_loss"] / 16 for line in model.prior.history_ if "eval_loss" in line]
    recipe.picture(curves({"held-out": scored}, ylabel="nats of a code"), "prior", "The prior over passes")
