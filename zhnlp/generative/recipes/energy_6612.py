"""Energy-based models by Langevin sampling: a known mixture, two moons with a quadrature, digits in-painted.

    zhnlp generative run 6612 --out workdir/generative/6612
    zhnlp generative run 6612 --quick --seeds 1                  # to try it

Claim: the gradient of -log q is that of the energy at data less that at samples, and noisy descent of the energy draws samples, so a
network that gives one number is a generative model.
Minutes: 4, all seeds on one core.

The sampler alone, on a mixture whose mean and covariance are known.  Two moons (standardised, noise .05): 1,500 steps on batches of
256, 20 Langevin steps each from a buffer of 5,000 chains, then the exact density by quadrature and 1,000 chains from uniform noise;
beside it denoising score matching, which needs no samples, a normal fit and a kernel density estimate.  Digits of scikit-learn: an
energy of 8 × 8 pixels that fills in the lower half of test digits, and that says which images are none.

Source: 苏剑林, https://kexue.fm/archives/6612; Du and Mordatch 2019, arXiv 1903.08689
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KernelDensity
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from zhnlp.generative.datasets import digits, moons
from zhnlp.generative.energy import EBM, Langevin, plot_chains, plot_energy
from zhnlp.generative.measures import Judge, wasserstein_exact
from zhnlp.generative.plots import image_grid, scatter
from zhnlp.generative.recipes.recipe import Recipe, parser

BATCH, STEPS = 256, 1500
SIGMA = 0.1
DIGIT_SAMPLER = Langevin(steps=30, step_size=0.1, noise_scale=0.02, low=0.0, high=1.0)
DIGIT_EPOCHS = 60


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Sample, train, measure, draw."""
    options = parser(__doc__).parse_args(argv)
    torch.set_num_threads(1)
    recipe = Recipe(__doc__, options)
    mixture(recipe, options.seeds, options.quick)
    plane(recipe, options.seeds, options.quick)
    images(recipe, options.seeds, options.quick)
    return recipe.finish()


# the sampler alone ----------------------------------------------------------------------------------------------


def mixture(recipe: Recipe, seeds: int, quick: bool) -> None:
    """Errors of mean and covariance of 5,000 chains on three normals."""
    means = torch.tensor([[-0.8, 0.0], [0.7, 0.5], [0.2, -0.9]])
    scales = torch.tensor([[0.5, 0.3], [0.3, 0.5], [0.4, 0.4]])
    weights = torch.tensor([0.5, 0.3, 0.2])
    known = MixtureSameFamily(
        Categorical(weights), MultivariateNormal(means, torch.diag_embed(scales.square()))
    )
    centred = means - known.mean
    within, between = torch.diag_embed(scales.square()), centred[:, :, None] * centred[:, None]
    covariance = (weights[:, None, None] * (within + between)).sum(0)
    sampler, errors = Langevin(steps=200 if quick else 1500, step_size=0.02), []
    for seed in range(seeds):
        torch.manual_seed(seed)
        x = sampler(lambda x: -known.log_prob(x), 4 * torch.rand(5000, 2) - 2)
        errors.append(
            [(x.mean(0) - known.mean).abs().max().item(), (x.T.cov() - covariance).abs().max().item()]
        )
    recipe.claim(
        "a known mixture, 5,000 chains: worst error of the mean", [each[0] for each in errors], "< 0.05"
    )
    recipe.claim(
        "a known mixture, 5,000 chains: worst error of the covariance", [each[1] for each in errors], "< 0.05"
    )


# two moons ------------------------------------------------------------------------------------------------------


def plane(recipe: Recipe, seeds: int, quick: bool) -> None:
    """NLL by quadrature and exact W₁ of samples, by contrastive Langevin and by score matching."""
    points, _ = moons(5000)
    train, test = points[:4000], points[4000:]
    epochs = (40 if quick else STEPS) * BATCH / len(train)
    figures: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, objective in (("Langevin", "langevin"), ("score matching", "score")):
            torch.manual_seed(seed)
            ebm = EBM((2,), sampler=Langevin(20, 0.01), low=-2.0, high=2.0, objective=objective, sigma=SIGMA)
            ebm.fit(train, epochs=epochs, batch_size=BATCH, betas=(0.0, 0.999), seed=seed, progress=False)
            grid, samples = ebm.log_prob_grid(), ebm.sample(1000, seed=seed)
            found = {
                "NLL": -ebm.log_prob(test, grid=grid).mean().item(),
                "W₁": wasserstein_exact(samples, test),
            }
            for what, figure in found.items():
                figures.setdefault(f"{name}: {what}", []).append(figure)
            print(f"seed {seed}, {name}: {found}", file=sys.stderr, flush=True)
            if seed == 0:
                draw_plane(recipe, name, ebm, grid, samples, train)
    normal = MultivariateNormal(train.mean(0), train.T.cov())
    kernel = KernelDensity(bandwidth=0.1).fit(train)
    torch.manual_seed(0)
    recipe.claim("two moons, Langevin: NLL by quadrature, nats", figures["Langevin: NLL"], "< 1.9")
    recipe.claim("two moons, Langevin: exact W₁ of 1,000 samples", figures["Langevin: W₁"], "< 0.25")
    recipe.claim("two moons, score matching: NLL by quadrature, nats", figures["score matching: NLL"])
    recipe.claim("two moons, score matching: exact W₁ of 1,000 samples", figures["score matching: W₁"])
    recipe.claim("two moons, normal fit: NLL, nats", -normal.log_prob(test).mean().item())
    recipe.claim("two moons, kernel density (h = .1): NLL, nats", -kernel.score_samples(test).mean())
    recipe.claim("two moons, 1,000 training points: W₁, the floor", wasserstein_exact(train[:1000], test))
    recipe.claim("two moons, normal fit: W₁", wasserstein_exact(normal.sample((1000,)), test))


