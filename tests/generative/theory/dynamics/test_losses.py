"""Analytic losses by hand, their gradients by hand, their minima, and what is refused.

Run: pytest tests/generative/theory/dynamics/test_losses.py
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der

from zhnlp.generative.theory.dynamics import (
    Beale,
    DoubleWell,
    Quadratic,
    Rosenbrock,
    TwoBasins,
    gradient,
)

FAMILY = [
    Quadratic([0.5, 3.0, 40.0], [1.0, -2.0, 0.0]),
    Rosenbrock(),
    Beale(),
    DoubleWell(2.0, 3),
    TwoBasins(),
]
coordinates = st.floats(-3, 3)


def point(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


# by hand ----------------------------------------------------------------------------------------------------


def test_quadratic_by_hand():
    loss = Quadratic([2.0, 8.0], center=[1.0, 0.0])
    assert loss(point(3.0, 0.5)).item() == 2 * 4 / 2 + 8 * 0.25 / 2
    assert gradient(loss, point(3.0, 0.5)).tolist() == [4.0, 4.0]
    assert loss.condition == 4.0
    assert loss.curvature(point(9.0, 9.0)).tolist() == [[2.0, 0.0], [0.0, 8.0]]


def test_beale_by_hand():
    # at (1, 2): 1.5 - 1 + 2, 2.25 - 1 + 4, 2.625 - 1 + 8
    assert Beale()(point(1.0, 2.0)).item() == 2.5**2 + 5.25**2 + 9.625**2


def test_double_well_by_hand():
    loss = DoubleWell(barrier=3.0, dimension=2)
    assert loss(point(0.0, 2.0)).item() == 3.0 + 2.0
    assert gradient(loss, point(2.0, 2.0)).tolist() == [3 * 4 * 2 * 3, 2.0]
    assert gradient(loss, point(0.0, 0.0)).tolist() == [0.0, 0.0]  # a critical point, and no minimum


def test_two_basins_are_a_pair_of_bells():
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    bells = torch.exp(-((x + 2) ** 2) / (2 * 0.36)) + torch.exp(-((x - 2) ** 2) / (2 * 0.04))
    assert torch.allclose(TwoBasins()(x[:, None]), -bells.log(), atol=1e-12)


# an independent reference, and properties -------------------------------------------------------------------


@given(coordinates, coordinates)
def test_rosenbrock_and_its_gradient_are_those_of_scipy(x, y):
    here = point(x, y)
    assert Rosenbrock()(here).item() == pytest.approx(rosen(np.array([x, y])), rel=1e-12, abs=1e-12)
    assert gradient(Rosenbrock(), here).numpy() == pytest.approx(
        rosen_der(np.array([x, y])), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("loss", FAMILY, ids=lambda loss: type(loss).__name__)
def test_minima_are_flat_lowest_and_curved_upwards(loss):
    assert loss.minima.shape[1] == loss.dimension
    assert loss(loss.minima).abs().max() < 1e-6
    assert gradient(loss, loss.minima).abs().max() < 1e-5
    for minimum in loss.minima:
        assert torch.linalg.eigvalsh(loss.curvature(minimum)).min() > 0
    random = torch.Generator().manual_seed(0)
    elsewhere = 3 * torch.randn(2000, loss.dimension, generator=random, dtype=torch.float64)
    assert loss(elsewhere).min() > -1e-6


@pytest.mark.parametrize("loss", FAMILY, ids=lambda loss: type(loss).__name__)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_leading_shape_gives_one_loss_and_one_gradient_a_point(loss, data):
    numbers = data.draw(
        st.lists(coordinates, min_size=6 * loss.dimension, max_size=6 * loss.dimension), label="coordinates"
    )
    points = point(*numbers).view(2, 3, loss.dimension)
    together, slopes = loss(points), gradient(loss, points)
    assert together.shape == (2, 3) and slopes.shape == points.shape
    for i, j in np.ndindex(2, 3):
        assert loss(points[i, j]) == together[i, j]
        assert torch.equal(gradient(loss, points[i, j]), slopes[i, j])


def test_minima_of_basins_that_touch_are_found():
    loss = TwoBasins((0.5, 0.5), distance=1.0)
    assert gradient(loss, loss.minima).abs().max() < 1e-12
    assert 0.99 < loss.minima[1].item() < 1 and loss.minima[0] == -loss.minima[1]


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spectrum", [[], [1.0, 0.0], [1.0, -2.0], [[1.0]], [float("nan")]])
def test_a_spectrum_without_one_minimum_is_refused(spectrum):
    with pytest.raises(ValueError, match="each above 0"):
        Quadratic(spectrum)


def test_wrong_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"Rosenbrock got points of shape \(3,\): expected \(\.\.\., 2\)"):
        Rosenbrock()(torch.zeros(3))
    with pytest.raises(ValueError, match=r"center got shape \(1,\): expected \(2,\)"):
        Quadratic([1.0, 2.0], center=[1.0])
    with pytest.raises(ValueError, match="dimension got 0"):
        DoubleWell(dimension=0)


def test_basins_that_flow_together_are_refused():
    with pytest.raises(ValueError, match=r"expected at most 1 each"):
        TwoBasins(widths=(1.1, 0.1))
    with pytest.raises(ValueError, match="width got -1"):
        TwoBasins(widths=(-1, 0.1))
