"""How passages count against each other.

Run: pytest tests/reading/test_answering.py
"""

import numpy as np
import pytest

from zhnlp.reading.answering import _chances
from zhnlp.reading.engines.base import RowLogits


def test_passages_count_by_their_odds_and_the_best_one_says_whether_there_is_an_answer():
    """Two passages with logits 2 and 0, both sure of one span: products σ(2)² and σ(0)² e^-2; odds e^2."""

    class Softmax:
        span_kind = "softmax"

    sure = np.array([-9.0, 9.0, -9.0], np.float32)
    said = [[RowLogits(sure, sure, 2.0), RowLogits(sure, sure, 0.0)]]
    start, end, odds = _chances([Softmax()], said, [0, 1], [0, 1])
    np.testing.assert_allclose((start * end)[:, 1], [0.8808**2, 0.25 * np.exp(-2)], rtol=1e-3)
    assert odds == pytest.approx(np.exp(2))
