"""Deletion and insertion curves, comprehensiveness and sufficiency of scores that can be added up by hand.

Run: pytest tests/attribution/test_faithfulness.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.attribution.faithfulness import comprehensiveness, deletion_curve, insertion_curve, sufficiency

WEIGHTS = np.array([1.0, 5.0, 2.0, 0.0])


def score(kept):
    return kept @ WEIGHTS


def test_by_hand():
    """Best first: 8, 3, 1, 0, 0 is left, and 0, 5, 7, 8, 8 comes back."""
    deletion, insertion = deletion_curve(score, WEIGHTS), insertion_curve(score, WEIGHTS)
    assert deletion.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert deletion.values.tolist() == [8, 3, 1, 0, 0] and insertion.values.tolist() == [0, 5, 7, 8, 8]
    assert deletion.area == pytest.approx((5.5 + 2 + 0.5 + 0) / 4)
    assert insertion.area == pytest.approx((2.5 + 6 + 7.5 + 8) / 4)
    assert comprehensiveness(score, WEIGHTS, [0.25, 0.5]) == pytest.approx((5 + 7) / 2)
    assert sufficiency(score, WEIGHTS, [0.25, 0.5]) == pytest.approx((3 + 1) / 2)
    assert comprehensiveness(score, WEIGHTS, [0.01]) == 5  # at least one


@given(st.permutations(range(8)), st.lists(st.floats(0, 9), min_size=8, max_size=8))
def test_no_order_is_better_than_the_true_one(order, weights):
    weights = np.array(weights)

    def total(kept):
        return kept @ weights

    assert deletion_curve(total, weights).area <= deletion_curve(total, order).area + 1e-9
    assert insertion_curve(total, weights).area >= insertion_curve(total, order).area - 1e-9
    both = deletion_curve(total, order).area + insertion_curve(total, order).area
    assert both == pytest.approx(weights.sum())  # what is not taken away is there


def test_long_texts_have_so_many_points():
    curve = deletion_curve(lambda kept: kept.mean(1), np.arange(1000), points=20)
    assert len(curve.values) == 21 and curve.values[0] == 1 and curve.values[-1] == 0
    assert curve.area == pytest.approx(0.5)


def test_a_ranking_of_nothing_is_refused():
    for measure in (deletion_curve, insertion_curve, comprehensiveness, sufficiency):
        with pytest.raises(ValueError, match="a ranking of no unit"):
            measure(score, [])
