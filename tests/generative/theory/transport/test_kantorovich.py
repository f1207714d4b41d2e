"""The linear program: no gap, feasible prices, the dual of Kantorovich and Rubinstein, POT.

Run: pytest tests/generative/theory/transport/test_kantorovich.py
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from zhnlp.generative.theory.transport import is_metric, kantorovich_lp


def twelve_points():
    random = np.random.default_rng(0)
    points = random.uniform(size=(12, 2))
    return *random.dirichlet(np.ones(12), 2), cdist(points, points)


def test_by_hand():
    found = kantorovich_lp([0.5, 0.5], [0.25, 0.75], [[0, 1], [1, 0]])
    assert found.plan == pytest.approx(np.array([[0.25, 0.25], [0, 0.5]]))
    assert found.primal == found.dual == found.dual_metric == pytest.approx(0.25)
    assert found.potential[0] - found.potential[1] == pytest.approx(1)


def test_twelve_points_have_three_equal_figures():
    a, b, cost = twelve_points()
    found = kantorovich_lp(a, b, cost)
    assert abs(found.gap) < 1e-9
    assert abs(found.primal - found.dual_metric) < 1e-9
    pairs = np.argwhere(~np.eye(12, dtype=bool))
    slopes = np.eye(12)[pairs[:, 0]] - np.eye(12)[pairs[:, 1]]  # f(i) − f(j) ≤ cost(i, j), by itself
    direct = linprog(b - a, A_ub=slopes, b_ub=cost[tuple(pairs.T)], bounds=(None, None))
    assert -direct.fun == pytest.approx(found.primal, abs=1e-9)


def test_twelve_points_are_those_of_pot():
    ot = pytest.importorskip("ot")
    a, b, cost = twelve_points()
    assert kantorovich_lp(a, b, cost).primal == pytest.approx(ot.emd2(a, b, cost), abs=1e-9)


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 10_000))
def test_plan_and_prices_are_feasible_and_have_no_gap(n, m, seed):
    random = np.random.default_rng(seed)
    a, b, cost = random.dirichlet(np.ones(n)), random.dirichlet(np.ones(m)), random.normal(size=(n, m))
    found = kantorovich_lp(a, b, cost)
    assert found.plan.min() >= 0
    assert found.plan.sum(1) == pytest.approx(a) and found.plan.sum(0) == pytest.approx(b)
    assert (found.source_potential[:, None] + found.target_potential <= cost + 1e-12).all()
    assert abs(found.gap) < 1e-9
    used = found.plan > 1e-9  # complementary slackness: what moves pays its price
    slack = cost - found.source_potential[:, None] - found.target_potential
    assert slack[used] == pytest.approx(0, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(2, 8), st.integers(0, 10_000))
def test_of_a_metric_one_lipschitz_function_is_enough(n, seed):
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 2))
    cost = cdist(points, points)
    found = kantorovich_lp(*random.dirichlet(np.full(n, 0.3), 2), cost)
    assert (found.potential[:, None] - found.potential <= cost + 1e-12).all()
    assert found.dual_metric == pytest.approx(found.primal, abs=1e-9)


def test_squared_distance_is_no_metric_and_has_no_such_dual():
    a, b, cost = twelve_points()
    found = kantorovich_lp(a, b, cost**2)
    assert found.potential is None and found.dual_metric is None and abs(found.gap) < 1e-9
    assert is_metric(cost) and not is_metric(cost**2) and not is_metric(cost[:3])
    assert not is_metric([[0, 1], [2, 0]]) and not is_metric([[1, 1], [1, 1]])


def test_large_and_small_numbers_are_scaled():
    a, b, cost = twelve_points()
    small, large = kantorovich_lp(a, b, cost), kantorovich_lp(1e6 * a, 1e6 * b, 1e-8 * cost)
    assert large.primal == pytest.approx(0.01 * small.primal) and abs(large.gap) < 1e-9


def test_masses_that_nearly_vanish_are_no_trouble():
    place = np.linspace(-6, 6, 25)
    a, b = (np.exp(-((place - m) ** 2)) for m in (-1, 1))
    found = kantorovich_lp(a / a.sum(), b / b.sum(), abs(place[:, None] - place))
    assert found.primal == pytest.approx(2, abs=1e-6) and abs(found.gap) < 1e-9


def test_points_without_mass_are_allowed():
    _, _, cost = twelve_points()
    one, other = np.eye(12)[3], np.eye(12)[7]
    found = kantorovich_lp(one, other, cost)
    assert found.primal == found.plan[3, 7] * cost[3, 7] == pytest.approx(cost[3, 7])
    assert found.dual_metric == pytest.approx(cost[3, 7])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [1], [[1, 2]]), r"expected \(n,\), \(m,\) and \(n, m\)"),
        (([1, 1], [1], [[1], [2]]), "divide each by its sum"),
        (([2, -1], [1], [[1], [2]]), "a has a mass of -1"),
        (([1], [np.nan], [[1]]), "b holds NaN"),
        (([0.0], [0.0], [[1]]), "the same above 0"),
    ],
    ids=["shape", "sums", "negative", "nan", "nothing"],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        kantorovich_lp(*arguments)
