"""Distances against scipy in one dimension, POT and each other; Sinkhorn against the exact plan; the picture.

Run: pytest tests/generative/theory/transport/test_wasserstein.py
"""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from zhnlp.generative.theory.transport import (
    kantorovich_lp,
    plot_transport,
    sinkhorn,
    transport_plan,
    wasserstein,
)

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(30, 2)), RANDOM.normal(1, 0.5, size=(30, 2))
SOLVERS = ["assignment", "HiGHS", "POT"]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("p", [1, 2])
def test_every_solver_finds_the_same(solver, p):
    if solver == "POT":
        pytest.importorskip("ot")
    found = transport_plan(X, Y, p, solver=solver)
    assert found.solver == solver
    assert found.distance == pytest.approx(transport_plan(X, Y, p, solver="HiGHS").distance, abs=1e-9)
    assert found.plan.sum(0) == pytest.approx(1 / 30) and found.plan.sum(1) == pytest.approx(1 / 30)


def test_without_pot_scipy_does_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)  # not importable
    assert transport_plan(X, Y).solver == "assignment"
    assert transport_plan(X, Y[:7]).solver == "HiGHS"
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[generative\]"'):
        transport_plan(X, Y, solver="POT")


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_one_dimension_is_that_of_scipy(n, m, seed):
    random = np.random.default_rng(seed)
    x, y, b = random.normal(size=n), random.normal(size=m), random.dirichlet(np.ones(m))
    assert wasserstein(x, y, b=b) == pytest.approx(wasserstein_distance(x, y, None, b), abs=1e-9)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_a_shift_costs_its_length(p):
    assert wasserstein(X, X + np.array([3, 4]), p) == pytest.approx(5)
    assert wasserstein(X, X, p) == pytest.approx(0, abs=1e-9)


def test_sinkhorn_is_above_the_exact_distance_and_near():
    exact = wasserstein(X, Y, 2)
    near, far = (wasserstein(X, Y, 2, "sinkhorn", epsilon=e) for e in (0.05, 1.0))
    assert exact - 1e-9 <= near <= 1.02 * exact < far


@pytest.mark.parametrize("epsilon", [0.003, 0.1, 3.0])
def test_sinkhorn_keeps_the_sums_and_does_not_underflow(epsilon):
    a, b = RANDOM.dirichlet(np.full(30, 0.5), 2)
    plan = sinkhorn(a, b, cdist(X, Y), epsilon, tolerance=1e-3, max_iterations=3000)
    assert plan.min() >= 0 and np.isfinite(plan).all()
    assert plan.sum(1) == pytest.approx(a, abs=1e-12) and plan.sum(0) == pytest.approx(b, abs=1e-12)


def test_sinkhorn_is_that_of_pot():
    ot = pytest.importorskip("ot")
    a, b, cost = np.full(30, 1 / 30), RANDOM.dirichlet(np.ones(30)), cdist(X, Y)
    theirs = ot.sinkhorn(a, b, cost, 0.1, method="sinkhorn_log", stopThr=1e-10, numItermax=20_000)
    assert sinkhorn(a, b, cost, 0.1, tolerance=1e-9) == pytest.approx(theirs, abs=1e-7)


def test_sinkhorn_of_points_without_mass_and_of_equal_costs():
    plan = sinkhorn([0.5, 0, 0.5], [0.3, 0.7, 0], np.ones((3, 3)))
    assert plan == pytest.approx(np.outer([0.5, 0, 0.5], [0.3, 0.7, 0]))
    assert sinkhorn([1.0], [1.0], [[0.0]]) == pytest.approx(1)


def test_sinkhorn_says_when_it_did_not_arrive():
    with pytest.warns(UserWarning, match="Sinkhorn misses"):
        plan = sinkhorn(
            np.full(30, 1 / 30), np.full(30, 1 / 30), cdist(X, Y), 1e-4, tolerance=1e-12, max_iterations=2
        )
    exact = kantorovich_lp(np.full(30, 1 / 30), np.full(30, 1 / 30), cdist(X, Y)).primal
    assert (plan * cdist(X, Y)).sum() >= exact - 1e-12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": X[:, :1]}, "x has 2 coordinates and y 1"),
        ({"p": 0.5}, "or W_p is no distance"),
        ({"method": "critic"}, "expected exact or sinkhorn"),
        ({"solver": "simplex"}, "expected POT, assignment or HiGHS"),
        ({"solver": "assignment", "y": Y[:5]}, "an assignment got 30 and 5 points"),
        ({"x": np.full((3, 2), np.nan)}, "3 of 3 points of x hold NaN"),
        ({"x": np.empty((0, 2))}, "one point or more"),
        ({"method": "sinkhorn", "epsilon": 0.0}, "epsilon got 0"),
        ({"a": [1.0]}, "expected"),
    ],
    ids=["dimension", "p", "method", "solver", "assignment", "nan", "none", "epsilon", "masses"],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        transport_plan(**{"x": X, "y": Y} | options)


def test_the_picture_has_a_line_for_every_way():
    pytest.importorskip("matplotlib")
    found = transport_plan(X, Y, solver="assignment")
    ax = plot_transport(X, Y, found.plan)
    ways = np.array(ax.collections[0].get_segments())
    assert len(ways) == 30
    assert np.linalg.norm(ways[:, 0] - ways[:, 1], axis=1).mean() == pytest.approx(found.distance)
    flat = plot_transport([0.0, 1.0], [2.0], [[0.5], [0.5]])
    assert [tick.get_text() for tick in flat.get_yticklabels()] == ["x", "y"]
    with pytest.raises(ValueError, match="expected 30 × 30"):
        plot_transport(X, Y, np.ones((2, 2)))
    with pytest.raises(ValueError, match="expected 1 or 2"):
        plot_transport(np.ones((1, 3)), np.ones((1, 3)), [[1.0]])
