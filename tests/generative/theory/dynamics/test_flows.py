"""Gradient flow, Newton's law with friction, and how fast discrete steps come near them.

Run: pytest tests/generative/theory/dynamics/test_flows.py
"""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.theory.dynamics import (
    Beale,
    DoubleWell,
    Quadratic,
    Rosenbrock,
    damped_newton,
    from_friction,
    gradient,
    gradient_flow,
    optimal_parameters,
    simulate,
    to_friction,
)

SGD = torch.optim.SGD
HUNDRED = Quadratic(torch.linspace(1, 100, 20))  # condition number 100, 20 dimensions


def slope(time_steps, errors):
    return np.polyfit(np.log(time_steps), np.log(errors), 1)[0]


# the flow by hand -------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=4), st.floats(0.1, 3))
def test_flow_of_a_quadratic_is_an_exponential(spectrum, time):
    path = gradient_flow(Quadratic(spectrum), [2.0] * len(spectrum), time)
    expected = 2 * torch.exp(-time * torch.tensor(spectrum, dtype=torch.float64))
    assert torch.allclose(path.final, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "loss", [Rosenbrock(), Beale(), DoubleWell(dimension=2)], ids=lambda x: type(x).__name__
)
def test_along_the_flow_the_loss_falls_at_the_rate_of_the_squared_gradient(loss):
    path = gradient_flow(loss, [-0.5, 0.8], 1.0, times=torch.linspace(0, 1, 1001) ** 3)
    assert (path.losses.diff() <= 1e-9).all()
    rate = np.gradient(path.losses.numpy(), path.times.numpy(), edge_order=2)
    expected = -gradient(loss, path.positions).square().sum(-1).numpy()
    assert rate[1:-1] == pytest.approx(expected[1:-1], rel=5e-3, abs=2e-3)
    assert torch.equal(path.velocities, -gradient(loss, path.positions))


def test_the_flow_stops_at_critical_points_that_are_no_minima():
    assert gradient_flow(DoubleWell(), [0.0], 20.0).final.item() == 0.0
    assert gradient_flow(DoubleWell(), [1e-3], 20.0).final.item() == pytest.approx(1.0, abs=1e-6)


def test_many_starts_flow_as_one():
    starts = [[-0.5, 0.4], [1.5, 1.0], [0.0, -1.0]]
    together = gradient_flow(Rosenbrock(), starts, 2.0)
    for number, start in enumerate(starts):
        assert torch.allclose(
            together.start(number).final, gradient_flow(Rosenbrock(), start, 2.0).final, atol=1e-7
        )


# spec: gradient descent is an Euler step of the flow ---------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "x0"),
    [
        (Quadratic([1.0, 5.0]), [1.0, 1.0]),
        (Rosenbrock(5.0), [-0.5, 0.4]),
        (DoubleWell(), [0.3]),
        (Beale(), [0.5, 0.2]),
    ],
    ids=["quadratic", "rosenbrock", "double well", "beale"],
)
def test_error_of_gradient_descent_is_linear_in_lr(loss, x0):
    time_steps = [2.0**-k for k in range(7, 10)]
    end = gradient_flow(loss, x0, 0.25).final
    errors = [
        torch.dist(simulate(partial(SGD, lr=h), loss, x0, round(0.25 / h)).final, end).item()
        for h in time_steps
    ]
    assert slope(time_steps, errors) == pytest.approx(1.0, abs=0.1)


# momentum is Newton's law with friction -----------------------------------------------------------------------


def test_a_ball_on_a_spring_by_hand():
    """x'' + x' + x = 0 from rest: e^(-t/2) (cos ωt + sin ωt / 2ω), ω = √3/2."""
    path = damped_newton(Quadratic([1.0]), [1.0], 6.0, friction=1.0)
    t, w = path.times, math.sqrt(3) / 2
    expected = torch.exp(-t / 2) * (torch.cos(w * t) + torch.sin(w * t) / (2 * w))
    assert torch.allclose(path.positions[:, 0], expected, atol=1e-7)
    assert torch.allclose(path.velocities[:, 0], -torch.exp(-t / 2) * torch.sin(w * t) / w, atol=1e-7)


@pytest.mark.parametrize("friction", [0.0, 0.3, 2.0])
def test_energy_is_kept_without_friction_and_falls_with_it(friction):
    path = damped_newton(DoubleWell(dimension=2), [1.9, 1.0], 8.0, friction=friction)
    energy = path.losses + path.velocities.square().sum(-1) / 2
    assert (energy.diff() <= 1e-7).all()
    lost = friction * torch.trapezoid(path.velocities.square().sum(-1), path.times)
    assert (energy[0] - energy[-1]).item() == pytest.approx(lost.item(), rel=5e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "x0"),
    [(Quadratic([1.0, 5.0]), [1.0, 1.0]), (DoubleWell(), [0.3])],
    ids=["quadratic", "double well"],
)
def test_error_of_momentum_is_linear_in_the_root_of_lr(loss, x0):
    time_steps = [2.0**-k for k in range(6, 10)]
    end = damped_newton(loss, x0, 2.0, friction=1.0).final
    errors = [
        torch.dist(simulate(partial(SGD, **from_friction(1.0, h)), loss, x0, round(2 / h)).final, end).item()
        for h in time_steps
    ]
    assert slope(time_steps, errors) == pytest.approx(1.0, abs=0.1)


