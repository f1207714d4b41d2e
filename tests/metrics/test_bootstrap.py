"""Bootstrap intervals: by hand, against scipy, how often they hold the truth, refusals.

Run: pytest tests/metrics/test_bootstrap.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from zhnlp.metrics import bootstrap_interval, paired_bootstrap
from zhnlp.metrics.bootstrap import resampled_means

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_two_items_by_hand():
    """Of 0 and 1 a resample has the mean 0, 1/2 or 1 with probability 1/4, 1/2, 1/4: half of them lie in [1/4, 3/4]."""
    means = resampled_means(np.array([0.0, 1.0]), 20_000, 0)
    assert [np.mean(means == value) for value in (0, 0.5, 1)] == pytest.approx([0.25, 0.5, 0.25], abs=0.01)
    assert bootstrap_interval([0, 1], confidence=0.4) == (0.5, 0.5)
    assert bootstrap_interval([0, 1], confidence=0.9) == (0, 1)


def test_the_percentiles_are_those_of_scipy():
    scores = np.random.default_rng(1).beta(2, 3, 200)
    theirs = bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert bootstrap_interval(scores, samples=20_000) == pytest.approx((theirs.low, theirs.high), abs=0.001)


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    draws = np.random.default_rng(0)
    held = 0
    for number in range(300):
        low, high = bootstrap_interval(draws.exponential(1, 60), confidence=0.9, samples=300, seed=number)
        held += low <= 1 <= high
    assert 0.83 < held / 300 < 0.94


@given(SCORES, st.integers(0, 5))
def test_an_interval_lies_among_the_scores_and_widens_with_confidence(scores, seed):
    low, high = bootstrap_interval(scores, confidence=0.95, samples=100, seed=seed)
    inner = bootstrap_interval(scores, confidence=0.5, samples=100, seed=seed)
    assert min(scores) - 1e-12 <= low <= inner[0] <= inner[1] <= high <= max(scores) + 1e-12


def test_the_seed_decides_and_no_other_generator_moves():
    scores = np.random.default_rng(3).random(50)
    before = np.random.get_state()[1].copy()
    assert bootstrap_interval(scores, seed=1) == bootstrap_interval(scores, seed=1)
    assert bootstrap_interval(scores, seed=1) != bootstrap_interval(scores, seed=2)
    assert (np.random.get_state()[1] == before).all()


def test_blocks_of_resamples_keep_to_the_number_asked_for(monkeypatch):
    scores = np.random.default_rng(4).random(10)
    whole = resampled_means(scores, 25, 0)
    monkeypatch.setattr("zhnlp.metrics.bootstrap.NUMBERS_AT_ONCE", 70)
    assert resampled_means(scores, 25, 0) == pytest.approx(whole)


def test_a_small_difference_shows_where_items_are_paired():
    """Items differ by 0.3, systems by 0.01 ± 0.01: apart the intervals overlap, paired the difference is clear."""
    draws = np.random.default_rng(5)
    second = draws.normal(0.5, 0.3, 200)
    first = second + draws.normal(0.01, 0.01, 200)
    assert bootstrap_interval(first)[0] < bootstrap_interval(second)[1]
    found = paired_bootstrap(first, second)
    assert found["difference"] == pytest.approx(first.mean() - second.mean())
    assert 0 < found["low"] < found["difference"] < found["high"] and found["p_value"] == 2 / 1001


def test_equal_systems_have_p_1_and_chance_is_rarely_significant():
    scores = np.random.default_rng(6).random(50)
    assert paired_bootstrap(scores, scores) == {"difference": 0, "low": 0, "high": 0, "p_value": 1}
    draws = np.random.default_rng(7)
    found = [
        paired_bootstrap(draws.random(60), draws.random(60), samples=200, seed=number)["p_value"]
        for number in range(200)
    ]
    assert 0.01 < np.mean(np.array(found) < 0.05) < 0.11


@given(SCORES.flatmap(lambda first: st.tuples(st.just(first), st.permutations(first))))
def test_the_sides_swap(pair):
    there, back = paired_bootstrap(*pair, samples=100), paired_bootstrap(*pair[::-1], samples=100)
    assert there["difference"] == pytest.approx(-back["difference"], abs=1e-12)
    assert there["low"] == pytest.approx(-back["high"], abs=1e-12)
    assert there["p_value"] == back["p_value"]


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([], {}, r"scores of shape \(0,\): expected one finite number an item"),
        ([0.5, float("nan")], {}, "with a NaN or an infinity"),
        ([[0.5]], {}, r"shape \(1, 1\)"),
        ([0.5], {"confidence": 95}, r"confidence=95: expected a share in \(0, 1\)"),
        ([0.5], {"samples": 0}, "samples=0: expected a whole number"),
    ],
)
def test_what_cannot_be_resampled_is_refused(scores, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(scores, **options)


def test_systems_scored_on_other_items_are_refused():
    with pytest.raises(ValueError, match="scores of 2 items and of 1: expected those of the same items"):
        paired_bootstrap([0.5, 0.6], [0.5])
