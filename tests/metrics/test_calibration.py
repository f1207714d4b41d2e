"""A threshold with a stated precision: by hand, on planted mixtures, refusals.

Run: pytest tests/metrics/test_calibration.py
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from zhnlp.metrics import calibrate_threshold


def mixture(pairs, share, seed):
    """Scores of a share of same pairs around 0.83 and of different ones around 0.44; the chance rises with the score."""
    random = np.random.default_rng(seed)
    same = random.random(pairs) < share
    return np.where(same, random.beta(10, 2, pairs), random.beta(4, 5, pairs)), same


def test_by_hand():
    scores, same = [0.9, 0.8, 0.7, 0.6, 0.1], [1, 0, 1, 1, 0]  # precisions 1, 1/2, 2/3, 3/4, 3/5
    found = calibrate_threshold(scores, same, precision=0.7)
    assert found["threshold"] == pytest.approx(0.35) and found["accepted"] == 4 and found["pairs"] == 5
    assert found["precision"] == 0.75 and found["recall"] == 1
    strict = calibrate_threshold(scores, same, precision=0.9)
    assert strict["threshold"] == pytest.approx(0.85) and strict["recall"] == 1 / 3
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(("precision", "same", "accepted"), [(0.9, 57, 60), (0.3, 3, 10)])
def test_the_interval_is_wilsons(precision, same, accepted):
    found = calibrate_threshold([0.5] * accepted, [1] * same + [0] * (accepted - same), precision)
    peer = binomtest(same, accepted).proportion_ci(method="wilson")
    assert (found["low"], found["high"]) == pytest.approx((peer.low, peer.high), abs=1e-6)


@pytest.mark.parametrize("precision", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_new_pairs_of_a_planted_mixture_have_the_stated_precision(precision, share, seed):
    found = calibrate_threshold(*mixture(10_000, share, seed), precision)
    scores, same = mixture(200_000, share, seed + 100)
    taken = scores >= found["threshold"]
    assert same[taken].mean() == pytest.approx(precision, abs=0.02)
    assert found["precision"] == pytest.approx(precision, abs=0.005)
    assert (taken & same).sum() / same.sum() == pytest.approx(found["recall"], abs=0.05)


def test_with_few_pairs_it_holds_on_the_mean_and_the_interval_says_how_near():
    scores, same = mixture(200_000, 0.5, 1000)
    reached, inside = [], []
    for seed in range(60):
        found = calibrate_threshold(*mixture(500, 0.5, seed), 0.95)
        reached.append(same[scores >= found["threshold"]].mean())
        inside.append(found["low"] <= reached[-1] <= found["high"])
    assert np.mean(reached) == pytest.approx(0.95, abs=0.02) and np.mean(inside) >= 0.85


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40))
def test_a_higher_precision_needs_no_lower_threshold(pairs):
    scores, same = zip(*pairs)
    if not any(same):
        return
    found = []
    for precision in (0.1, 0.5, 0.9):
        try:
            found.append(calibrate_threshold(scores, same, precision))
        except ValueError:
            break
    assert [one["threshold"] for one in found] == sorted(one["threshold"] for one in found)
    for one, asked in zip(found, (0.1, 0.5, 0.9)):
        assert one["precision"] >= asked - 1e-9 and one["accepted"] == sum(
            s >= one["threshold"] for s in scores
        )


@pytest.mark.parametrize(
    ("scores", "same", "precision", "message"),
    [
        ([0.9, 0.1], [1, 0], 95, "precision=95: expected a share"),
        ([0.9, 0.1], [0, 0], 0.95, "none of 2 pairs is the same"),
        ([0.9, 0.8], [0, 1], 0.95, r"no threshold has a precision of 0\.95: the best is 0\.500"),
        ([0.9], [0, 1], 0.95, "got 1 scores and 2 labels"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(scores, same, precision, message):
    with pytest.raises(ValueError, match=message):
        calibrate_threshold(scores, same, precision)
