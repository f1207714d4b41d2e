"""Weights of units: numbers by hand, what the toll splits and keeps, the limit, and refusals."""

import numpy as np
import pytest

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.unit_weights import adjusted_frequency, candidate_units, tolls, word_weights
from zhnlp.mining.viterbi import unit_weights


def learn(texts, min_count=2, max_length=5):
    symbols = encode_texts(texts)
    return symbols, count_ngrams(symbols, min_count=min_count, max_length=max_length)


def node(trie, word):
    return trie.find([trie.alphabet.index[c] for c in word])


def as_dict(trie, result):
    return dict(zip(trie.words(result.nodes), result.weights.tolist()))


NONE = np.empty(0, np.int64)
GRID = [
    f"{a}{b}" for a in "甲乙丙丁戊" for b in "子丑寅卯辰"
] * 4  # every pair alike: characters are the units
FIXED = [f"{a}电网{b}" for a in "甲乙丙丁戊" for b in "子丑寅卯辰"] * 4  # 电网 always together


def test_toll_by_length_and_size():
    _, trie = learn(["一二三四五" * 2] * 3, max_length=8)
    at = [node(trie, w) for w in ("一", "一二", "一二三", "一二三四", "一二三四五", "一二三四五一")]
    expected = np.array([0, 3, 9, 13, 17, 21]) * np.log(30) / np.log(1e7)
    assert tolls(trie)[at] == pytest.approx(expected)


def test_fixed_pair_becomes_a_unit_and_free_pairs_do_not():
    symbols, trie = learn(GRID + FIXED)
    weights = as_dict(trie, word_weights(symbols, trie, NONE))
    assert "电网" in weights
    assert not {w for w in weights if len(w) > 1} - {"电网"}


def test_weights_by_hand():
    symbols, trie = learn(GRID + FIXED)
    result = word_weights(symbols, trie, NONE)
    # 100 lines of two characters, 100 of two characters and 电网: 500 units, 100 of them 电网, 40 each of ten characters
    assert result.counts[node(trie, "电网")] == 100
    assert result.counts[node(trie, "甲")] == 40
    weights = as_dict(trie, result)
    toll = 3 * np.log(600) / np.log(1e7)
    assert weights["电网"] == pytest.approx(np.log(100 / 500.2) - toll, abs=1e-3)
    assert weights["甲"] == pytest.approx(np.log(40 / 500.2), abs=1e-3)
    assert weights["电"] == pytest.approx(np.log(0.1 / 500.2), abs=1e-3)  # never a unit, still there


def test_every_cut_is_a_whole_one():
    symbols, trie = learn(GRID + FIXED)
    result = word_weights(symbols, trie, NONE)
    assert (result.counts * trie.depth).sum() == trie.total
    assert (np.diff(result.nodes) > 0).all()
    assert (result.weights <= 0).all()


def test_candidates_are_words_and_pairs_without_numbers():
    _, trie = learn(["电网 2024年", "电站 2024年", "变压器", "2024 07", "电网 2025年"] * 2)
    date = trie.find([trie.alphabet.index[c] for c in ("2024", "年")])
    assert date >= 0
    words = np.array([node(trie, "变压器"), date])
    found = set(trie.words(candidate_units(trie, words)))
    assert {"变压器", "电网"} <= found
    assert "变压" not in found  # always part of 变压器
    assert not [word for word in found if any(c.isdigit() for c in word)]


def test_own_segments_and_first_cut_lead_to_the_same_units():
    symbols, trie = learn(GRID + FIXED)
    segments = np.zeros(len(trie), np.int64)
    segments[2 : len(trie.alphabet)] = trie.count[2 : len(trie.alphabet)]
    a, b = word_weights(symbols, trie, NONE), word_weights(symbols, trie, NONE, segments)
    assert as_dict(trie, a) == as_dict(trie, b)


def test_limit_keeps_what_is_spread_over_the_corpus():
    symbols, trie = learn(["电网"] * 60 + ["变压"] * 40 + ["电网"] * 4)
    everything = word_weights(symbols, trie, NONE)
    assert {w for w in as_dict(trie, everything) if len(w) > 1} == {"电网", "变压"}
    one = as_dict(trie, word_weights(symbols, trie, NONE, limit=1))
    assert "电网" in one
    assert "变压" not in one
    assert set("电网变压") <= set(as_dict(trie, word_weights(symbols, trie, NONE, limit=0)))


def test_adjusted_frequency_by_hand():
    symbols, trie = learn(["电网", "变压", "电网", "变压", "变压", "变压"])
    units = np.array([node(trie, "电网"), node(trie, "变压")])
    weights = unit_weights(trie, units, trie.count.astype(float))
    whole = adjusted_frequency(symbols, trie, units, weights)
    assert whole == pytest.approx([2, 4])  # one part: the count itself
    lengths = np.diff(np.append(symbols.starts, symbols.span[1] - symbols.span[0])).astype(float)
    parts = adjusted_frequency(symbols, trie, units, weights, part=1)
    share = lengths / lengths.sum()
    assert parts[0] == pytest.approx(np.sqrt(share[[0, 2]]).sum() ** 2)
    assert parts[1] == pytest.approx(np.sqrt(share[[1, 3, 4, 5]]).sum() ** 2)


def test_threads_change_nothing():
    symbols, trie = learn(GRID + FIXED)
    a = word_weights(symbols, trie, NONE, limit=1)
    b = word_weights(symbols, trie, NONE, limit=1, threads=2)
    assert all(np.array_equal(x, y) for x, y in zip(a, b))


def test_refusals():
    symbols, trie = learn(GRID)
    with pytest.raises(ValueError, match="rounds=0"):
        word_weights(symbols, trie, NONE, rounds=0)
    with pytest.raises(ValueError, match="limit=-1"):
        word_weights(symbols, trie, NONE, limit=-1)


def test_corpus_without_a_word():
    symbols, trie = learn(["电", "网"])
    assert set(as_dict(trie, word_weights(symbols, trie, NONE, limit=3))) == {"电", "网"}
