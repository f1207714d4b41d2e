"""Rejection rates of both tests, their refusals, and agreement with each other and with hyppo.

Run: pytest tests/generative/theory/hsic/test_independence.py
"""

import pytest
import torch
from dependent_pairs import circle, independent, normal, parabola

from zhnlp.generative.theory.hsic import hsic, hsic_test


@pytest.mark.parametrize("method", ["permutation", "gamma"])
@pytest.mark.parametrize(("pairs", "low", "high"), [(independent, 0, 0.12), (parabola, 1, 1), (circle, 1, 1)])
def test_rejection_rates_at_level_5_percent(pairs, low, high, method):
    p_values = [hsic_test(*pairs(seed), method, permutations=200).p_value for seed in range(40)]
    assert low <= sum(p <= 0.05 for p in p_values) / 40 <= high


def test_p_values_of_independent_pairs_are_uniform():
    kolmogorov = pytest.importorskip("scipy.stats").kstest
    for method in ("permutation", "gamma"):
        p_values = [hsic_test(*independent(seed), method, permutations=99).p_value for seed in range(60)]
        assert kolmogorov(p_values, "uniform").pvalue > 0.01


def test_the_same_seed_gives_the_same_p_value():
    x, y = independent(3)
    first, second, other = (hsic_test(x, y, permutations=50, seed=seed) for seed in (0, 0, 1))
    assert first.p_value == second.p_value and torch.equal(first.null, second.null)
    assert not torch.equal(first.null, other.null)


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_statistic_and_null_are_hsic(estimator):
    x, y = normal(20, 2), normal(20, 1, seed=1)
    found = hsic_test(x, y, estimator=estimator, permutations=3, seed=5)
    assert found.statistic == pytest.approx(hsic(x, y, estimator=estimator).item())
    order = torch.randperm(20, generator=torch.Generator().manual_seed(5))
    assert found.null[0].item() == pytest.approx(hsic(x, y[order], estimator=estimator).item())


def test_gamma_is_near_the_permutations():
    for seed in range(5):
        x = normal(200, 1, seed=seed)
        y = 0.1 * x + normal(200, 1, seed=seed + 1000)
        ours = hsic_test(x, y, "gamma").p_value
        assert ours == pytest.approx(hsic_test(x, y, permutations=1000).p_value, abs=0.05)


def test_a_constant_is_never_rejected():
    for method in ("permutation", "gamma"):
        with pytest.warns(UserWarning, match="all rows of y are equal"):
            assert hsic_test(normal(30, 1), torch.ones(30), method).p_value == 1


@pytest.mark.long  # hyppo compiles for minutes
@pytest.mark.filterwarnings("ignore:The number of replications")
def test_agrees_with_hyppo():
    hyppo = pytest.importorskip("hyppo.independence")
    x, y = normal(60, 1), normal(60, 1, seed=1)
    y = y + 0.5 * x
    theirs = hyppo.Hsic(bias=True, gamma=1.0).test(x.numpy(), y.numpy(), reps=500, auto=False, random_state=0)
    assert hsic_test(x, y, bandwidth=1.0, permutations=500).p_value == pytest.approx(theirs[1], abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "chi2"}, "expected permutation or gamma"),
        ({"permutations": 0}, "19 for a p-value"),
        ({"method": "gamma", "estimator": "unbiased"}, "or permute"),
        ({"estimator": "mean"}, "expected biased or unbiased"),
        ({"x": torch.arange(5.0), "y": torch.arange(5.0), "method": "gamma"}, "needs 6 or more"),
    ],
    ids=["method", "permutations", "gamma", "estimator", "few"],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        hsic_test(**{"x": normal(10, 1), "y": normal(10, 1)} | options)