def draw_plane(recipe: Recipe, name: str, ebm: EBM, grid, samples: Tensor, train: Tensor) -> None:
    """The energy map with samples and with chains; the buffer."""
    file = name.replace(" ", "_").lower()
    figure = plot_energy(grid, samples=samples[:500], title=f"two moons by {name}: −log density, 500 samples")
    recipe.picture(figure, f"{file}_energy", f"Energy map of two moons by {name}, with samples")
    chains = ebm.chains(25, seed=0, steps=200, every=4)
    figure = plot_chains(grid, chains, title="25 chains from uniform noise (○) to step 200 (×)")
    recipe.picture(figure, f"{file}_chains", "Langevin chains from uniform noise")
    if name == "Langevin":
        figure = scatter(
            ebm.buffer.chains[:2000], background=train, title="buffer after training; data in grey"
        )
        recipe.picture(figure, "buffer", "2,000 chains of the replay buffer, and the data in grey")


# digits ---------------------------------------------------------------------------------------------------------


def images(recipe: Recipe, seeds: int, quick: bool) -> None:
    """In-painting of the lower half judged by class, and strangers told by their energy."""
    x, y, x_test, y_test = digits()
    judge = Judge().fit(x, y)
    mask = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    mask[..., :5, :] = True
    right, errors, told = [], [], {}
    for seed in range(seeds):
        ebm = digit_energy(x, seed, quick)
        full = ebm.restore(x_test, mask, seed=seed, steps=50 if quick else 500)
        right.append(judge.accuracy(full, y_test))
        errors.append((full - x_test)[..., 5:, :].square().mean().item())
        for name, strangers in others(x_test, seed).items():
            scores = torch.cat([ebm.ood_score(x_test), ebm.ood_score(strangers)])
            labels = [0] * len(x_test) + [1] * len(strangers)
            told.setdefault(name, []).append(roc_auc_score(labels, scores))
        print(f"seed {seed}, digits: {right[-1]:.3f} {errors[-1]:.4f} {told}", file=sys.stderr, flush=True)
        if seed == 0:
            draw_digits(recipe, ebm, x_test, mask, full)
    mean = torch.where(mask, x_test, x.mean(0))
    recipe.claim("digits, lower 3 of 8 rows in-painted: class kept", right)
    recipe.claim("… filled with the mean of training digits: class kept", judge.accuracy(mean, y_test))
    recipe.claim("… as they were: class kept", judge.accuracy(x_test, y_test))
    recipe.claim("digits, in-painted rows: mean squared error of a draw", errors)
    recipe.claim(
        "… filled with the mean: mean squared error", (mean - x_test)[..., 5:, :].square().mean().item()
    )
    for name, figure in told.items():
        recipe.claim(f"energy tells digits from {name}: AUROC", figure)


def digit_energy(x: Tensor, seed: int, quick: bool) -> EBM:
    """An energy of digits, trained."""
    torch.manual_seed(seed)
    ebm = EBM((1, 8, 8), hidden=256, sampler=DIGIT_SAMPLER, buffer_size=1000, low=0.0, high=1.0)
    epochs = 2 if quick else DIGIT_EPOCHS
    return ebm.fit(
        x, epochs=epochs, batch_size=128, learning_rate=1e-3, betas=(0.0, 0.999), seed=seed, progress=False
    )


def others(x: Tensor, seed: int) -> dict[str, Tensor]:
    """Images that are no digits."""
    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(64, generator=random)
    return {
        "uniform noise": torch.rand(x.shape, generator=random),
        "digits with shuffled pixels": x.flatten(1)[:, order].view_as(x),
        "digits upside down": x.flip(2),
        "means of two digits": (x + x.roll(1, 0)) / 2,
    }


def draw_digits(recipe: Recipe, ebm: EBM, x_test: Tensor, mask: Tensor, full: Tensor) -> None:
    """Samples; originals, what is left of them, and draws of the rest."""
    recipe.picture(
        image_grid(ebm.sample(64, seed=0, start="buffer", steps=100), title="samples (buffer + 100 steps)"),
        "digit_samples",
        "64 samples of the energy of digits",
    )
    draws = [full[:12], *(ebm.restore(x_test[:12], mask, seed=seed, steps=500) for seed in (11, 12))]
    rows = torch.cat([x_test[:12], torch.where(mask, x_test[:12], torch.full_like(x_test[:12], 0.5)), *draws])
    recipe.picture(
        image_grid(rows, columns=12, title="digits, what is known, three draws of the rest"),
        "in_painting",
        "Test digits, the five rows that are known, three draws of the other three",
    )
