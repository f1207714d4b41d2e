"""Texts found in a trie, and the n-grams of one trie matched with those of another, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import PADDING, encode_texts
from zhnlp.mining.lookup import find_texts, match_counts
from zhnlp.mining.terms.reference import NgramCounts

letters = st.sampled_from("一二三四，aZ9 -\n\U00020000〇")
corpora = st.lists(st.text(letters, max_size=30), max_size=6)
run_modes = st.sampled_from(["symbol", "token", "drop"])


def trie_of(texts, runs="symbol", **limits):
    return count_ngrams(encode_texts(texts, runs), **({"max_length": 4, "min_count": 1} | limits))


def grams_of(texts, runs, max_length):
    """{tuple of texts of symbols: count}, straight from the encoded corpus."""
    symbols = encode_texts(texts, runs)
    array, names = symbols.array[PADDING:-PADDING].tolist(), symbols.alphabet.texts
    counts = {}
    for i in range(len(array)):
        for n in range(1, max_length + 1):
            gram = array[i : i + n]
            if len(gram) < n or min(gram) < 2:
                break
            key = tuple(names[s] for s in gram)
            counts[key] = counts.get(key, 0) + 1
    return counts


def path(trie, node):
    """The symbols of a node as texts."""
    return tuple(trie.alphabet.texts[s] for s in trie.paths(np.array([node]))[0].tolist() if s)


@settings(max_examples=150, deadline=None)
@given(corpora, st.lists(st.text(letters, max_size=7), max_size=8), run_modes, st.integers(1, 3))
def test_a_text_is_found_where_its_symbols_are_one_frequent_n_gram(texts, asked, runs, min_count):
    trie = trie_of(texts, runs, min_count=min_count)
    counts = grams_of(texts, runs, 4)
    found = find_texts(trie, asked)
    assert found.shape == (len(asked),) and found.dtype == np.int64
    for text, node in zip(asked, found.tolist()):
        symbols = encode_texts([text], runs)
        inner = symbols.array[PADDING:-PADDING].tolist()
        while inner and inner[-1] == 0:
            inner.pop()
        while inner and inner[0] == 0:
            inner.pop(0)
        gram = tuple(symbols.alphabet.texts[s] for s in inner)
        frequent = 0 not in inner and counts.get(gram, 0) >= min_count
        assert (node >= 0) == frequent, (text, gram)
        if node >= 0:
            assert path(trie, node) == gram
            assert trie.count[node] == counts[gram]


@settings(max_examples=100, deadline=None)
@given(corpora, corpora, run_modes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.booleans())
def test_counts_of_another_trie_equal_a_direct_count(here, there, runs, least, other_least, longest, packed):
    trie = trie_of(here, runs, min_count=least)
    other = trie_of(there, runs, min_count=other_least, max_length=longest)
    counts = grams_of(there, runs, longest)
    expected = [
        c if (c := counts.get(path(trie, node), 0)) >= other_least else 0 for node in range(2, len(trie))
    ]
    found = match_counts(trie, NgramCounts.of(other) if packed else other)
    assert found[2:].tolist() == expected
    assert not found[:2].any()


@settings(max_examples=60, deadline=None)
@given(corpora, run_modes)
def test_every_n_gram_is_its_own_match_and_is_found_by_its_text(texts, runs):
    trie = trie_of(texts, runs)
    np.testing.assert_array_equal(match_counts(trie, trie)[2:], trie.count[2:])
    nodes = np.arange(2, len(trie))
    words = trie.words(nodes)
    once = [i for i, word in enumerate(words) if encode_texts([word], runs).total == trie.depth[nodes[i]]]
    found = find_texts(trie, [words[i] for i in once])  # a + Z would be the one symbol aZ
    assert found.tolist() == nodes[once].tolist()


def test_width_is_folded_and_case_is_not():
    trie = trie_of(["5G基站", "IGBT模块"])
    assert trie.words(find_texts(trie, ["５Ｇ基站", "ＩＧＢＴ模块"])) == ["5G基站", "IGBT模块"]
    assert find_texts(trie, ["igbt模块", "5g基站"]).tolist() == [-1, -1]


def test_marks_around_a_text_do_not_matter_and_marks_inside_do():
    trie = trie_of(["电网"])
    node = trie.find([trie.alphabet.index[c] for c in "电网"])
    assert find_texts(trie, ["《电网》", " 电网\n", "\n\n电网", "电网。"]).tolist() == [node] * 4
    assert find_texts(trie, ["电 网", "电\n网", "电，网"]).tolist() == [-1] * 3


@pytest.mark.parametrize("asked", [[], [""], ["", ""], ["，。"], ["\n"]])
def test_nothing_to_look_up_finds_nothing(asked):
    for texts in ([], ["电网"]):
        assert find_texts(trie_of(texts), asked).tolist() == [-1] * len(asked)


def test_blank_texts_do_not_shift_the_others():
    trie = trie_of(["电网电站"])
    found = find_texts(trie, ["", "电网", "，", "电站", "", "猫", "网", ""])
    assert [trie.words([n])[0] if n >= 0 else None for n in found.tolist()] == [
        *(None, "电网", None, "电站", None, None, "网", None)
    ]


def test_unknown_symbols_lone_surrogates_and_endless_runs_are_not_found():
    trie = trie_of(["电网电网"])
    asked = ["电网猫", "猫电网", "\ud800", "电\ud800网", "x" * 5000, "电" * 5000, "\U00020000", "\ufffd", " "]
    assert find_texts(trie, asked).tolist() == [-1] * len(asked)


def test_runs_are_looked_up_as_the_corpus_was_encoded():
    texts = ["5G基站", "GPT-4o模型"]
    expected = {"symbol": ["5G基站", "GPT-4o"], "token": ["5G基站", "GPT-4o"], "drop": ["基站", None]}
    for runs, words in expected.items():
        trie = trie_of(texts, runs, max_length=8)
        found = find_texts(trie, ["5G基站", "GPT-4o"])
        assert [trie.words([n])[0] if n >= 0 else None for n in found.tolist()] == words
    assert find_texts(trie_of(texts, "symbol"), ["GPT", "G基站"]).tolist() == [-1, -1]
    assert (find_texts(trie_of(texts, "token"), ["GPT", "G基站"]) >= 0).all()


def test_longer_n_grams_than_the_other_trie_has_count_as_absent():
    here, there = trie_of(["主变压器"] * 3, max_length=4), trie_of(["主变压器"] * 5, max_length=2)
    nodes = find_texts(here, ["主变", "主变压", "主变压器"])
    assert match_counts(here, there)[nodes].tolist() == [5, 0, 0]
