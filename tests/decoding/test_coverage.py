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
    """Words 1 and 2 are as likely as .6 and .4; 1 reads the first of two places, 2 the second.

    Of the texts of two words 1 1 is the likeliest, ln .36, and reads (2, 0); 1 2 has ln .24 and reads (1, 1).
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
    # attention is that of the step that writes the word: after 1 and 1 of 1 1, after 1 and 2 of 2 1
    read = best(0.2)
    assert read.tokens == [2, 1]
    assert read.score == pytest.approx(math.log(0.24) / 2 - 0.2 * 0.0, abs=1e-6)
