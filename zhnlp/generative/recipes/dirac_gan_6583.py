"""Does GAN training converge?  The Dirac GAN: orbits, eigenvalues, penalties, averages.

    zhnlp generative run 6583 --out workdir/generative/6583
    zhnlp generative run 6583 --quick --seeds 1                  # to try it

Claim: a proper divergence does not make a GAN converge.  Around the equilibrium the unconstrained WGAN turns in an orbit for ever;
the vanilla GAN and GAN-QP come nearer, but far more slowly than exponentially; a one-centred gradient penalty ends in a limit
cycle.  A zero-centred penalty or L2 on the critic makes all eigenvalues' real parts negative, and averaging the generator's
weights helps without either.
Minutes: 1, all seeds on one core.

Nothing here is random: more ``--seeds`` change nothing.

Source: 苏剑林, https://kexue.fm/archives/6583
"""

from __future__ import annotations

import cmath

import matplotlib.pyplot as plt
import numpy as np
import torch

from zhnlp.generative.recipes.recipe import Recipe, parser
from zhnlp.generative.theory.dirac_gan import (
    DiracGAN,
    animate,
    plot_eigenvalues,
    plot_radius,
    plot_trajectory,
    plot_vector_field,
)
from zhnlp.generative.theory.dirac_gan.losses import NAMES

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.9, 1.0, 1.5, 3.0)
CASES = {  # label: GAN, T
    "vanilla": (DiracGAN("vanilla"), 100),
    "WGAN": (DiracGAN("wgan"), 10),
    "WGAN, slope 1": (DiracGAN("wgan-normalised"), 10),
    "penalty, c = 1": (DiracGAN("wgan", "gp(1)"), 40),
    "penalty, c = 0": (DiracGAN("wgan", "gp(0)"), 40),
    "GAN-QP": (DiracGAN("qp"), 40),
    "GAN-QP + 0.1 L2": (DiracGAN("qp", "l2", weight=0.1), 70),
}


def main(argv: list[str] | None = None) -> list[dict]:
    """Measure, draw, write."""
    plt.switch_backend("agg")
    recipe = Recipe(__doc__, options := parser(__doc__, seeds=1).parse_args(argv))
    torch.set_num_threads(1)
    lr = 0.05 if options.quick else 0.01
    paths = {label: gan.trajectory(T, lr=lr) for label, (gan, T) in CASES.items()}
    orbits(recipe, paths)
    averages(recipe)
    theory(recipe)
    draw(recipe, paths, options.quick)
    return recipe.finish()


def orbits(recipe: Recipe, paths: dict) -> None:
    """The distance of θ from the data over the last tenth of the time."""
    bars = {
        "vanilla": ("0.134 ± 0.001", "0.222 ± 0.001"),
        "WGAN": ("0.1 – 0.3", "0.1 – 0.3"),
        "WGAN, slope 1": ("> 0.05", ""),
        "penalty, c = 1": ("0.998 – 1.002", "0.998 – 1.002"),
        "penalty, c = 0": ("", "< 1e-4"),
        "GAN-QP": ("", "0.17 ± 0.01"),
        "GAN-QP + 0.1 L2": ("0.005 – 0.008", "0.005 – 0.008"),
    }
    for label, path in paths.items():
        for word, radius, bar in zip(("least", "greatest"), path.radius_range(), bars[label]):
            if bar:
                T = CASES[label][1]
                recipe.claim(f"{label}, T = {T}: {word} distance from the data, last tenth", radius, bar)
    radius = paths["WGAN"].radius_range(1.0)
    recipe.claim("WGAN: least distance on the orbit", radius[0], "0.1 ± 0.001")
    recipe.claim("WGAN: greatest distance on the orbit", radius[1], "0.3 ± 0.001")


def averages(recipe: Recipe) -> None:
    """The moving average of θ, and discrete steps."""
    path = DiracGAN("vanilla").trajectory(200, ema_decay=0.999)
    recipe.claim(
        "vanilla, T = 200: moving average of θ, decay 0.999", path.average_radius[-1].item(), "≤ 0.04"
    )
    recipe.claim("vanilla, T = 200: θ itself, greatest, last tenth", path.radius_range()[1], "0.197 ± 0.002")
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 5), layout="constrained")
    plot_trajectory({"θ": path}, average=True, ax=axes[0])
    axes[1].plot(path.times, path.radius, label="θ", linewidth=0.8, color="#0072B2")
    axes[1].plot(path.times, path.average_radius, label="moving average of θ", color="black")
    axes[1].set(xlabel="time", ylabel="distance from the data")
    axes[1].legend()
    recipe.picture(figure, "average", "The average of an orbit around the optimum comes near the optimum")
    grown = DiracGAN("wgan").trajectory(100, "simultaneous", lr=0.1)
    stayed = DiracGAN("wgan").trajectory(100, "alternating", lr=0.1)
    for label, steps, bar in (("simultaneous", grown, "> 10"), ("alternating", stayed, "< 1.2")):
        energy = steps.critic.square().sum(-1) + steps.generator.square().sum(-1)
        factor = (energy[-1] / energy[0]).item()
        recipe.claim(f"WGAN, 1000 {label} steps of 0.1: growth of ‖φ‖² + ‖θ‖²", factor, bar)


