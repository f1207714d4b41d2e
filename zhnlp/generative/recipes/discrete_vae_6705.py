"""A VAE with categorical latents on digits, by Gumbel softmax.

    zhnlp generative run discrete_vae_6705 --out workdir/generative/discrete_vae_6705
    zhnlp generative run discrete_vae_6705 --quick --seeds 1                  # to try it

Claim: a soft one-hot draw lets gradients through to an encoder of classes, so a VAE can have discrete latents.
Minutes: 1, all seeds on one core.

32 variables of 10 classes.  Codes of test digits are the likeliest classes; samples have classes drawn evenly.

Source: 苏剑林, https://kexue.fm/archives/6705
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from zhnlp.generative.datasets import digits
from zhnlp.generative.measures import Judge
from zhnlp.generative.plots import curves, image_grid
from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.vae import DiscreteVAE
from zhnlp.generative.vae.latent_pictures import plot_kl, side_by_side


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Train, measure, draw."""
    recipe = Recipe(__doc__, parser(__doc__).parse_args(argv))
    x, y, x_test, _ = digits()
    models = []
    for seed in range(recipe.seeds):
        torch.manual_seed(seed)
        model = DiscreteVAE(x.shape[1:], 32, 10, **SETTINGS)
        training = {"epochs": 4 if recipe.quick else 100, "learning_rate": 2e-3, "seed": seed}
        models.append(model.fit(x, progress=False, **training))

    errors = [(model.decode(model.encode(x_test)) - x_test).square().mean().item() for model in models]
    recipe.claim("mean squared error on test", errors, "< 0.03")
    recipe.claim("share of variables that are active", [model.active(x_test) for model in models], "≥ 0.8")
    recipe.claim("KL of a variable, nats of 2.30", [model.kl(x_test).mean().item() for model in models])
    recipe.claim("bound of log q(x) on test, nats", [model.bound(x_test).mean().item() for model in models])
    recipe.claim("temperature at the end", [model.temperature for model in models])
    judge = Judge().fit(x, y)
    drawn = [model.sample(1000, seed=0) for model in models]
    recipe.claim("entropy of classes drawn, nats (of 2.30)", [judge.class_entropy(one) for one in drawn])

    first = models[0]
    recipe.picture(image_grid(first.sample(225, seed=0), columns=15), "samples", "Classes drawn evenly")
    pairs = side_by_side(x_test[:40], first.decode(first.encode(x_test[:40])))
    recipe.picture(
        image_grid(pairs, columns=10), "reconstructions", "Test digits, each beside its reconstruction"
    )
    recipe.picture(plot_kl(first.kl(x_test)), "kl", "KL of each variable")
    falling = [line["temperature"] for line in first.history_]
    recipe.picture(curves({"τ": falling}, ylabel="temperature"), "temperature", "τ over passes")
    return recipe.finish()


SETTINGS = {"likelihood": "gaussian", "sigma": 0.15, "final_temperature": 0.3, "cooling": 0.998}
