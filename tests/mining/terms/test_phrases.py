"""Phrases between the borders of the cut corpus, against a plain Viterbi over the same units."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining import workers
from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import PADDING, encode_texts
from zhnlp.mining.lookup import find_texts
from zhnlp.mining.terms.lexicon import Lexicon, make_lexicon
from zhnlp.mining.terms.phrases import (
    candidate_phrases,
    count_phrases,
    cut_nodes,
)
from zhnlp.mining.viterbi import STRETCH, unit_weights

letters = st.sampled_from("一二三四，9a")
corpora = st.lists(st.text(letters, max_size=25), min_size=1, max_size=6)


def best_cut(symbols, weight):
    """Borders of the heaviest cut of a list of symbols: by dynamic programming, the longest last unit where several are."""
    best, back = [0.0] + [-math.inf] * len(symbols), [0] * (len(symbols) + 1)
    for end in range(1, len(symbols) + 1):
        for start in range(end):
            value = best[start] + weight.get(tuple(symbols[start:end]), -math.inf)
            if value > best[end]:
                best[end], back[end] = value, start
    borders = [len(symbols)]
    while borders[-1]:
        borders.append(back[borders[-1]])
    return borders[::-1]


def weights_of(trie, lexicon):
    """{symbols: weight} of the units."""
    nodes = np.flatnonzero(np.isfinite(lexicon.weights))
    rows = [tuple(s for s in row if s) for row in trie.paths(nodes).tolist()]
    return dict(zip(rows, lexicon.weights[nodes].tolist()))


def stretches_of(document):
    """The symbols between separators."""
    stretch = []
    for s in [*document, 0]:
        if s:
            stretch.append(s)
        elif stretch:
            yield stretch
            stretch = []


def direct_phrases(symbols, trie, lexicon):
    """{symbols of an n-gram: the documents in which both of its ends are borders, as often as they are}."""
    weight, found = weights_of(trie, lexicon), {}
    starts = [*symbols.starts.tolist(), symbols.array.size - 2 * PADDING]
    inner = symbols.array[PADDING:-PADDING].tolist()
    for document in range(symbols.documents):
        for stretch in stretches_of(inner[starts[document] : starts[document + 1]]):
            borders = best_cut(stretch, weight)
            for i, a in enumerate(borders):
                for b in borders[i + 1 :]:
                    if b - a <= trie.max_length:
                        found.setdefault(tuple(stretch[a:b]), []).append(document)
    return found


def some_lexicon(trie, picks, seed):
    """A lexicon of some n-grams, with random weights, so that no two cuts weigh the same."""
    longer = np.flatnonzero((trie.depth > 1) & (trie.count >= trie.min_count))
    words = longer[np.array(picks[: longer.size], bool).nonzero()[0]] if longer.size else longer
    counts = np.random.default_rng(seed).uniform(1, 100, len(trie))
    return Lexicon(words, unit_weights(trie, words, counts))


@settings(max_examples=120, deadline=None)
@given(
    corpora,
    st.lists(st.booleans(), min_size=80, max_size=80),
    st.integers(0, 9),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_phrases_equal_a_plain_cut(texts, picks, seed, max_length, min_count):
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, max_length=max_length, min_count=min_count)
    lexicon = some_lexicon(trie, picks, seed)
    direct = direct_phrases(symbols, trie, lexicon)
    found = count_phrases(symbols, trie, lexicon)
    for node, row in zip(range(2, len(trie)), trie.paths(np.arange(2, len(trie))).tolist()):
        documents = direct.get(tuple(s for s in row if s), [])
        assert found.counts[node] == len(documents)
        assert found.documents[node] == len(set(documents))
        assert found.first[node] == min(documents, default=-1)
    assert (found.counts[2:] <= trie.count[2:]).all()


@settings(max_examples=80, deadline=None)
@given(corpora, st.lists(st.booleans(), min_size=80, max_size=80), st.integers(0, 9))
def test_a_candidate_is_cut_as_a_plain_cut_does(texts, picks, seed):
    trie = count_ngrams(encode_texts(texts), max_length=6, min_count=1)
    lexicon = some_lexicon(trie, picks, seed)
    weight = weights_of(trie, lexicon)
    nodes = np.flatnonzero(trie.depth > 1)
    cuts = cut_nodes(trie, nodes, lexicon)
    assert (cuts.units >= 1).all()
    for k, row in enumerate(trie.paths(nodes).tolist()):
        gram = [s for s in row if s]
        borders = best_cut(gram, weight)
        assert cuts.units[k] == len(borders) - 1
        first, last = trie.paths(np.array([cuts.first[k], cuts.last[k]])).tolist()
        assert [s for s in first if s] == gram[: borders[1]]
        assert [s for s in last if s] == gram[borders[-2] :]


def random_corpus(seed=0, size=60_000, characters=60):
    rng = np.random.default_rng(seed)
    text = "".join(map(chr, 0x4E00 + (characters * rng.random(size) ** 3).astype(int)))
    return [text[a : a + 100].replace("丢", "，") for a in range(0, size, 100)]


def test_threads_and_the_order_of_documents_do_not_matter(monkeypatch):
    monkeypatch.setitem(workers.walk.__kwdefaults__, "size", 3_000)  # symbols a job
    texts = random_corpus()
    found = []
    for order, threads in ((texts, 1), (texts, 4), (texts[::-1], 3)):
        symbols = encode_texts(order)
        trie = count_ngrams(symbols, min_count=5)
        words = np.flatnonzero((trie.depth == 2) & (trie.count > 40))
        lexicon = make_lexicon(symbols, trie, words, threads=threads)
        nodes = np.flatnonzero(trie.depth > 1)
        cuts = cut_nodes(trie, nodes, lexicon, threads=threads)
        phrases = count_phrases(symbols, trie, lexicon, threads=threads)
        found.append((lexicon.weights, *cuts, phrases.counts, phrases.documents, phrases.first))
    for columns in found[1:]:
        for one, other in zip(found[0], columns[:-1]):
            assert one.tobytes() == other.tobytes()
    np.testing.assert_array_equal(found[0][-1], found[1][-1])  # the first document goes by their order
    assert found[0][-3].sum() > 10_000 and found[0][-1].max() > 100


def test_a_line_longer_than_a_stretch_is_cut_there_and_nowhere_twice():
    text = "电网" * STRETCH  # 2 × STRETCH symbols without a separator
    symbols = encode_texts([text])
    trie = count_ngrams(symbols, max_length=4, min_count=1)
    lexicon = make_lexicon(symbols, trie, find_texts(trie, ["电网"]))
    phrases = count_phrases(symbols, trie, lexicon).counts
    one, two, crossed = phrases[find_texts(trie, ["电网", "电网电网", "网电"])].tolist()
    assert (one, two, crossed) == (STRETCH, STRETCH - 2, 0)  # the one phrase across the stretches is missed


def test_units_that_are_no_words_are_single_symbols():
    symbols = encode_texts(["命名空间"])
    trie = count_ngrams(symbols, min_count=1)
    lexicon = make_lexicon(symbols, trie, np.empty(0, np.int64))
    found = find_texts(trie, ["命名空间", "名空", "间"])
    assert count_phrases(symbols, trie, lexicon).counts[found].tolist() == [1, 1, 1]
    cuts = cut_nodes(trie, found[:2], lexicon)
    assert cuts.units.tolist() == [4, 2]
    assert trie.words(cuts.first) == ["命", "名"] and trie.words(cuts.last) == ["间", "空"]


def test_words_of_one_symbol_are_no_words_of_a_lexicon():
    symbols = encode_texts(["命名空间"])
    trie = count_ngrams(symbols, min_count=1)
    lexicon = make_lexicon(symbols, trie, find_texts(trie, ["命", "命名", "命名"]))
    assert trie.words(lexicon.nodes) == ["命名"]
    assert np.isneginf(lexicon.weights[find_texts(trie, ["名空", "空间"])]).all()


@pytest.mark.parametrize("texts", [[], ["，"], ["电"]])
def test_nothing_to_cut(texts):
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, min_count=1)
    lexicon = make_lexicon(symbols, trie, np.empty(0, np.int64))
    phrases = count_phrases(symbols, trie, lexicon).counts
    assert phrases[2:].sum() == symbols.total
    assert candidate_phrases(trie, phrases).size == 0
    assert cut_nodes(trie, np.empty(0, np.int64), lexicon).units.size == 0


# candidates -------------------------------------------------------------------------------------------------


def candidates_of(texts, words=(), **limits):
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, **({"min_count": 2} | limits))
    listed = find_texts(trie, list(words))
    lexicon = make_lexicon(symbols, trie, listed[listed >= 0])
    nodes = candidate_phrases(trie, count_phrases(symbols, trie, lexicon).counts)
    assert (np.diff(nodes) > 0).all()
    return set(trie.words(nodes))


def test_candidates_have_no_number_wherever_it_stands():
    found = candidates_of(["增长 30% 电网30千伏", "电网30千伏", "30千伏电网", "30千伏电网"], ["千伏", "电网"])
    assert found == {"电网", "千伏", "千伏电网"}
    assert {"5G基站", "基站"} <= candidates_of(
        ["5G基站", "5G基站"], ["基站"]
    )  # letters and digits: no number
    assert "２０年" not in candidates_of(["２０年"] * 3) and "20年" not in candidates_of(["20年"] * 3)


def test_candidates_are_frequent_and_longer_than_a_symbol():
    found = candidates_of(["电网", "电网", "电站"])
    assert found == {"电网"}


def test_candidates_end_at_borders_often_enough():
    texts = ["命名空间"] * 5 + ["名空"] * 2  # 名空 is a phrase 2 times of 7, which is less than 30 %
    assert candidates_of(texts, ["命名", "空间"]) == {"命名", "空间", "命名空间"}
    texts = ["命名空间"] * 4 + ["名空"] * 2
    assert candidates_of(texts, ["命名", "空间"]) == {"命名", "空间", "命名空间", "名空"}


def test_symbols_beyond_the_alphabet_are_in_no_candidate():
    han = "".join(
        chr(p) for p in [*range(0x4E00, 0xA000), *range(0x20000, 0x2A6DF), *range(0x2A700, 0x2B738)]
    )
    found = candidates_of([han, "电网" * 3, han[-30:] * 2, han[-30:]])
    assert "电网" in found and not any("�" in term for term in found)
