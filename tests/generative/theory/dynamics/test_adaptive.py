"""RMSprop and Adam against ten lines each, the bound of a step, invariance of scale, and the sign flow.

Run: pytest tests/generative/theory/dynamics/test_adaptive.py
"""

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
    adam_step_bound,
    adaptive_flow,
    gradient,
    path_difference,
    rmsprop_step_bound,
    simulate,
)

SGD, Adam, RMSprop = torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop


def random_problem(seed):
    """Least squares in 6 unknowns, and a bump that makes it no quadratic."""
    random = torch.Generator().manual_seed(seed)
    matrix = torch.randn(20, 6, generator=random, dtype=torch.float64)
    target = torch.randn(20, generator=random, dtype=torch.float64)

    def loss(x):
        return (x @ matrix.mT - target).square().mean(-1) + torch.cos(3 * x).sum(-1)

    return loss, torch.randn(6, generator=random, dtype=torch.float64)


def own_rmsprop(loss, x, steps, lr=0.01, alpha=0.99, eps=1e-8):
    mean_square = torch.zeros_like(x)
    for _ in range(steps):
        slope = gradient(loss, x)
        mean_square = alpha * mean_square + (1 - alpha) * slope**2
        x = x - lr * slope / (mean_square.sqrt() + eps)  # torch adds eps outside the root; the post inside
    return x


def own_adam(loss, x, steps, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = v = torch.zeros_like(x)
    for t in range(1, steps + 1):
        slope = gradient(loss, x)
        m = beta1 * m + (1 - beta1) * slope
        v = beta2 * v + (1 - beta2) * slope**2
        x = x - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return x


# spec: own references -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("optimizer", "own"), [(RMSprop, own_rmsprop), (Adam, own_adam)], ids=["rmsprop", "adam"]
)
def test_torch_agrees_with_ten_lines(seed, optimizer, own):
    loss, x0 = random_problem(seed)
    path = simulate(optimizer, loss, x0, 100)
    assert (path.final - own(loss, x0, 100)).abs().max() < 1e-6
    assert (path.final - x0).abs().max() > 0.05  # it went somewhere


def test_eps_inside_the_root_would_be_another_rmsprop():
    loss, x0 = random_problem(0)
    outside = own_rmsprop(loss, x0, 100, eps=0.1)
    assert (simulate(partial(RMSprop, eps=0.1), loss, x0, 100).final - outside).abs().max() < 1e-12
    mean_square, x = torch.zeros(6, dtype=torch.float64), x0
    for _ in range(100):
        slope = gradient(loss, x)
        mean_square = 0.99 * mean_square + 0.01 * slope**2
        x = x - 0.01 * slope / (mean_square + 0.1).sqrt()
    assert (x - outside).abs().max() > 1e-3


# spec: scale --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [Rosenbrock(), Beale()], ids=["rosenbrock", "beale"])
def test_adam_hardly_feels_a_loss_a_thousand_times_as_large(loss):
    paths = [
        simulate(partial(Adam, lr=0.01), lambda x, c=c: c * loss(x), [-0.5, 0.4], 500) for c in (1.0, 1000.0)
    ]
    assert path_difference(paths[1], paths[0]) < 0.01


def test_sgd_goes_a_thousand_times_as_far():
    loss = Rosenbrock()
    once, more = (
        simulate(partial(SGD, lr=1e-7), lambda x, c=c: c * loss(x), [-0.5, 0.4], 1) for c in (1, 1000)
    )
    assert torch.allclose(more.velocities[1], 1000 * once.velocities[1], rtol=1e-9)
    slope = torch.tensor(
        [3.0, -2.0], dtype=torch.float64
    )  # of a plane, so the whole path is a thousand times as long
    once, more = (
        simulate(partial(SGD, lr=1e-3), lambda x, c=c: c * (x @ slope), [0.0, 0.0], 50) for c in (1, 1000)
    )
    assert torch.allclose(more.positions, 1000 * once.positions, rtol=1e-9)


def test_adam_masters_a_badly_scaled_quadratic_and_sgd_does_not():
    loss, x0 = Quadratic([1.0, 1e4]), [1.0, 1.0]
    adam = simulate(partial(Adam, lr=0.05), loss, x0, 2000)
    assert adam.losses.min() < 1e-3 and adam.losses[-1] < 1e-3
    for share in (0.5, 1.0, 1.9, 1.999):  # the largest stable lr is 2 / L
        sgd = simulate(partial(SGD, lr=share / 1e4), loss, x0, 2000)
        assert sgd.losses.min() > 0.1
    assert simulate(partial(SGD, lr=2.001 / 1e4), loss, x0, 2000).losses[-1] > 1e4


