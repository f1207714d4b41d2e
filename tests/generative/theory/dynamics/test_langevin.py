"""SGLD and the Kramers equation against the Gibbs density, and the Fokker-Planck equation between them.

Run: pytest tests/generative/theory/dynamics/test_langevin.py
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    Quadratic,
    Rosenbrock,
    TwoBasins,
    fokker_planck,
    gibbs_density,
    langevin,
    total_variation,
)

LIMITS = (-2.5, 2.5)
GRID = torch.linspace(*LIMITS, 101, dtype=torch.float64)


# spec: the double well, 1e5 samples -----------------------------------------------------------------------------


@pytest.mark.parametrize("friction", [None, 1.0], ids=["SGLD", "Kramers"])
@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_histogram_on_the_double_well_is_the_gibbs_density(temperature, friction):
    samples = langevin(DoubleWell(), temperature, friction=friction, seed=1)
    assert samples.points.shape == (100_000, 1)
    assert total_variation(samples.points, DoubleWell(), temperature, limits=LIMITS) < 0.05


def test_the_histogram_tells_temperatures_apart():
    points = langevin(DoubleWell(), 0.5).points
    for wrong in (0.25, 1.0):
        assert total_variation(points, DoubleWell(), wrong, limits=LIMITS) > 0.1


# moments by hand --------------------------------------------------------------------------------------------------


def test_sgld_on_a_quadratic_by_hand():
    """x' = (1 - hλ) x + √(2Th) ξ has the variance (T/λ) / (1 - hλ/2), so the bias is of first order in h."""
    for step in (0.05, 0.5):
        samples = langevin(Quadratic([2.0]), 3.0, step=step, chains=20_000, steps=60, burn_in=60, thin=20)
        assert samples.points.var().item() == pytest.approx(1.5 / (1 - step), rel=0.04)


def test_the_kramers_equation_gives_positions_their_width_and_momenta_theirs():
    """exp(-(L + p²/2)/T): variance T/λ of x at any stable step on a quadratic, T of p, and no correlation."""
    samples = langevin(
        Quadratic([2.0]), 3.0, step=0.5, friction=1.0, chains=20_000, steps=60, burn_in=60, thin=20
    )
    x, p = samples.points[:, 0], samples.momenta.flatten()
    assert x.var().item() == pytest.approx(1.5, rel=0.04)
    assert p.var().item() == pytest.approx(3.0 * (1 - 0.5**2 * 2 / 4), rel=0.04)  # BAOAB: 1 - h²λ/4
    assert abs(torch.corrcoef(torch.stack([x, p]))[0, 1]) < 0.02


def test_the_first_sgld_step_by_hand():
    samples = langevin(Quadratic([2.0]), 0.5, [1.0], step=0.04, steps=1, burn_in=0, thin=1, chains=100_000)
    assert samples.points.mean().item() == pytest.approx(1 - 0.04 * 2, abs=0.003)
    assert samples.points.var().item() == pytest.approx(2 * 0.5 * 0.04, rel=0.02)


def test_broad_minima_carry_more_mass():
    """Bells 0.5 and 0.25 wide at ∓1 hold 2/3 and 1/3, of which Φ(2) and nothing lies left of 0; all chains start right."""
    loss = TwoBasins((0.5, 0.25), distance=1.0)
    expected = 2 / 3 * norm.cdf(2) + 1 / 3 * norm.cdf(-4)
    samples = langevin(loss, 1.0, [1.0], step=0.1, friction=1.0, steps=400, burn_in=800, thin=20, chains=3000)
    assert (samples.points < 0).double().mean().item() == pytest.approx(expected, abs=0.03)


def test_seeds():
    few = {"chains": 10, "steps": 20, "burn_in": 0}
    assert torch.equal(langevin(DoubleWell(), 1.0, **few).points, langevin(DoubleWell(), 1.0, **few).points)
    other = langevin(DoubleWell(), 1.0, seed=1, **few)
    assert not torch.equal(langevin(DoubleWell(), 1.0, **few).points, other.points)


# the Gibbs density --------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 5), st.floats(0.1, 3))
def test_gibbs_density_of_a_quadratic_is_normal(curvature, temperature):
    found = gibbs_density(Quadratic([curvature]), temperature, GRID)
    assert found.numpy() == pytest.approx(
        norm.pdf(GRID.numpy(), scale=math.sqrt(temperature / curvature)), abs=1e-9
    )


def test_stationary_density_in_the_words_of_the_post():
    """exp(-2L/σ²) with σ² = 2T: the ratio of barrier to well."""
    sigma = 0.8
    top, bottom = gibbs_density(DoubleWell(), sigma**2 / 2, [0.0, 1.0]).tolist()
    assert top / bottom == pytest.approx(math.exp(-2 * 1 / sigma**2))


def test_total_variation_by_hand():
    """Of normal quarters: 2 of 4 samples in the first, 1 each in the last two: (1/4 + 1/4 + 0 + 0) / 2."""
    quarters = torch.tensor([-9.0, -9.0, 0.5, 0.5]) * torch.tensor([1.0, 1.0, 1.0, 9.0])
    cut = norm.ppf(0.75)
    assert total_variation(quarters, Quadratic([1.0]), 1.0, bins=2, limits=(-cut, cut)) == pytest.approx(0.25)


