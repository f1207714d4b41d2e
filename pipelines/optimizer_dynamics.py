"""Optimizers as dynamical systems: every figure of posts 5655 and 6234, beside what is expected.

    python pipelines/optimizer_dynamics.py                             # the table; a minute
    python pipelines/optimizer_dynamics.py --plots workdir/dynamics    # and five plots (pip install "zhnlp[plot]")
    python pipelines/optimizer_dynamics.py --save                      # keep the table in benchmarks/results/

Gradient descent against its flow, momentum against Newton's law with friction, SGLD and mini-batch SGD against the
Gibbs density, Adam against the scale of the loss.  Everything is computed here, with ``--seed``; no data is read.

Source: https://kexue.fm/archives/5655, https://kexue.fm/archives/6234
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch.optim import SGD, Adam, RMSprop

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from dynamics_experiments import race, sgd_at_rest, sgd_on_double_well
from harness.report import Report, machine

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    Quadratic,
    Rosenbrock,
    TwoBasins,
    damped_newton,
    from_friction,
    gradient,
    gradient_flow,
    langevin,
    path_difference,
    sgd_temperature,
    simulate,
    stationary_variance,
    total_variation,
)

LIMITS = (-2.5, 2.5)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="write plots there")
    parser.add_argument("--seed", type=int, default=0, help="of all noise (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="keep lines and table in benchmarks/results/")
    options = parser.parse_args()
    if options.plots and not find_spec("matplotlib"):
        parser.error('--plots needs matplotlib, which is not installed: pip install "zhnlp[plot]"')
    torch.set_num_threads(1)
    began = time.process_time()
    report = Report(
        "optimizer_dynamics", {"figure": "figure", "post": "post", "expected": "expected", "ours": "ours"}
    )
    report.machine = machine() | {"versions": {name: version(name) for name in ("zhnlp", "torch", "scipy")}}
    for part in (iterations, flows, temperatures, minibatches, adaptive):
        for post, figure, expected, ours in part(options.seed):
            report.add(figure=figure, post=str(post), expected=expected, ours=ours, seed=options.seed)
    report.finish(options.save, f"Seed {options.seed}; {time.process_time() - began:.0f} CPU seconds.")
    if options.plots:
        from dynamics_plots import draw

        for path in draw(options.plots, options.seed):
            print(f"wrote {path}", file=sys.stderr)


def iterations(seed: int):
    """Steps to a relative error of 1e-6 with textbook-optimal parameters: 20 dimensions, condition number 100."""
    counts = {}
    for method, expected in {"gradient-descent": 634, "heavy-ball": 87, "nesterov": 143}.items():
        path = race(method)
        counts[method] = path.iterations.item()
        where = " (at torch's extrapolated points)" if method == "nesterov" else ""
        yield 5655, f"{method}, iterations{where}", str(expected), counts[method]
    yield 5655, "gradient descent / heavy ball", "≥ 6", counts["gradient-descent"] / counts["heavy-ball"]


def flows(seed: int):
    """Slopes of the error against the time step, in log-log."""
    loss, x0 = Rosenbrock(5.0), [-0.5, 0.4]
    end = gradient_flow(loss, x0, 0.25).final
    lengths = [2.0**-k for k in range(7, 12)]
    errors = [
        torch.dist(simulate(partial(SGD, lr=h), loss, x0, round(0.25 / h)).final, end).item() for h in lengths
    ]
    yield (
        5655,
        "gradient descent against its flow: slope of the error in h",
        "1.0 ± 0.1",
        slope(lengths, errors),
    )
    end = damped_newton(DoubleWell(), [0.3], 2.0, friction=1.0).final
    lengths = [2.0**-k for k in range(6, 11)]
    errors = []
    for h in lengths:
        path = simulate(partial(SGD, **from_friction(1.0, h)), DoubleWell(), [0.3], round(2 / h))
        errors.append(torch.dist(path.final, end).item())
    yield (
        5655,
        "momentum against Newton's law: slope of the error in h = √lr",
        "1.0 ± 0.1",
        slope(lengths, errors),
    )


def temperatures(seed: int):
    """Histograms of 100,000 samples against the Gibbs density."""
    for name, friction in {"SGLD": None, "Kramers equation": 1.0}.items():
        for temperature in (0.25, 0.5, 1.0):
            samples = langevin(DoubleWell(), temperature, friction=friction, seed=seed)
            distance = total_variation(samples.points, DoubleWell(), temperature, limits=LIMITS)
            yield (
                5655,
                f"{name}, double well, T = {temperature}: total variation from exp(−L/T)",
                "< 0.05",
                distance,
            )
    basins = TwoBasins((0.5, 0.25), distance=1.0)
    samples = langevin(
        basins, 1.0, [1.0], step=0.05, friction=1.0, steps=4000, burn_in=2000, thin=20, seed=seed
    )
    share = (samples.points < 0).double().mean().item()
    yield 5655, "wells equally low, 0.5 and 0.25 wide, at ∓1, T = 1: share left of 0", "0.652", share


def minibatches(seed: int):
    """SGD itself, on mini-batches: its spread at rest, read as a temperature."""
    for lr, batch_size, momentum in BATCHES:
        ours = sgd_at_rest(lr, batch_size, momentum, seed).var().item()
        temperature = sgd_temperature(lr, 1.0, batch_size, momentum)
        exact = stationary_variance(lr, 1.0, 1.0, batch_size, momentum)
        label = f"SGD, lr {lr}, batch {batch_size}" + (f", momentum {momentum}" if momentum else "")
        yield 5655, f"{label}: temperature", f"{temperature:.4f} (SDE), {exact:.4f} (exact)", f"{ours:.4f}"
    points, temperature = sgd_on_double_well(seed)
    distance = total_variation(points, DoubleWell(), temperature, limits=LIMITS)
    yield 5655, f"SGD on batches, double well, T = {temperature:.2f}: total variation", "< 0.05", distance


BATCHES = [
    (0.05, 1, 0.0),
    (0.1, 1, 0.0),
    (0.1, 4, 0.0),
    (0.2, 8, 0.0),
    (0.4, 1, 0.0),
    (0.4, 8, 0.0),
    (0.02, 4, 0.9),
]


def adaptive(seed: int):
    """RMSprop and Adam: references, scale, and the badly scaled quadratic."""
    random = torch.Generator().manual_seed(seed)
    matrix, target = (torch.randn(20, n, generator=random, dtype=torch.float64) for n in (6, 1))

    def loss(x):
        return (x @ matrix.mT - target.T).square().mean(-1).squeeze() + torch.cos(3 * x).sum(-1)

    x0 = torch.randn(6, generator=random, dtype=torch.float64)
    for optimizer, own in {RMSprop: own_rmsprop, Adam: own_adam}.items():
        difference = (simulate(optimizer, loss, x0, 100).final - own(loss, x0, 100)).abs().max().item()
        yield (
            6234,
            f"{optimizer.__name__} against ten lines, 100 steps: largest difference",
            "< 1e-6",
            difference,
        )
    bend = Rosenbrock()
    adam = [simulate(partial(Adam, lr=0.01), lambda x, c=c: c * bend(x), [-0.5, 0.4], 500) for c in (1, 1000)]
    yield 6234, "loss × 1000: change of Adam's path", "< 0.01", path_difference(adam[1], adam[0])
    sgd = [simulate(partial(SGD, lr=1e-7), lambda x, c=c: c * bend(x), [-0.5, 0.4], 1) for c in (1, 1000)]
    yield (
        6234,
        "loss × 1000: SGD's step",
        "× 1000",
        (sgd[1].velocities[1].norm() / sgd[0].velocities[1].norm()).item(),
    )
    steep = Quadratic([1.0, 1e4])
    below = simulate(partial(Adam, lr=0.05), steep, [1.0, 1.0], 2000).losses
    yield 6234, "curvatures 1 and 1e4, Adam, lr 0.05: loss after 2,000 steps", "< 1e-3", below[-1].item()
    yield 6234, "the same: first step with a loss below 1e-3", "≤ 2,000", int((below < 1e-3).nonzero()[0])
    stable = simulate(partial(SGD, lr=1.999e-4), steep, [1.0, 1.0], 2000).losses
    yield 6234, "the same, SGD at its largest stable lr, 2e-4", "> 1e-3", stable[-1].item()


def own_rmsprop(loss, x, steps, lr=0.01, alpha=0.99, eps=1e-8):
    """RMSprop as torch has it: eps outside the root."""
    mean_square = torch.zeros_like(x)
    for _ in range(steps):
        slope = gradient(loss, x)
        mean_square = alpha * mean_square + (1 - alpha) * slope**2
        x = x - lr * slope / (mean_square.sqrt() + eps)
    return x


def own_adam(loss, x, steps, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam with bias correction."""
    m = v = torch.zeros_like(x)
    for t in range(1, steps + 1):
        slope = gradient(loss, x)
        m, v = beta1 * m + (1 - beta1) * slope, beta2 * v + (1 - beta2) * slope**2
        x = x - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return x


def slope(lengths: list[float], errors: list[float]) -> float:
    """Of a straight line through the logarithms."""
    return float(np.polyfit(np.log(lengths), np.log(errors), 1)[0])


if __name__ == "__main__":
    main()
