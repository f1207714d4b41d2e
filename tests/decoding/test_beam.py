"""Beam search against every text of a small language written down, and the toy case of the post.

Run: pytest tests/decoding/test_beam.py
"""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_language import END, ToyLanguage, holds

from zhnlp.decoding import PerRow, StepOutput, generate
from zhnlp.decoding.coverage import coverage_penalty

LONGEST = 4
EVERY = 400  # beams: more than there are texts of four words


def best_texts(language, prefix, fits=lambda text: True, length_penalty=1.0, coverage=0.0):
    """(score, text) of every text, best first."""
    scored = []
    for text in language.texts(LONGEST):
        if fits(text):
            short = coverage_penalty(language.attended(prefix, text)[None]).item() if coverage else 0.0
            score = language.log_p(prefix, text) / len(text) ** length_penalty - coverage * short
            scored.append((score, [word for word in text if word != END]))
    return sorted(scored, key=lambda pair: -pair[0])


def unique_bigrams(text):
    pairs = list(pairwise(text))
    return len(set(pairs)) == len(pairs)


CASES = {
    "plain": ({}, lambda text: True),
    "sum": ({"length_penalty": 0.0}, lambda text: True),
    "long": ({"length_penalty": 1.6}, lambda text: True),
    "coverage": ({"coverage": 0.4}, lambda text: True),
    "no bigram twice": ({"no_repeat_ngram": 2, "count_prefix": False}, unique_bigrams),
    "forbidden": (
        {"forbidden": [3, (1, 2)]},
        lambda text: 3 not in text and not holds((2, *text), (1, 2)),
    ),
    "allowed": ({"allowed": [1, 4]}, lambda text: set(text) <= {0, 1, 4}),
    "shortest": ({"min_new_tokens": 3}, lambda text: len(text) >= 4 or (len(text) == 4 and END not in text)),
    "forced": ({"forced": [(2, 3)]}, lambda text: holds(text, (2, 3))),
    "forced twice": ({"forced": [(2,), (4, 1)]}, lambda text: holds(text, (2,)) and holds(text, (4, 1))),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_best_of_all_texts(case, seed):
    options, fits = CASES[case]
    language, prefix = ToyLanguage(seed), (1, 2)
    numbers = {key: options[key] for key in ("length_penalty", "coverage") if key in options}
    expected = best_texts(language, prefix, fits, **numbers)[:3]
    [found] = generate(
        language.step,
        torch.tensor([prefix]),
        end=END,
        max_new_tokens=LONGEST,
        beams=EVERY,
        num_return=3,
        **options,
    )
    assert [one.tokens for one in found] == [text for _, text in expected]
    assert [one.score for one in found] == pytest.approx([score for score, _ in expected], abs=1e-4)
    for one in found:
        whole = (*one.tokens, END) if one.ended else one.tokens
        assert one.log_probability == pytest.approx(language.log_p(prefix, whole), abs=1e-4)
        assert one.ended == (len(one.tokens) < LONGEST)


def post_7259(tokens, cache):
    """p(a) = .6, p(b|a) = .55, p(d|c) = .9 over a, b, c, d (ids 0 to 3)."""
    after = {4: [0.6, 0.0, 0.4, 0.0], 0: [0.0, 0.55, 0.45, 0.0], 2: [0.0, 0.1, 0.0, 0.9]}
    rows = [after.get(int(token), [0.25] * 4) for token in tokens[:, -1]]
    return StepOutput(torch.tensor(rows).log(), None)


def test_the_toy_case_of_post_7259():
    start = torch.tensor([[4]])
    [[greedy]] = generate(post_7259, start, end=None, max_new_tokens=2)
    [[best, second]] = generate(post_7259, start, end=None, max_new_tokens=2, beams=2, num_return=2)
    assert greedy.tokens == [0, 1] and greedy.log_probability == pytest.approx(math.log(0.6 * 0.55))
    assert best.tokens == [2, 3] and best.log_probability == pytest.approx(math.log(0.4 * 0.9))
    assert second.tokens == [0, 1] and best.score == pytest.approx(best.log_probability / 2)


@settings(max_examples=40)
@given(st.integers(0, 50), st.integers(2, 6), st.integers(2, 9), st.booleans())
def test_results_are_sorted_and_what_they_say_of_themselves(seed, beams, longest, early):
    language, prefix = ToyLanguage(seed), (3, 1)
    [found] = generate(
        language.step,
        torch.tensor([prefix]),
        end=END,
        max_new_tokens=longest,
        beams=beams,
        num_return=beams,
        length_penalty=0.8,
        early_stopping=early,
    )
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({tuple(one.tokens) for one in found}) == len(found) == beams
    for one in found:
        whole = (*one.tokens, END) if one.ended else one.tokens
        assert len(whole) <= longest and END not in one.tokens
        assert one.log_probability == pytest.approx(language.log_p(prefix, whole), abs=1e-4)
        assert one.score == pytest.approx(one.log_probability / len(whole) ** 0.8, abs=1e-4)


def test_the_penalised_sum_is_searched_and_the_model_s_own_is_told():
    language = ToyLanguage(2)
    [[one]] = generate(
        language.step, torch.tensor([(1, 2)]), end=END, max_new_tokens=6, beams=3, repetition_penalty=3.0
    )
    whole = (*one.tokens, END) if one.ended else one.tokens
    assert one.log_probability == pytest.approx(language.log_p((1, 2), whole), abs=1e-4)
    assert one.score < one.log_probability / len(whole)  # some word was there before


def test_early_stopping_ends_sooner_or_later():
    steps, scores = {}, {}
    for early in (True, False, "never"):
        for seed in (8, 1):
            language = ToyLanguage(seed)
            [[one]] = generate(
                language.step,
                torch.tensor([(1, 2)]),
                end=END,
                max_new_tokens=30,
                beams=2,
                early_stopping=early,
            )
            steps[early, seed], scores[early, seed] = len(language.rows), one.score
    assert steps[True, 8] < steps[False, 8] < steps["never", 8] < 30
    assert scores[True, 8] < scores[False, 8] and scores[False, 1] < scores["never", 1]


def test_two_ends_are_both_ends():
    language = ToyLanguage(1)
    [found] = generate(
        language.step, torch.tensor([(1, 2)]), end=[0, 4], max_new_tokens=5, beams=4, num_return=4
    )
    assert all(4 not in one.tokens and 0 not in one.tokens for one in found)
    assert any(one.ended for one in found)


def test_fewer_texts_than_beams_are_all_there_is():
    language = ToyLanguage(0)
    [found] = generate(
        language.step, torch.tensor([(1, 2)]), end=END, max_new_tokens=1, beams=9, num_return=9
    )
    assert sorted(one.tokens for one in found) == [[], [1], [2], [3], [4]]


def test_a_row_is_written_to_its_own_limit():
    language = ToyLanguage(3)
    prefix = torch.tensor([(1, 2), (1, 2)])
    [short], [long] = generate(language.step, prefix, end=None, max_new_tokens=PerRow([2, 7]), beams=3)
    assert (len(short.tokens), len(long.tokens)) == (2, 7)
    assert language.rows == [2, 6] + [3] * 5


def test_no_token_left_is_refused():
    """Row 1 has two words, and each may come once."""
    with pytest.raises(ValueError, match=r"no token may follow the 2 that row 1 has written"):
        generate(
            ToyLanguage().step,
            torch.tensor([(1, 2), (3, 4)]),
            end=None,
            max_new_tokens=9,
            beams=2,
            allowed=PerRow([[1, 2, 3, 4], [3, 4]]),
            no_repeat_ngram=1,
            count_prefix=False,
        )