def test_perfect_samples_come_near_nothing():
    sample = torch.randn(100_000, 1, generator=torch.Generator().manual_seed(0))
    assert total_variation(sample, Quadratic([1.0]), 1.0, limits=(-3, 3)) < 0.012


# the Fokker-Planck equation -------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 2), st.floats(0.01, 20))
def test_exp_minus_two_loss_over_sigma_squared_stands_still(temperature, time):
    still = gibbs_density(DoubleWell(), temperature, GRID)
    still /= still.sum() * 0.05
    later = fokker_planck(DoubleWell(), temperature, GRID, still, [time])[0]
    assert torch.allclose(later, still, atol=1e-7)


def test_any_density_ends_there_and_keeps_its_mass():
    begin = torch.zeros(101, dtype=torch.float64)
    begin[70] = 1.0  # x = 1
    path = fokker_planck(DoubleWell(), 0.5, GRID, begin, [0.0, 0.1, 1.0, 60.0])
    assert path.sum(1).numpy() == pytest.approx(1 / 0.05) and (path > -1e-12).all()
    assert path[0, 70] == pytest.approx(1 / 0.05)
    assert torch.allclose(path[-1], gibbs_density(DoubleWell(), 0.5, GRID), atol=1e-3)
    # free energy ∫ρ L + T ρ ln ρ only falls
    energy = (path * DoubleWell()(GRID[:, None]) + 0.5 * torch.xlogy(path, path)).sum(1)
    assert (energy.diff() < 0).all()


def test_a_spring_by_hand():
    """Ornstein-Uhlenbeck from a normal density: mean m e^-λt, variance T/λ + (s² - T/λ) e^-2λt."""
    grid = torch.linspace(-6, 6, 481, dtype=torch.float64)
    begin = torch.from_numpy(norm.pdf(grid.numpy(), 2.0, 0.5))
    later = fokker_planck(Quadratic([1.5]), 1.0, grid, begin, [0.7])[0]
    decay = math.exp(-1.5 * 0.7)
    expected = norm.pdf(grid.numpy(), 2 * decay, math.sqrt(1 / 1.5 + (0.25 - 1 / 1.5) * decay**2))
    assert np.abs(later.numpy() - expected).max() < 2e-3


def test_chains_on_their_way_are_where_the_equation_says():
    begin = torch.zeros(101, dtype=torch.float64)
    begin[70] = 1.0
    expected = fokker_planck(DoubleWell(), 0.5, GRID, begin, [1.0])[0] * 0.05
    samples = langevin(DoubleWell(), 0.5, [1.0], step=0.01, steps=100, burn_in=0, thin=100, chains=50_000)
    edges = np.append(GRID.numpy() - 0.025, 2.525)
    counts = np.histogram(samples.points[:, 0].numpy(), edges)[0] / 50_000
    assert np.abs(counts - expected.numpy()).sum() / 2 < 0.03


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature got 0.0"),
        ({"step": -1.0}, "step got -1.0"),
        ({"friction": 0.0}, "friction got 0.0"),
        ({"steps": 5, "thin": 10}, "or nothing is kept"),
        ({"chains": 0}, "chains ≥ 1"),
        ({"loss_fn": lambda x: x.square().sum(-1)}, "does not say its dimension: pass x0"),
    ],
)
def test_what_cannot_be_sampled_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        langevin(**{"loss_fn": DoubleWell(), "temperature": 1.0} | options)


def test_chains_that_explode_are_said():
    with pytest.raises(FloatingPointError, match=r"left the finite numbers at step=0\.5: .* try step=0\.125"):
        langevin(DoubleWell(), 1.0, step=0.5, steps=100, burn_in=0)


def test_what_has_no_density_is_refused():
    with pytest.raises(ValueError, match="rises without limit"):
        gibbs_density(lambda x: 0 * x.sum(-1), 1.0, GRID)
    with pytest.raises(ValueError, match="expected the minima within it"):
        gibbs_density(Quadratic([1.0], [50.0]), 0.1, GRID)
    with pytest.raises(ValueError, match="temperature got -1"):
        gibbs_density(DoubleWell(), -1, GRID)
    with pytest.raises(ValueError, match=r"samples got shape \(3, 2\)"):
        total_variation(torch.zeros(3, 2), Rosenbrock(), 1.0, limits=LIMITS)
    with pytest.raises(ValueError, match="expected rising limits"):
        total_variation(torch.zeros(3), DoubleWell(), 1.0, limits=(1, -1))


def test_what_cannot_flow_is_refused():
    flat = torch.ones(101)
    with pytest.raises(ValueError, match="must be rising, even"):
        fokker_planck(DoubleWell(), 1.0, GRID**3, flat, [1.0])
    with pytest.raises(ValueError, match=r"density got shape \(100,\): expected \(101,\)"):
        fokker_planck(DoubleWell(), 1.0, GRID, flat[1:], [1.0])
    with pytest.raises(ValueError, match="times ≥ 0"):
        fokker_planck(DoubleWell(), 1.0, GRID, flat, [-1.0])
