"""Spans: the search against brute force, thresholds, ties, overlaps, masks, cutting from the user's own string.

Run: pytest tests/reading/test_spans.py
"""

import itertools
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertTokenizer

from zhnlp.reading.spans import candidates, cut, n_best, sigmoid_chances, softmax_chances, span_scores
from zhnlp.tokenizers.alignment import Alignment

RARE = st.integers(0x20, 0x2FFFF).filter(lambda code: not 0xD800 <= code < 0xE000).map(chr)
CHANCE = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.25, 0.5, 0.5, 0.75, 1.0])
MIXED = st.text(
    st.one_of(st.sampled_from(list("电网公司的，。 　１２ＡＢab é😀👨‍👩‍👧\n𠮷龘ｶﾞ")), RARE),
    max_size=25,
)


@st.composite
def batches(draw):
    rows, length = draw(st.integers(1, 3)), draw(st.integers(0, 7))
    each = st.lists(CHANCE, min_size=length, max_size=length)
    start, end = (draw(st.lists(each, min_size=rows, max_size=rows)) for _ in range(2))
    return np.array(start).reshape(rows, length), np.array(end).reshape(rows, length)


def brute(start, end, longest, threshold):
    """{(start, end): score} of one row, end exclusive."""
    return {
        (first, last + 1): float(np.float32(start[first]) * np.float32(end[last]))
        for first, last in itertools.product(range(len(start)), repeat=2)
        if first <= last < first + longest and start[first] > threshold and end[last] > threshold
    }


@given(batches(), st.integers(1, 9), st.sampled_from([0.0, 0.1, 0.3]))
def test_candidates_are_all_that_there_are(chances, longest, threshold):
    spans = candidates(span_scores(*chances, max_length=longest, threshold=threshold))
    for row, (start, end) in enumerate(zip(*chances)):
        here = spans.row == row
        found = dict(
            zip(zip(spans.start[here].tolist(), spans.end[here].tolist()), spans.score[here].tolist())
        )
        assert found == brute(start, end, longest, np.float32(threshold))


@given(batches(), st.integers(1, 9))
def test_the_best_span_is_that_of_brute_force(chances, longest):
    spans = n_best(span_scores(*chances, max_length=longest, threshold=0))
    for row, (start, end) in enumerate(zip(*chances)):
        every = brute(start, end, longest, 0)
        here = np.flatnonzero(spans.row == row)
        assert len(here) == bool(every)
        if every:
            best = min(every, key=lambda span: (-every[span], span))  # of equals the first, then the shorter
            assert (spans.start[here[0]], spans.end[here[0]]) == best
            assert spans.score[here[0]] == pytest.approx(every[best])


@given(batches(), st.integers(1, 4), st.integers(1, 4))
def test_the_n_best_share_no_token_and_leave_no_better_one_out(chances, longest, n):
    spans = n_best(span_scores(*chances, max_length=longest, threshold=0), n)
    for row, (start, end) in enumerate(zip(*chances)):
        every, expected = brute(start, end, longest, 0), []
        while every and len(expected) < n:
            best = min(every, key=lambda span: (-every[span], span))
            expected.append(best)
            every = {span: score for span, score in every.items() if span[0] >= best[1] or span[1] <= best[0]}
        here = spans.row == row
        assert list(zip(spans.start[here].tolist(), spans.end[here].tolist())) == expected
        assert (np.diff(spans.score[here]) <= 0).all()


def test_the_limit_keeps_the_best_of_each_row():
    draws = np.random.default_rng(0)
    band = span_scores(draws.random((3, 40)), draws.random((3, 40)))
    whole, some = candidates(band), candidates(band, limit=7)
    for row in range(3):
        expected = np.sort(whole.score[whole.row == row])[-7:]
        np.testing.assert_array_equal(np.sort(some.score[some.row == row]), expected)
    assert (np.diff(some.row) >= 0).all()


def test_a_mask_keeps_ends_of_answers_out():
    ones = np.ones((1, 4))
    spans = candidates(span_scores(ones, ones, mask=[[0, 1, 1, 0]]))
    assert list(zip(spans.start.tolist(), spans.end.tolist())) == [(1, 2), (1, 3), (2, 3)]


