"""Rows to train on: labels where the answers are, crops that hold them, what is hidden, joined and forgotten."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.answer_head import IGNORED
from zhnlp.reading.engines.base import Row, span_labels
from zhnlp.reading.engines.dgcnn import FIRST, DGCNNEngine
from zhnlp.reading.examples import Example
from zhnlp.reading.rows import Augmentation, draw, items, tokens_of
from zhnlp.reading.word_vectors import WordKnowledge

NONE = {"absent": 0.0, "blank": 0.0}
ALPHABET = "".join(chr(0x4E00 + number) for number in range(60)) + "零一二三四五六七八九谁写的书"


@pytest.fixture(scope="module")
def engine():
    """Characters with ids, 一 a word too, hand features."""
    words = WordKnowledge(["一"], [9], np.ones((1, 2), np.float32))
    rows = [Example(ALPHABET, (ALPHABET,))]
    return DGCNNEngine.new(None, rows, words=words, min_count=1, hidden_size=4, hand_features=True)


def text_of(engine, row):
    return "".join(
        engine.characters[number - FIRST] for number in row.reading.passage.ids[row.first : row.last]
    )


@given(st.integers(1, 60), st.integers(2, 30), st.data())
def test_the_labels_of_a_crop_are_the_answers_in_it(engine, length, crop, data):
    text = ALPHABET[:length]
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    item = items(engine, [Example("谁", (text,), ((0, start, end),))])[0]
    row = draw(
        item, engine, Augmentation(crop=crop, **NONE), np.random.default_rng(data.draw(st.integers(0, 9)))
    )
    assert row.last - row.first == min(length, crop) and text_of(engine, row) == text[row.first : row.last]
    labels = span_labels(row, crop + 5, begin=2)
    assert (labels[:2] == IGNORED).all() and (labels[2 + row.last - row.first :] == IGNORED).all()
    starts, ends = (np.flatnonzero(labels[:, side] == 1) - 2 + row.first for side in (0, 1))
    if end - start <= crop:
        assert starts.tolist() == [start] and ends.tolist() == [end - 1]
    else:
        assert not starts.size and not ends.size


def test_crops_are_drawn_from_all_places_that_hold_the_answer(engine):
    item = items(engine, [Example("谁", ("零一二三四五六七八九",), ((0, 4, 6),))])[0]
    rng = np.random.default_rng(0)
    found = {draw(item, engine, Augmentation(crop=4, **NONE), rng).first for _ in range(200)}
    assert found == {2, 3, 4}
    blind = {draw(item, engine, Augmentation(crop=4, absent=1.0, blank=0.0), rng).first for _ in range(200)}
    assert blind == set(range(7))


def test_a_row_without_an_answer_comes_from_a_passage_without_one(engine):
    example = Example("谁", ("一二三四", "五六七八"), ((0, 1, 2),))
    item = items(engine, [example])[0]
    rng = np.random.default_rng(0)
    seen = [text_of(engine, draw(item, engine, Augmentation(absent=0.5, blank=0.0), rng)) for _ in range(400)]
    assert (
        0.3 < seen.count("五六七八") / 400 < 0.45
    )  # half of the half, and half of what is drawn without looking
    assert {text_of(engine, draw(item, engine, Augmentation(**NONE), rng)) for _ in range(30)} == {"一二三四"}


def test_hidden_tokens_lose_their_id_and_word(engine):
    item = items(engine, [Example("谁写的书", ("一" * 1000,), ((0, 1, 2),))])[0]
    how = Augmentation(crop=1000, absent=0.0, blank=0.2, blank_rows=1.0)
    passage = draw(item, engine, how, np.random.default_rng(0)).reading.passage
    hidden = passage.ids == 1
    assert (
        0.15 < hidden.mean() < 0.25
        and (passage.words[hidden] == 0).all()
        and (passage.words[~hidden] == 1).all()
    )
    assert (item.readings[0].passage.ids != 1).all()  # the original stays


def test_joined_passages_keep_both_answers_and_features(engine):
    example = Example("谁", ("一二三四", "五六七八"), ((0, 1, 2), (1, 0, 2)))
    item = items(engine, [example])[0]
    how, rng = Augmentation(join=1.0, **NONE), np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        row = draw(item, engine, how, rng)
        text = text_of(engine, row)
        seen.add(text)
        assert {text[start:end] for start, end in row.spans} == {"二", "五六"}
        order = item.readings if text[0] == "一" else item.readings[::-1]
        assert np.array_equal(row.reading.features, np.concatenate([one.features for one in order]))
    assert seen == {"一二三四五六七八", "五六七八一二三四"}


def test_some_of_several_labels_are_forgotten_but_never_all(engine):
    item = items(engine, [Example("谁", ("一一一一",), ((0, 0, 1), (0, 1, 2), (0, 2, 3)))])[0]
    how, rng = Augmentation(forget=0.6, **NONE), np.random.default_rng(0)
    counts = {len(draw(item, engine, how, rng).spans) for _ in range(100)}
    assert counts == {1, 2, 3}


def test_tokens_of_pieces_by_hand():
    offsets = np.array([[0, 1], [2, 8], [8, 9]])
    assert tokens_of(offsets, 0, 1) == (0, 1) and tokens_of(offsets, 3, 5) == (1, 2)
    assert tokens_of(offsets, 1, 2) is None and tokens_of(np.zeros((0, 2)), 0, 3) is None


@pytest.mark.parametrize(
    "options", [{"crop": 1}, {"crop": 2.5}, {"absent": 1.2}, {"blank": -0.1}, {"join": True}]
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match="is not possible"):
        Augmentation(**options)


def test_labels_of_a_row_by_hand(engine):
    reading = engine.read("谁", ["零一二三四五"])[0]
    labels = span_labels(Row(reading, 1, 4, [(2, 4), (0, 2), (3, 5)]), 4)
    assert labels[:3].tolist() == [[0, 0], [1, 0], [0, 1]]
    assert span_labels(Row(reading, 1, 4), 4)[:3].sum() == 0
