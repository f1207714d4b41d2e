"""Top-k, top-p and the draw against distributions made by hand, and against the frequencies of many draws.

Run: pytest tests/decoding/test_filters.py
"""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chisquare
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from zhnlp.decoding import StepOutput, filters, generate
from zhnlp.decoding.filters import distribution, draw, keep_top_p

HALVES = torch.tensor([[0.5, 0.25, 0.125, 0.125]])


def dense(probabilities, ids, size):
    """(N, V) of what `distribution` gives."""
    return probabilities if ids is None else torch.zeros(len(ids), size).scatter(1, ids, probabilities)


@pytest.mark.parametrize(
    "p, kept",
    [
        (0.4, [1, 0, 0, 0]),
        (0.5, [1, 0, 0, 0]),  # reached exactly
        (0.51, [2 / 3, 1 / 3, 0, 0]),  # the token that crosses it is kept
        (0.75, [2 / 3, 1 / 3, 0, 0]),
        (0.8, [4 / 7, 2 / 7, 1 / 7, 0]),
        (1.0, [0.5, 0.25, 0.125, 0.125]),
        (1e-9, [1, 0, 0, 0]),
    ],
)
def test_top_p_by_hand(p, kept):
    assert keep_top_p(HALVES, p)[0].tolist() == pytest.approx(kept)


def test_top_k_comes_first_and_each_renormalises():
    """Of .4 .3 .2 .1 three: 4/9 3/9 2/9. The first two have 7/9 > .75, where without top-k they had only .7."""
    scores = torch.tensor([[0.1, 0.4, 0.2, 0.3]]).log()
    assert dense(*distribution(scores, top_k=3, top_p=0.75), 4)[0].tolist() == pytest.approx(
        [0, 4 / 7, 0, 3 / 7]
    )
    assert dense(*distribution(scores, top_p=0.75), 4)[0].tolist() == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9])


def test_temperature_by_hand():
    scores = torch.tensor([[0.2, 0.8]]).log()
    assert distribution(scores, temperature=0.5)[0][0].tolist() == pytest.approx([0.04 / 0.68, 0.64 / 0.68])


def test_what_cannot_come_has_no_probability():
    scores = torch.tensor([[0.3, -torch.inf, 0.1, -torch.inf]])
    for options in ({}, {"top_k": 3}, {"top_p": 0.99}):
        assert dense(*distribution(scores, **options), 4)[0, [1, 3]].tolist() == [0, 0]


@given(st.integers(0, 10**6), st.sampled_from([0, 1, 5, 300]), st.sampled_from([0.05, 0.5, 0.9, 0.999, 1.0]))
def test_it_is_what_transformers_keeps(seed, k, p):
    scores = torch.randn(3, 900, generator=torch.Generator().manual_seed(seed)) * 2
    theirs = TemperatureLogitsWarper(0.7)(None, scores)
    if k:
        theirs = TopKLogitsWarper(k)(None, theirs)
    if p < 1:
        sums = theirs.double().softmax(-1).sort(descending=True).values.cumsum(-1)
        assume(float((sums - p).abs().min()) > 1e-5)  # else rounding says which token crosses p
        theirs = TopPLogitsWarper(p)(None, theirs)
    ours = dense(*distribution(scores, temperature=0.7, top_k=k, top_p=p), 900)
    torch.testing.assert_close(ours, theirs.softmax(-1), atol=1e-6, rtol=1e-4)


def test_a_flat_nucleus_is_wider_than_the_first_look(monkeypatch):
    scores = torch.randn(2, 500, generator=torch.Generator().manual_seed(0)) * 0.1
    wide = dense(*distribution(scores, top_p=0.9), 500)
    monkeypatch.setattr(filters, "NUCLEUS", 500)
    assert (wide > 0).sum(1).min() > 400 and torch.equal(wide, dense(*distribution(scores, top_p=0.9), 500))


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.7, 3.0]), min_size=1, max_size=6), st.floats(0, 1, exclude_max=True)
)
def test_a_draw_lies_where_the_sum_passes_the_number(weights, number):
    if sum(weights) == 0:
        return
    p = torch.tensor([weights]) / sum(weights)
    place = draw(p, torch.tensor([number], dtype=torch.float64)).item()
    summed = p.double().cumsum(-1)[0] / p.double().sum()
    assert p[0, place] > 0
    assert summed[place] >= number - 1e-12 and (place == 0 or summed[place - 1] <= number + 1e-12)


def test_a_number_on_a_border_belongs_to_what_is_behind_it():
    p = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    assert draw(p, torch.tensor([0.5, 0.0], dtype=torch.float64)).tolist() == [1, 1]
    assert draw(torch.tensor([[1.0, 0.0]]), torch.tensor([1 - 2**-53], dtype=torch.float64)).tolist() == [0]


@pytest.mark.parametrize(
    "options", [{}, {"top_k": 4}, {"top_p": 0.8}, {"top_k": 5, "top_p": 0.9, "temperature": 1.5}]
)
def test_draws_follow_the_distribution(options):
    scores = torch.tensor([[2.0, 0.3, 1.5, -1.0, 0.9, 1.1]])

    def step(tokens, cache):
        return StepOutput(scores.expand(len(tokens), -1), None)

    number = 4000
    [drawn] = generate(
        step,
        torch.tensor([[0]]),
        end=None,
        max_new_tokens=1,
        sample=True,
        num_return=number,
        seed=3,
        **options,
    )
    counts = torch.bincount(torch.tensor([one.tokens[0] for one in drawn]), minlength=6)
    expected = dense(*distribution(scores, **options), 6)[0].double() * number
    assert counts[expected == 0].sum() == 0
    kept = expected > 0
    assert chisquare(counts[kept], expected[kept] * (number / expected.sum())).pvalue > 0.01