def test_the_same_lr_is_a_longer_time_with_momentum():
    """100 steps of lr 1e-4 last 0.01; with momentum 100 √1e-4 = 1: friction 1 turns cos 1-like, not e^-0.01."""
    lr, steps = 1e-4, 100
    plain = simulate(partial(SGD, lr=lr), Quadratic([1.0]), [1.0], steps).final.item()
    assert plain == pytest.approx(math.exp(-lr * steps), abs=1e-4)
    options = from_friction(1.0, math.sqrt(lr))
    ball = simulate(partial(SGD, **options), Quadratic([1.0]), [1.0], steps).final.item()
    exact = damped_newton(Quadratic([1.0]), [1.0], math.sqrt(lr) * steps, friction=1.0).final.item()
    assert ball == pytest.approx(exact, abs=0.01) and exact < 0.7


@given(st.floats(0, 9), st.floats(1e-3, 0.1))
def test_friction_and_options_are_two_ways_of_saying_it(friction, time_step):
    options = from_friction(friction, time_step)
    assert to_friction(**options) == pytest.approx((friction, time_step), rel=1e-6, abs=1e-9)


# spec: iterations on the quadratic of condition 100 ------------------------------------------------------------


def iterations(method):
    options = optimal_parameters(method, 1.0, 100.0)
    return simulate(partial(SGD, **options), HUNDRED, [1.0] * 20, 2000, tolerance=1e-6).iterations.item()


def test_iterations_are_those_of_the_spec():
    assert iterations("gradient-descent") == 634
    assert iterations("heavy-ball") == 87
    assert (
        iterations("nesterov") == 142
    )  # torch's points, where gradients are taken; 143 for the others, below
    assert iterations("gradient-descent") / iterations("heavy-ball") >= 6


def test_nesterov_by_the_post_takes_143_iterations_and_its_extrapolated_points_are_torchs():
    """p = β p - γ ∇L(θ + β p), θ = θ + p."""
    options = optimal_parameters("nesterov", 1.0, 100.0)
    lr, momentum = options["lr"], options["momentum"]
    torchs = simulate(partial(SGD, **options), HUNDRED, [1.0] * 20, 150)
    x, p, reached = torch.ones(20, dtype=torch.float64), torch.zeros(20, dtype=torch.float64), None
    for step in range(1, 151):
        p = momentum * p - lr * gradient(HUNDRED, x + momentum * p)
        x = x + p
        assert torch.allclose(x + momentum * p, torchs.positions[step], atol=1e-12)
        if reached is None and x.norm() <= 1e-6 * math.sqrt(20):
            reached = step
    assert reached == 143


@pytest.mark.parametrize("method", ["gradient-descent", "heavy-ball", "nesterov"])
def test_measured_rates_are_the_proven_ones(method):
    """The last factor by which the slowest coordinate shrinks, over 200 steps (two of them, it may swing)."""
    expected = {"gradient-descent": 99 / 101, "heavy-ball": 9 / 11, "nesterov": 1 - 1 / 10}[method]
    options = optimal_parameters(method, 1.0, 100.0)
    errors = simulate(partial(SGD, **options), Quadratic([1.0, 100.0]), [1.0, 1.0], 400).positions.norm(
        dim=-1
    )
    steps = 300 if method == "gradient-descent" else 60
    factor = (errors[steps + 40] / errors[steps]).item() ** (1 / 40)
    assert factor == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("method", ["gradient-descent", "heavy-ball"])
def test_no_other_parameters_nearby_are_faster(method):
    best = optimal_parameters(method, 1.0, 100.0)

    def needed(**options):
        path = simulate(partial(SGD, **options), HUNDRED, [1.0] * 20, 900, tolerance=1e-6)
        return path.iterations.item() if path.iterations >= 0 else 10**9

    for factor in (0.8, 1.02):
        assert needed(**best | {"lr": best["lr"] * factor}) > needed(**best)


def test_a_perfectly_round_bowl_takes_one_step():
    for method in ("gradient-descent", "heavy-ball", "nesterov"):
        options = optimal_parameters(method, 4.0, 4.0)
        assert options["lr"] == 0.25
        path = simulate(partial(SGD, **options), Quadratic([4.0, 4.0]), [3.0, 1.0], 1)
        assert path.final.tolist() == [0.0, 0.0]


# refusals ---------------------------------------------------------------------------------------------------


def test_what_has_no_flow_is_refused():
    with pytest.raises(ValueError, match="time got 0"):
        gradient_flow(Rosenbrock(), [0.0, 0.0], 0)
    with pytest.raises(ValueError, match="expected rising moments from 0 to at most 1"):
        gradient_flow(Rosenbrock(), [0.0, 0.0], 1.0, times=[0.0, 2.0])
    with pytest.raises(RuntimeError, match="loss without a lower bound"):
        gradient_flow(lambda x: -(x**4).sum(-1), [1.0], 5.0)
    with pytest.raises(ValueError, match="friction got -1"):
        damped_newton(Rosenbrock(), [0.0, 0.0], 1.0, friction=-1)


def test_momentum_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"momentum of -1: expected one in \[0, 1\]. Take a shorter"):
        from_friction(friction=20.0, time_step=0.1)
    with pytest.raises(ValueError, match=r"got lr 0 and momentum 0\.9"):
        to_friction(0, 0.9)
    with pytest.raises(ValueError, match="expected one of gradient-descent, heavy-ball, nesterov"):
        optimal_parameters("adam", 1, 100)
    with pytest.raises(ValueError, match="expected 0 < smallest ≤ largest"):
        optimal_parameters("nesterov", 100, 1)
