"""Pairs of units near each other: counts by hand, a slow oracle, parts and threads that add up, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms.cooccurrence import PairCounts, add_pairs, choose_vocabulary, count_cooccurrences
from zhnlp.mining.viterbi import segment_corpus, unit_weights

NONE = np.empty(0, np.int64)
MARKS = "，。"


def setting(texts, words=()):
    """Symbols, trie, word nodes and weights; words weigh more than their parts."""
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, min_count=1, max_length=4)
    nodes = np.sort([trie.find([trie.alphabet.index[c] for c in word]) for word in words]).astype(np.int64)
    weights = unit_weights(trie, nodes, trie.count.astype(float))
    return symbols, trie, nodes, weights


def by_words(trie, vocabulary, pairs):
    words = trie.words(vocabulary)
    matrix = pairs.matrix().tocoo()
    return {
        (words[i], words[j]): int(n)
        for i, j, n in zip(matrix.row, matrix.col, matrix.data)
        if words[i] <= words[j]
    }


def slow_counts(texts, window):
    """Character by character, in plain Python: unordered pairs within documents, whatever marks stand between."""
    found = {}
    for text in texts:
        units = [c for c in text if c not in MARKS]
        for i, a in enumerate(units):
            for d, b in enumerate(units[i + 1 : i + 1 + window]):
                key = min(a, b), max(a, b)
                found[key] = found.get(key, 0) + (window - d) * (2 if a == b else 1)
    return found


def test_units_are_words_and_distance_weighs():
    symbols, trie, nodes, weights = setting(["电网变压器漏油"] * 3, ["电网", "变压器", "漏油"])
    counts = segment_corpus(symbols, trie, nodes, weights)
    vocabulary = choose_vocabulary(trie, counts, min_count=3)
    pairs = count_cooccurrences(symbols, trie, nodes, weights, vocabulary, window=2)
    assert sorted(trie.words(vocabulary)) == ["变压器", "漏油", "电网"]
    assert by_words(trie, vocabulary, pairs) == {
        ("变压器", "电网"): 6,
        ("变压器", "漏油"): 6,
        ("漏油", "电网"): 3,
    }


def test_window_crosses_marks_but_no_document():
    symbols, trie, nodes, weights = setting(["甲，乙", "丙"])
    vocabulary = np.array([trie.alphabet.index[c] for c in "甲乙丙"])
    pairs = count_cooccurrences(symbols, trie, nodes, weights, vocabulary, window=5)
    assert by_words(trie, vocabulary, pairs) == {("乙", "甲"): 5}


def test_units_outside_the_vocabulary_take_no_place():
    symbols, trie, nodes, weights = setting(["甲丁丁丁乙"])
    vocabulary = np.array([trie.alphabet.index[c] for c in "甲乙"])
    pairs = count_cooccurrences(symbols, trie, nodes, weights, vocabulary, window=1)
    assert by_words(trie, vocabulary, pairs) == {("乙", "甲"): 1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("甲乙丙丁，", min_size=1, max_size=30), min_size=1, max_size=5), st.integers(1, 7))
def test_same_as_a_slow_count(texts, window):
    texts = [*texts, "甲乙丙丁"]
    symbols, trie, nodes, weights = setting(texts)
    vocabulary = np.array([trie.alphabet.index[c] for c in "甲乙丙丁"])
    pairs = count_cooccurrences(symbols, trie, nodes, weights, vocabulary, window=window)
    assert by_words(trie, vocabulary, pairs) == slow_counts(texts, window)
    assert (np.diff(pairs.keys) > 0).all()


def test_parts_add_up_and_threads_do_not_matter(monkeypatch):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("甲乙丙丁戊己"), 40)) for _ in range(60)]
    symbols, trie, nodes, weights = setting(texts)
    vocabulary = np.arange(2, len(trie.alphabet))
    whole = count_cooccurrences(symbols, trie, nodes, weights, vocabulary)

    from zhnlp.mining.terms import cooccurrence

    walk = cooccurrence.walk
    parts = []

    def in_small_parts(symbols, job, **options):
        for part in walk(symbols, job, **{**options, "size": 300}):
            parts.append(part)
            yield part

    monkeypatch.setattr(cooccurrence, "walk", in_small_parts)
    for threads in (1, 4):
        parts.clear()
        again = count_cooccurrences(symbols, trie, nodes, weights, vocabulary, threads=threads)
        assert len(parts) > 5
        assert np.array_equal(again.keys, whole.keys)
        assert np.array_equal(again.counts, whole.counts)


@given(st.lists(st.dictionaries(st.integers(0, 24), st.integers(1, 99)), max_size=6))
def test_sum_of_parts(parts):
    counts = [
        PairCounts(25, np.array(sorted(part), np.int64), np.array([part[k] for k in sorted(part)], np.int64))
        for part in parts
    ]
    total = add_pairs(counts, 5)
    expected = {}
    for part in parts:
        for key, count in part.items():
            expected[key] = expected.get(key, 0) + count
    assert dict(zip(total.keys.tolist(), total.counts.tolist())) == expected
    assert total.keys.tolist() == sorted(expected)


def test_vocabulary_goes_by_count_and_leaves_numbers_out():
    symbols, trie, nodes, weights = setting(["甲甲甲乙乙2024，2024，2024，2024，丙"])
    counts = segment_corpus(symbols, trie, nodes, weights)
    assert trie.words(choose_vocabulary(trie, counts, min_count=2)) == ["甲", "乙"]
    assert trie.words(choose_vocabulary(trie, counts, min_count=1, limit=2)) == ["甲", "乙"]


def test_empty_corpus_has_no_pairs():
    symbols, trie, nodes, weights = setting([""])
    pairs = count_cooccurrences(symbols, trie, nodes, weights, NONE)
    assert pairs.keys.size == 0
    assert pairs.matrix().shape == (0, 0)


def test_refusals():
    symbols, trie, nodes, weights = setting(["甲乙"])
    with pytest.raises(ValueError, match=r"window=0 is not possible: expected 1-127"):
        count_cooccurrences(symbols, trie, nodes, weights, NONE, window=0)
    with pytest.raises(ValueError, match=r"limit=1, min_count=5"):
        choose_vocabulary(trie, trie.count, limit=1)
