"""The regulariser that GANs lack, and the models that share its derivation: AAE and BiGAN.

    zhnlp generative run 5716 --out workdir/generative/5716
    zhnlp generative run 5716 --quick --seeds 1                  # to try it

Claim: a generator that minimises exactly puts all mass where the critic is best pleased; pulled towards the generator before its last
update, it keeps its modes.
Minutes: 12, all seeds on one core.

A GAN on a ring of 8 Gaussians whose generator learns 5 times too fast collapses; with the regulariser it does not.  An AAE on
the digits of scikit-learn makes its codes normal; a BiGAN on two moons learns an inverse of its generator.

Source: 苏剑林, https://kexue.fm/archives/5716
"""

from __future__ import annotations

import torch
from scipy.stats import kstest
from torch import Tensor

from zhnlp.generative import plots
from zhnlp.generative.adversarial import Part
from zhnlp.generative.datasets import digits, moons, ring, ring_centres
from zhnlp.generative.gan import AAE, GAN, BiGAN, ProximalRegularizer
from zhnlp.generative.measures import mode_report, wasserstein_exact
from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.training.seeds import own_randomness

QUICK, COLLAPSE_STEPS, MATCHED_STEPS, AAE_STEPS, BIGAN_STEPS = 60, 1500, 2500, 1500, 1500
ARMS = {
    "none": lambda: [],
    "previous, λ 1": lambda: [ProximalRegularizer(1.0)],
    "slow average, λ 1": lambda: [ProximalRegularizer(1.0, "ema", decay=0.9)],
    "copy every 10 steps, λ 1": lambda: [ProximalRegularizer(1.0, "every_n", every=10)],
}


class ModeWatch(Part):
    """Modes that are alive among 1,000 samples, every ``every`` steps of the generator."""

    def __init__(self, every: int = 25):
        self.every, self.steps = every, 0
        self.modes: list[float] = []

    def after_step(self, model):
        self.steps += 1
        if self.steps % self.every == 0:
            self.modes.append(mode_report(model.sample(1000, seed=0), ring_centres())["modes"])


def main(argv: list[str] | None = None) -> list[dict]:
    """Train, draw, print."""
    options = parser(__doc__).parse_args(argv)
    torch.set_num_threads(1)
    recipe = Recipe(__doc__, options)
    collapse(recipe)
    matched_rates(recipe)
    autoencoder(recipe)
    pairs(recipe)
    return recipe.finish()


def ring_gan(seed: int) -> GAN:
    """A non-saturating GAN of two layers of 128, noise of 2 dimensions."""
    with own_randomness(seed):
        return GAN((2,), latent=2)