# the bound of a step --------------------------------------------------------------------------------------------


def steps_of(optimizer, gradients, **options):
    """The steps that an optimizer makes when it is told these gradients, in units of lr."""
    x = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, made = optimizer([x], lr=1.0, **options), []
    for slope in gradients:
        before = x.item()
        x.grad = torch.tensor([slope], dtype=torch.float64)
        optimizer.step()
        made.append(x.item() - before)
    return np.array(made)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    st.sampled_from([(0.9, 0.999), (0.9, 0.99), (0.5, 0.9), (0.0, 0.5)]),
)
def test_no_gradients_take_adam_further_than_its_bound(gradients, betas):
    made = steps_of(Adam, gradients, betas=betas)
    bounds = np.array([adam_step_bound(betas, t) for t in range(1, len(made) + 1)])
    assert (np.abs(made) <= bounds * (1 + 1e-9)).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.sampled_from([0.5, 0.9, 0.99]))
def test_no_gradients_take_rmsprop_further_than_its_bound(gradients, alpha):
    assert np.abs(steps_of(RMSprop, gradients, alpha=alpha)).max() <= rmsprop_step_bound(alpha) * (1 + 1e-9)


@pytest.mark.parametrize("step", [1, 2, 10, 100])
def test_growing_gradients_reach_adams_bound(step):
    gradients = (0.999 / 0.9) ** np.arange(step)
    assert np.abs(steps_of(Adam, gradients, eps=0.0))[-1] == pytest.approx(
        adam_step_bound(step=step), rel=1e-9
    )


def test_bounds_by_hand():
    assert adam_step_bound((0.0, 0.75)) == pytest.approx(2.0)  # 1 / √(1 - β₂)
    assert rmsprop_step_bound(0.75) == 2.0
    assert steps_of(Adam, [5.0] * 50) == pytest.approx(
        np.full(50, -1.0), abs=1e-6
    )  # a steady slope: lr a step
    assert steps_of(RMSprop, [5.0])[0] == pytest.approx(-10.0, abs=1e-6)


# the sign flow ----------------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=3), st.floats(0.1, 0.8))
def test_the_sign_flow_goes_at_speed_one_whatever_the_spectrum(spectrum, time):
    path = adaptive_flow(Quadratic(spectrum), [1.0] * len(spectrum), time, epsilon=1e-12)
    assert path.final.numpy() == pytest.approx(1 - time, abs=1e-4)


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_adaptive_flows_descend_and_do_not_feel_the_scale(memory):
    paths = [
        adaptive_flow(lambda x, c=c: c * Beale()(x), [0.5, 0.2], 0.5, memory=memory, epsilon=1e-10 * c**2)
        for c in (1.0, 1000.0)
    ]
    assert (paths[0].losses.diff() <= 1e-9).all() and paths[0].losses[-1] < 0.7 * paths[0].losses[0]
    assert path_difference(paths[1], paths[0]) < 1e-5


def test_rmsprop_follows_the_flow_with_memory():
    """ρ = 1 - h/τ; G starts at g², as torch does not, so torch's first gradient is told 1/(1-ρ)-fold."""
    loss, x0, memory, time = DoubleWell(), torch.tensor([1.8], dtype=torch.float64), 0.5, 0.4
    end = adaptive_flow(loss, x0, time, memory=memory).final
    errors, time_steps = [], [2.0**-k for k in range(7, 12)]
    for h in time_steps:
        x, mean_square, rho = x0.clone(), gradient(loss, x0) ** 2, 1 - h / memory
        for _ in range(round(time / h)):
            slope = gradient(loss, x)
            mean_square = rho * mean_square + (1 - rho) * slope**2
            x = x - h * slope / (mean_square + 1e-8).sqrt()
        errors.append(torch.dist(x, end).item() + abs(round(time / h) * h - time))
    assert np.polyfit(np.log(time_steps), np.log(errors), 1)[0] == pytest.approx(1.0, abs=0.15)


# refusals ---------------------------------------------------------------------------------------------------


def test_what_has_no_bound_is_refused():
    with pytest.raises(ValueError, match="β₁² < β₂"):
        adam_step_bound((0.9, 0.8))
    with pytest.raises(ValueError, match="step got 0"):
        adam_step_bound(step=0)
    with pytest.raises(ValueError, match="alpha got 1"):
        rmsprop_step_bound(1)
    with pytest.raises(ValueError, match="expected memory ≥ 0 and epsilon > 0"):
        adaptive_flow(Rosenbrock(), [0.0, 0.0], 1.0, memory=-1)
