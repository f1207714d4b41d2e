"""The coverage penalty by hand.

Run: pytest tests/decoding/test_coverage.py
"""

import math

import pytest
import torch

from zhnlp.decoding import StepOutput, generate
from zhnlp.decoding.coverage import LEAST, coverage_penalty


def test_by_hand():
    attended = torch.tensor([[2.0, 0.5, 0.25], [1.0, 1.0, 1.0], [0.0, 1.0, 3.0]])
    assert coverage_penalty(attended).tolist() == pytest.approx([math.log(8), 0, -math.log(LEAST)])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    assert coverage_penalty(attended, mask).tolist() == pytest.approx([math.log(2), 0, 0])


def test_the_text_that_reads_the_whole_source_wins():
    """Words 1 and 2 have .6 and .4 at every place; the step behind 1 reads the first of two places, behind 2 the second.

    Behind the prefix 1 the text 1 1 is the likeliest, ln .36, and has read (2, 0); 2 1 has ln .24 and has read (1, 1).
    """
    attention = torch.tensor([[0.98, 0.02], [0.98, 0.02], [0.02, 0.98]])

    def step(tokens, cache):
        return StepOutput(
            torch.tensor([[0.0, 0.6, 0.4]]).log().expand(len(tokens), -1), None, attention[tokens[:, -1]]
        )

    def best(weight):
        [[one]] = generate(step, torch.tensor([[1]]), end=None, max_new_tokens=2, beams=4, coverage=weight)
        return one

    assert best(0.0).tokens == [1, 1] and best(0.0).score == pytest.approx(math.log(0.36) / 2)
    read = best(0.2)
    assert read.tokens == [2, 1]
    assert read.score == pytest.approx(math.log(0.24) / 2)
