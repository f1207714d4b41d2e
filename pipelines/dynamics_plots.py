"""The plots of `optimizer_dynamics.py --plots`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from dynamics_experiments import race, sgd_at_rest, sgd_on_double_well
from torch.optim import SGD, Adam, RMSprop

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    Rosenbrock,
    damped_newton,
    from_friction,
    gradient_flow,
    langevin,
    plot_density,
    plot_losses,
    plot_phase,
    plot_trajectory,
    sgd_temperature,
    simulate,
    stationary_variance,
)
from zhnlp.generative.theory.dynamics.plots import COLOURS, MARKERS


def draw(folder: Path, seed: int) -> Iterator[Path]:
    """Five plots as PNG; yields their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in PLOTS.items():
        plot(seed).savefig(folder / f"{name}.png", dpi=150)
        plt.close("all")
        yield folder / f"{name}.png"


def rosenbrock(seed: int):
    """Four optimizers in the bent valley, each beside the flow."""
    loss, start = Rosenbrock(), [-1.2, 1.0]
    flow = gradient_flow(loss, start, 20.0, times=20 * torch.linspace(0, 1, 2001) ** 2)
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained", sharex=True, sharey=True)
    runs = {
        "gradient descent, lr 0.001": partial(SGD, lr=0.001),
        "momentum 0.9, lr 0.001": partial(SGD, lr=0.001, momentum=0.9),
        "RMSprop, lr 0.01": partial(RMSprop, lr=0.01),
        "Adam, lr 0.05": partial(Adam, lr=0.05),
    }
    for ax, (label, factory) in zip(axes.flat, runs.items()):
        path = simulate(factory, loss, start, 500)
        plot_trajectory(loss, {"gradient flow": flow, label: path}, limits=((-1.7, 1.5), (-0.6, 2.2)), ax=ax)
        ax.set_title(f"{label}: loss {path.losses[-1]:.2g} after 500 steps")
        ax.label_outer()
    return figure


def convergence(seed: int):
    """Iterations on the quadratic of condition 100."""
    paths = {}
    for method in ("gradient-descent", "heavy-ball", "nesterov"):
        path = race(method)
        paths[f"{method.replace('-', ' ')}: {path.iterations.item()} steps"] = path
    ax = plot_losses(paths)
    ax.set_title("Condition number 100, best parameters, until the error is 1e-6 of the first", fontsize=11)
    return ax.figure


def phase(seed: int):
    """Newton's law with friction, and SGD with momentum on its way there."""
    paths, h = {}, 0.05
    for friction in (0.25, 2.0):
        paths[f"friction {friction:g}, the ODE"] = damped_newton(
            DoubleWell(), [1.9], 12.0, friction=friction, times=torch.linspace(0, 12, 1201)
        )
        options = from_friction(friction, h)
        path = simulate(partial(SGD, **options), DoubleWell(), [1.9], 240)
        label = f"SGD, lr {options['lr']:.4g}, momentum {options['momentum']:.4g}"
        paths[label] = replace(path, times=path.times * h, velocities=path.velocities / h)
    ax = plot_phase(paths)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    ax.set_title("Momentum is Newton's law with friction: double well, from 1.9")
    return ax.figure


def noise(seed: int):
    """SGLD, Kramers and mini-batch SGD at one temperature."""
    points, temperature = sgd_on_double_well(seed)
    samples = {
        "SGLD": langevin(DoubleWell(), temperature, seed=seed).points,
        "Kramers equation": langevin(DoubleWell(), temperature, friction=1.0, seed=seed).points,
        "SGD, lr 0.02, batches of 2": points,
    }
    ax = plot_density(samples, DoubleWell(), temperature, limits=(-2.2, 2.2))
    ax.set_title(f"Three kinds of noise, one density: double well, T = {temperature:.2f}")
    return ax.figure


def minibatch(seed: int):
    """Temperature of SGD against lr / batch size."""
    figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
    ratios = np.geomspace(0.002, 1, 50)
    ax.plot(
        ratios,
        [sgd_temperature(ratio, 1.0, 1) for ratio in ratios],
        "k",
        label="SDE: lr · variance / (2 · batch)",
    )
    for number, batch_size in enumerate((1, 4, 16)):
        style = {"color": COLOURS[number], "markersize": 8}
        rates = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
        measured = [sgd_at_rest(lr, batch_size, 0.0, seed).var().item() for lr in rates]
        ax.plot(rates / batch_size, measured, MARKERS[number], label=f"SGD, batches of {batch_size}", **style)
        many = np.geomspace(0.03, 1, 50)
        exact = [stationary_variance(lr, 1.0, 1.0, batch_size) for lr in many]
        ax.plot(
            many / batch_size,
            exact,
            ":",
            color=COLOURS[number],
            label="exact, any lr" if number == 2 else None,
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="lr / batch size",
        ylabel="temperature: variance at rest × curvature",
    )
    ax.grid(color="0.9")
    ax.legend()
    ax.set_title("The temperature of SGD is lr over batch size, while lr is small")
    return figure


PLOTS = {
    "rosenbrock": rosenbrock,
    "convergence": convergence,
    "phase": phase,
    "noise": noise,
    "minibatch": minibatch,
}