def theory(recipe: Recipe) -> None:
    """Eigenvalues, and closed-form fields against autograd."""
    worst = 0.0
    for weight in WEIGHTS:
        root = cmath.sqrt(weight**2 - 1)
        for value in DiracGAN("wgan", "gp(0)", weight=weight).eigenvalues().tolist():
            worst = max(worst, min(abs(value - (-weight + sign * root)) for sign in (1, -1)))
    recipe.claim(
        "zero-centred penalty: eigenvalues against −λ ± √(λ² − 1), largest difference", worst, "< 1e-6"
    )
    phi, theta = 0.7 * torch.randn(2, 500, 2, generator=torch.Generator().manual_seed(0)).double()
    worst = max(
        torch.dist(ours, oracle, p=float("inf")).item()
        for loss in NAMES
        for ours, oracle in zip(DiracGAN(loss).field(phi, theta), gradients(DiracGAN(loss), phi, theta))
    )
    recipe.claim(f"fields of {len(NAMES)} losses against autograd, largest difference", worst, "< 1e-9")
    wrong = -theta - (phi * theta).sum(-1, keepdim=True) * theta / phi.norm(dim=-1, keepdim=True)
    distance = (wrong - gradients(DiracGAN("qp"), phi, theta)[0]).norm(dim=-1).median().item()
    recipe.claim(
        "GAN-QP field of the published script (norm of φ): distance from the gradient, median", distance
    )


def gradients(gan: DiracGAN, phi: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """dφ/dt and dθ/dt as autograd has them."""
    phi, theta = phi.clone().requires_grad_(), theta.clone().requires_grad_()
    critic = torch.autograd.grad(gan.critic_objective(phi, theta).sum(), phi)[0]
    return critic, -torch.autograd.grad(gan.generator_objective(phi, theta).sum(), theta)[0]


def draw(recipe: Recipe, paths: dict, quick: bool) -> None:
    """Orbits, distances, fields, eigenvalues, and the animation."""
    figure, axes = plt.subplots(2, 4, figsize=(16, 8), layout="constrained")
    for ax, (label, path) in zip(axes.flat, paths.items()):
        plot_trajectory({label: path}, ax=ax)
        ax.set_title(f"{label}, T = {CASES[label][1]}", fontsize=11)
        ax.get_legend().remove()
    axes.flat[-1].axis("off")
    axes.flat[-1].text(0.05, 0.5, "black: the start of θ\nred: the data", fontsize=12)
    recipe.picture(figure, "orbits", "Generators from one start: only two of the seven arrive")
    together = {label: CASES[label][0].trajectory(60, lr=0.1) for label in CASES if label != "WGAN, slope 1"}
    ax = plot_radius(together)
    ax.legend(fontsize=8, loc="lower left")
    recipe.picture(ax.figure, "distance", "Distance from the data: exponential decay needs a penalty")
    figure, axes = plt.subplots(2, 3, figsize=(16, 9.6), layout="constrained")
    for ax, (name, options) in zip(axes.flat, FIELDS.items()):
        gan = DiracGAN(dim=1, **options)
        plot_vector_field(gan, trajectory=gan.trajectory(30, lr=0.02, start=[0.3, 0.9]), ax=ax)
        ax.set_title(name, fontsize=11)
    recipe.picture(figure, "fields", "Fields of one coordinate, with a path from the black dot")
    ax = plot_eigenvalues(np.linspace(0, 3, 301))
    ax.set_title("Zero-centred penalty: best damping at λ = 1", fontsize=11)
    recipe.picture(ax.figure, "eigenvalues", "Eigenvalues −λ ± √(λ² − 1) at the equilibrium")
    moving = {label: together[label] for label in ("vanilla", "penalty, c = 1", "penalty, c = 0")}
    animate(moving, recipe.out / "orbits.gif", frames=10 if quick else 90)
    recipe.pictures.append({"file": "orbits.gif", "caption": "θ (dot) and φ (arrow) in motion"})


FIELDS = {
    "vanilla": {"loss": "vanilla"},
    "WGAN": {"loss": "wgan"},
    "WGAN, penalty, c = 1": {"loss": "wgan", "reg": "gp(1)"},
    "WGAN, penalty, c = 0": {"loss": "wgan", "reg": "gp(0)"},
    "LSGAN, labels ±1": {"loss": "lsgan"},
    "GAN-QP": {"loss": "qp"},
}