def test_sigmoid_chances_by_hand():
    """σ(ln 3) = 3/4, σ(0) = 1/2; the span's score has the passage's chance squared."""
    log3 = float(np.log(3))
    start, end = sigmoid_chances(
        torch.tensor([[log3, -log3]]), torch.tensor([[0.0, log3]]), torch.tensor([0.0])
    )
    np.testing.assert_allclose(start, [[3 / 8, 1 / 8]], atol=1e-6)
    np.testing.assert_allclose(end, [[1 / 4, 3 / 8]], atol=1e-6)
    assert span_scores(start, end)[0, 0, 1] == pytest.approx(9 / 64)
    assert sigmoid_chances([[-1e4, 1e4]], [[0.0, 0.0]])[0].tolist() == [[0, 1]]


@given(batches(), st.integers(0, 99))
def test_softmax_chances_sum_to_one_over_each_question(chances, seed):
    start, end = chances
    groups = np.random.default_rng(seed).integers(0, 2, len(start))
    found = softmax_chances(start, end, groups=groups)
    for part in found:
        for group in set(groups.tolist()):
            assert part.size == 0 or part[groups == group].sum() == pytest.approx(1)
    one = softmax_chances(start, end)[0]
    if one.size:
        np.testing.assert_allclose(one, np.exp(start) / np.exp(start).sum(), atol=1e-6)


def test_softmax_over_rows_of_which_some_are_masked():
    start, _ = softmax_chances([[0.0, 1e4], [0.0, 0.0]], [[0.0, 0.0]] * 2, [[1, 0], [0, 0]], [7, 3])
    assert start.tolist() == [[1, 0], [0, 0]]


def test_nothing_to_read():
    for shape in ((0, 5), (2, 0), (0, 0)):
        band = span_scores(np.zeros(shape), np.zeros(shape))
        assert len(candidates(band).row) == len(n_best(band, 3).row) == 0
    assert len(n_best(span_scores(np.zeros((2, 4)), np.zeros((2, 4)))).row) == 0


def test_a_thousand_passages_take_less_than_a_second():
    draws = np.random.default_rng(1)
    start, end = draws.random((1000, 200)) ** 8, draws.random((1000, 200)) ** 8
    began = time.process_time()
    band = span_scores(start, end)
    assert len(n_best(band).row) == 1000 and len(candidates(band).row) > 1000
    assert time.process_time() - began < 1


@given(MIXED, st.data())
def test_an_answer_of_characters_is_cut_from_the_text(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = cut(text, start, end)
    assert text[found["start"] : found["end"]] == found["answer"] == text[start:end].strip()
    assert start <= found["start"] <= found["end"] <= end


def bert():
    characters = "电网公司的12abé😀𠮷ガ，。"
    return BertTokenizer(
        vocab={
            token: number
            for number, token in enumerate(
                ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, "##a", "##b", "##1"]
            )
        }
    )


BERT = bert()


@given(MIXED, st.data())
def test_an_answer_of_pieces_is_cut_from_the_text(text, data):
    encoding = BERT(text, return_offsets_mapping=True)
    offsets = encoding["offset_mapping"]
    start = data.draw(st.integers(0, len(offsets)))
    end = data.draw(st.integers(start, len(offsets)))
    found = cut(text, start, end, offsets)
    assert text[found["start"] : found["end"]] == found["answer"]
    assert found["answer"] == Alignment.of(encoding, text).cut(start, end).strip()


def test_tokens_that_stand_for_nothing_make_an_empty_answer():
    assert cut("电网", 0, 1, [(0, 0), (0, 1), (1, 2), (0, 0)]) == {"answer": "", "start": 0, "end": 0}
    assert cut("  ", 0, 2)["answer"] == ""
    assert cut("电 网", 0, 4, [(0, 0), (0, 1), (2, 3), (0, 0)]) == {"answer": "电 网", "start": 0, "end": 3}


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (
            ([[0.5, 2.0]], [[0.5, 0.5]]),
            {},
            r"start holds 0\.5 to 2: expected chances in \[0, 1\]\. Likely logits",
        ),
        (([[0.5]], [[-0.5]]), {}, "end holds -0.5"),
        (([[float("nan")]], [[0.5]]), {}, "start holds nan"),
        (([[0.5]], [[0.5, 0.5]]), {}, r"start has the shape \(1, 1\) and end \(1, 2\)"),
        (([0.5], [0.5]), {}, r"start got the shape \(1,\): expected \(passages, tokens\)"),
        (([[0.5]], [[0.5]]), {"max_length": 0}, "max_length=0 is not possible"),
    ],
)
def test_what_is_no_chance_is_refused(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        span_scores(*arguments, **options)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="n=0 is not possible"):
        n_best(np.zeros((1, 1, 1)), 0)
    with pytest.raises(IndexError, match="span 1:3 is not inside the 2 tokens of the passage"):
        cut("电网", 1, 3)
