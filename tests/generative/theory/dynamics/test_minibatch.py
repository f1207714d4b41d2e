"""Mini-batch SGD as an SDE: the temperature is lr · variance / (2 · batch size).

Run: pytest tests/generative/theory/dynamics/test_minibatch.py
"""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    MiniBatchLoss,
    gradient,
    gradient_variance,
    langevin,
    sgd_temperature,
    simulate,
    stationary_variance,
    total_variation,
)

DATA = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DATA = (DATA - DATA.mean()) / DATA.std(correction=0)


def to_the_mean(x, example):
    return (x - example).square().sum(-1) / 2


def tilted_well(x, example):
    """The double well, tilted by the example: noise of the same size everywhere."""
    return DoubleWell()(x) + 1.5 * (x * example).sum(-1)


def variance_of_sgd(lr, batch_size, momentum=0.0, chains=4000):
    loss = MiniBatchLoss(to_the_mean, DATA, batch_size, seed=3)
    steps = int(4 * (1 - momentum) / lr) + 60
    path = simulate(partial(torch.optim.SGD, lr=lr, momentum=momentum), loss, torch.zeros(chains, 1), steps)
    return path.final.var().item()


# by hand ----------------------------------------------------------------------------------------------------


def test_a_batch_of_one_example_by_hand():
    loss = MiniBatchLoss(to_the_mean, [[5.0]], batch_size=3)
    x = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    assert loss(x).tolist() == [8.0, 4.5] == loss.full(x).tolist()


def test_gradient_variance_by_hand():
    loss = MiniBatchLoss(lambda x, a: (x * a).sum(-1), [[1.0, 0.0], [3.0, 0.0], [2.0, 6.0]], 1)
    expected = [[2 / 3, 0.0], [0.0, 8.0]]  # of (1, 3, 2) and of (0, 0, 6), about 2 and 2
    assert torch.allclose(
        gradient_variance(loss, torch.zeros(2)), torch.tensor(expected, dtype=torch.float64)
    )


@given(st.floats(1e-3, 0.5), st.integers(1, 64), st.floats(0, 0.95))
def test_temperature_depends_on_lr_over_batch_size_only(lr, batch_size, momentum):
    once = sgd_temperature(lr, 2.0, batch_size, momentum)
    assert once == pytest.approx(sgd_temperature(2 * lr, 2.0, 2 * batch_size, momentum))
    assert stationary_variance(lr, 1.0, 2.0, batch_size, momentum) >= once
    assert stationary_variance(1e-7, 1.0, 2.0, 1) == pytest.approx(1e-7, rel=1e-6)


# drawn ------------------------------------------------------------------------------------------------------


def test_batch_gradients_are_unbiased_and_their_variance_falls_with_the_batch():
    x = torch.full((20_000, 1), 0.5, dtype=torch.float64)
    for batch_size in (1, 4):
        slopes = gradient(MiniBatchLoss(to_the_mean, DATA, batch_size), x)
        assert slopes.mean().item() == pytest.approx(0.5, abs=0.03)
        assert slopes.var().item() == pytest.approx(1 / batch_size, rel=0.05)


def test_draws_differ_between_points_and_repeat_with_the_seed():
    x = torch.zeros(50, 1, dtype=torch.float64)
    first, second = (MiniBatchLoss(to_the_mean, DATA, 1, seed=7) for _ in range(2))
    drawn = first(x)
    assert torch.equal(drawn, second(x)) and drawn.unique().numel() > 40
    assert not torch.equal(first(x), drawn)


@pytest.mark.parametrize(
    ("lr", "batch_size", "momentum"),
    [(0.05, 1, 0.0), (0.1, 1, 0.0), (0.4, 1, 0.0), (0.4, 8, 0.0), (0.1, 4, 0.8), (1.2, 2, 0.5)],
)
def test_where_sgd_comes_to_rest(lr, batch_size, momentum):
    expected = stationary_variance(lr, 1.0, 1.0, batch_size, momentum)
    assert variance_of_sgd(lr, batch_size, momentum) == pytest.approx(
        expected, rel=0.08
    )  # 4,000 chains: ± 2.2 %


def test_temperature_grows_with_lr_over_batch_size():
    """At rest on a curvature of 1 the variance is the temperature: halves and doubles as lr / B does."""
    base = variance_of_sgd(0.1, 4)
    assert variance_of_sgd(0.2, 8) == pytest.approx(base, rel=0.12)
    assert variance_of_sgd(0.1, 1) / base == pytest.approx(4, rel=0.12)
    assert variance_of_sgd(0.2, 4) / base == pytest.approx(2, rel=0.18)


def test_sgd_on_batches_samples_the_gibbs_density_of_its_temperature():
    loss = MiniBatchLoss(tilted_well, DATA, batch_size=2, seed=1)
    lr, variance = 0.02, gradient_variance(loss, torch.zeros(1)).item()
    assert variance == pytest.approx(1.5**2)
    hot = MiniBatchLoss(lambda x, a: DoubleWell()(x) + 10 * (x * a).sum(-1), DATA, batch_size=2, seed=1)
    temperature = sgd_temperature(lr, gradient_variance(hot, torch.zeros(1)).item(), 2)
    assert temperature == pytest.approx(0.5)
    path = simulate(partial(torch.optim.SGD, lr=lr), hot, torch.tensor([[1.0], [-1.0]]).repeat(1000, 1), 600)
    points = path.positions[200::10].reshape(-1)
    assert total_variation(points, DoubleWell(), temperature, limits=(-2.5, 2.5)) < 0.05
    assert total_variation(points, DoubleWell(), 2 * temperature, limits=(-2.5, 2.5)) > 0.1


def test_sgld_takes_batch_gradients():
    """Gradient noise of 1/B adds h/2B to the temperature: little, for small steps."""
    loss = MiniBatchLoss(to_the_mean, DATA, batch_size=4)
    samples = langevin(loss, 0.5, [0.0], step=0.1, chains=5000, steps=200, burn_in=100, thin=50)
    expected = (0.5 + 0.1 / 8) / (1 - 0.05)
    assert samples.points.var().item() == pytest.approx(expected, rel=0.05)


# refusals ---------------------------------------------------------------------------------------------------


def test_what_is_no_batch_is_refused():
    with pytest.raises(ValueError, match=r"data got shape \(3,\): expected \(examples, features\)"):
        MiniBatchLoss(to_the_mean, [1.0, 2.0, 3.0], 1)
    with pytest.raises(ValueError, match="batch_size got 0"):
        MiniBatchLoss(to_the_mean, DATA, 0)
    with pytest.raises(ValueError, match="expected lr > 0, variance ≥ 0"):
        sgd_temperature(0.1, 1.0, 1, momentum=1.0)
    with pytest.raises(ValueError, match="expected lr · curvature between 0 and 2"):
        stationary_variance(2.0, 1.0, 1.0, 1)