def collapse(recipe: Recipe) -> None:
    """The generator learns at 5e-3, the critic at 1e-3."""
    steps = QUICK if recipe.quick else COLLAPSE_STEPS
    curves, drawn = {}, {}
    for arm, parts in ARMS.items():
        alive = []
        for seed in range(recipe.seeds if arm in ("none", "previous, λ 1") else 1):
            watch = ModeWatch()
            model = ring_gan(seed)
            model.fit(
                ring,
                steps=steps,
                batch_size=256,
                critic_rate=1e-3,
                generator_rate=5e-3,
                parts=[*parts(), watch],
                seed=seed,
            )
            last = watch.modes[-len(watch.modes) // 3 :]
            alive.append(sum(last) / len(last))
            curves.setdefault(arm, watch.modes)
            drawn.setdefault(arm, model.sample(1000, seed=1))
        worst = max(alive) if arm == "none" else min(alive)
        bar = "≤ 3" if arm == "none" else "≥ 7.5"
        recipe.claim(f"ring, generator 5 times too fast, {arm}: modes alive of 8, last third", alive, bar)
        if len(alive) > 1:
            recipe.claim(f"{arm}: the same, worst seed", worst, bar)
    x = [25 * (number + 1) for number in range(len(curves["none"]))]
    recipe.picture(
        plots.curves(curves, x=x, xlabel="step", ylabel="modes alive of 8", title="seed 0"),
        "collapse",
        "Modes alive while a GAN with a generator 5 times too fast learns a ring of 8 Gaussians.",
    )
    recipe.picture(
        side_by_side(drawn, ring(1000, torch.Generator().manual_seed(0))),
        "collapse_samples",
        "1,000 samples at the end, over the data in grey.",
    )


def matched_rates(recipe: Recipe) -> None:
    """At 1e-3 for both the term brings nothing, as it should be said."""
    steps, n = (QUICK, 300) if recipe.quick else (MATCHED_STEPS, 2000)
    real, floor = (ring(n, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    recipe.claim(
        f"ring, W₁ of {n:,} real points against {n:,} others: the floor", wasserstein_exact(real, floor)
    )
    for arm in ("none", "previous, λ 1"):
        reports, distances = [], []
        for seed in range(recipe.seeds):
            model = ring_gan(seed)
            model.fit(ring, steps=steps, batch_size=256, parts=ARMS[arm](), seed=seed)
            samples = model.sample(n, seed=0)
            reports.append(mode_report(samples, ring_centres()))
            distances.append(wasserstein_exact(real, samples))
        name = f"ring, matched rates, {arm}"
        recipe.claim(f"{name}: modes alive of 8", [report["modes"] for report in reports], "≥ 7.5")
        recipe.claim(f"{name}: share of samples within .2 of a mode", [report["near"] for report in reports])
        recipe.claim(f"{name}: W₁ to {n:,} real points", distances)


def autoencoder(recipe: Recipe) -> None:
    """Codes of test digits against N(0, 1), and how well they are read back."""
    x, y, x_test, y_test = digits()
    statistics, errors = [], []
    for seed in range(recipe.seeds):
        model = digits_aae(x, seed, steps=QUICK if recipe.quick else AAE_STEPS)
        with torch.no_grad():
            codes = model.encode(torch.cat([x, x_test]))
            restored = model.decode(model.encode(x_test))
        statistics.append(max(kstest(column, "norm").statistic for column in codes.T.numpy()))
        errors.append((x_test - restored).square().mean().item())
        if seed == 0:
            pairs_ = torch.stack([x_test[:32], restored[:32]], 1).flatten(0, 1)
            recipe.picture(
                plots.image_grid(pairs_, columns=16),
                "aae_restored",
                "AAE: test digits, each beside what is read back.",
            )
            recipe.picture(plots.image_grid(model.sample(64, seed=0)), "aae_samples", "AAE: decoded noise.")
            recipe.picture(
                plots.scatter(
                    codes[:, :2], labels=torch.cat([y, y_test]), title="two dimensions of the codes"
                ),
                "aae_codes",
                "AAE: codes of the digits, a colour for each class.",
            )
    recipe.claim(
        "AAE on digits: Kolmogorov–Smirnov to N(0, 1), worst of the dimensions", statistics, "< 0.08"
    )
    recipe.claim("AAE on digits: squared error of test digits, mean over pixels", errors, "< 0.03")


def digits_aae(x: Tensor, seed: int, *, steps: int) -> AAE:
    """Trained on digits (N, 1, 8, 8)."""
    with own_randomness(seed):
        model = AAE((1, 8, 8), latent=6, weight=0.5, output="sigmoid", hidden=[256, 256])
    return model.fit(
        x, steps=steps, batch_size=128, critic_rate=1e-3, generator_rate=1e-3, ema=0.995, seed=seed
    )


def pairs(recipe: Recipe) -> None:
    """‖x − G(E(x))‖ on two moons, under each loss."""
    x, _ = moons(2000)
    steps = QUICK if recipe.quick else BIGAN_STEPS
    drawn = {}
    for loss, bar in {"flipped": "< 0.35", "symmetric-log": "", "min-max": ""}.items():
        distances, samples = [], []
        for seed in range(recipe.seeds if bar else 1):
            with own_randomness(seed):
                model = BiGAN((2,), latent=2, loss=loss)
            model.fit(x, steps=steps, batch_size=256, ema=0.995, seed=seed)
            with torch.no_grad():
                restored = model.decode(model.encode(x))
            distances.append((x - restored).norm(dim=1).mean().item())
            samples.append(wasserstein_exact(x, model.sample(2000, seed=0)))
            drawn.setdefault(loss, restored)
            drawn.setdefault(f"{loss}: samples", model.sample(1000, seed=0))
        recipe.claim(f"BiGAN on two moons, {loss}: mean ‖x − G(E(x))‖", distances, bar)
        recipe.claim(f"BiGAN on two moons, {loss}: W₁ of 2,000 samples", samples)
    recipe.picture(
        side_by_side(drawn, x), "bigan", "BiGAN: x read back by G(E(x)), and samples, over the data in grey."
    )


def side_by_side(drawn: dict[str, Tensor], background: Tensor):
    """Scattered points in rows of two."""
    rows = -(-len(drawn) // 2)
    figure, axes = plots.new_figure(7, 3.4 * rows, rows, 2)
    for (name, points), ax in zip(drawn.items(), axes.flat):
        plots.scatter(points, background=background, title=name, axes=ax)
    return figure
