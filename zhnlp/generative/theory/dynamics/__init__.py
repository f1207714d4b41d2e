"""Optimizers as dynamical systems: any torch optimizer on an analytic loss, beside its ODE or SDE.

    losses.py                quadratic, Rosenbrock, Beale, double well, two basins, with their minima
    simulate.py              optimizer → trajectory.py
    ode.py, gradient_flow.py what gradient descent tends to as lr → 0
    momentum.py              momentum as Newton's law with friction; textbook-optimal parameters
    adaptive.py              RMSprop and Adam: sign flow, bound of a step
    langevin.py              noise: SGLD and the Kramers equation, many chains at once
    fokker_planck.py         the density that noise leads to, exp(-2 L / σ²), and the way there
    minibatch.py             the noise of mini-batches, as a temperature
    plots.py                 contours with paths, phase plots, curves, densities

Source: https://kexue.fm/archives/5655, https://kexue.fm/archives/6234
"""

from zhnlp.generative.theory.dynamics.adaptive import adam_step_bound, adaptive_flow, rmsprop_step_bound
from zhnlp.generative.theory.dynamics.fokker_planck import fokker_planck, gibbs_density, total_variation
from zhnlp.generative.theory.dynamics.gradient_flow import gradient_flow
from zhnlp.generative.theory.dynamics.langevin import LangevinSamples, langevin
from zhnlp.generative.theory.dynamics.losses import (
    Beale,
    DoubleWell,
    Quadratic,
    Rosenbrock,
    TwoBasins,
    gradient,
)
from zhnlp.generative.theory.dynamics.minibatch import (
    MiniBatchLoss,
    gradient_variance,
    sgd_temperature,
    stationary_variance,
)
from zhnlp.generative.theory.dynamics.momentum import (
    damped_newton,
    from_friction,
    optimal_parameters,
    to_friction,
)
from zhnlp.generative.theory.dynamics.plots import plot_density, plot_losses, plot_phase, plot_trajectory
from zhnlp.generative.theory.dynamics.simulate import simulate
from zhnlp.generative.theory.dynamics.trajectory import Trajectory, path_difference

__all__ = [
    "Beale",
    "DoubleWell",
    "LangevinSamples",
    "MiniBatchLoss",
    "Quadratic",
    "Rosenbrock",
    "Trajectory",
    "TwoBasins",
    "adam_step_bound",
    "adaptive_flow",
    "damped_newton",
    "fokker_planck",
    "from_friction",
    "gibbs_density",
    "gradient",
    "gradient_flow",
    "gradient_variance",
    "langevin",
    "optimal_parameters",
    "path_difference",
    "plot_density",
    "plot_losses",
    "plot_phase",
    "plot_trajectory",
    "rmsprop_step_bound",
    "sgd_temperature",
    "simulate",
    "stationary_variance",
    "to_friction",
    "total_variation",
]
