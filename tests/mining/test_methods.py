"""The discovery methods, each against the definition in its post."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.discoverer import WordDiscoverer
from zhnlp.mining.encode import PADDING, encode_texts
from zhnlp.mining.methods import make_method, method_names
from zhnlp.mining.methods.language_model import best_tags, transition_table
from zhnlp.mining.progress import Progress

CORPUS = sorted((Path(__file__).parents[2] / "corpora/power_grid").glob("[0-9]*.txt"))
SILENT = Progress(False)


@pytest.fixture(scope="module")
def power_grid():
    symbols = encode_texts(path.read_text("utf-8") for path in CORPUS)
    return symbols, count_ngrams(symbols, min_count=3)


def find(name, symbols, trie, **options):
    return make_method(name, **options).find(symbols, trie, threads=1, progress=SILENT)


@pytest.mark.parametrize("name", method_names())
def test_every_method_finds_domain_terms_first(name):
    discoverer = WordDiscoverer(name, progress=False).fit(CORPUS)
    words = discoverer.freeze().words
    assert {"故障", "绝缘", "负荷"} <= set(words[:60])
    assert len(words) == len(set(words))
    assert sum(discoverer.verdicts().values()) == discoverer.candidates.nodes.size


def test_longest_join_covers_what_strong_fragments_cover(power_grid):
    symbols, trie = power_grid
    method = make_method("ngram", backtrack=False)
    strong = method.strong_fragments(trie)
    found = find("ngram", symbols, trie, backtrack=False)
    text = symbols.array.tolist()
    joined = np.zeros(len(text) + 1, bool)  # joined[i]: no cut between i - 1 and i
    for i in range(PADDING, len(text) - PADDING):
        for n in (2, 3, 4):
            node = trie.find(text[i : i + n]) if min(text[i : i + n]) >= 2 else -1
            if node >= 0 and strong[node]:
                joined[i + 1 : i + n] = True
    counts = {}
    i = PADDING
    while i < len(text) - PADDING:
        j = i + 1
        while joined[j]:
            j += 1
        if text[i] >= 2:
            counts[tuple(text[i:j])] = counts.get(tuple(text[i:j]), 0) + 1
        i = j
    node_of = {gram: gram[0] if len(gram) == 1 else trie.find(gram) for gram in counts if len(gram) <= 8}
    listed = {gram: counts[gram] for gram, node in node_of.items() if node >= 0}
    assert {node_of[gram]: n for gram, n in listed.items()} == {
        node: found.segments[node] for node in np.flatnonzero(found.segments)
    }
    assert found.unlisted == sum(counts.values()) - sum(listed.values())


def test_backtracking_keeps_only_segments_with_strong_windows(power_grid):
    symbols, trie = power_grid
    strong = make_method("ngram").strong_fragments(trie)
    strict, loose = (find("ngram", symbols, trie, backtrack=flag) for flag in (True, False))
    for node in strict.kept:
        path = trie.paths(np.array([node]))[0]
        path = path[path > 0]
        if len(path) > 2:
            n = min(4, len(path))
            assert all(strong[trie.find(path[i : i + n])] for i in range(len(path) - n + 1))
    assert set(strict.kept) < set(loose.kept)


def test_boundary_entropy_keeps_exactly_what_passes_both_thresholds(power_grid):
    symbols, trie = power_grid
    found = find("boundary-entropy", symbols, trie, min_pmi=2.0, min_entropy=0.5)
    for node in found.kept[trie.depth[found.kept] > 1]:
        assert trie.pmi[node] > 2.0
        assert min(trie.left_entropy[node], trie.right_entropy[node]) > 0.5


def test_given_thresholds_are_literal_and_defaults_fit_the_size(power_grid):
    _, trie = power_grid
    given = make_method("ngram", min_pmi=(6, 9, 12)).strong_fragments(trie)
    assert trie.pmi[given & (trie.depth == 2)].min() >= 6
    assert trie.pmi[given & (trie.depth == 4)].min(initial=99) >= 12
    number = make_method("ngram", min_pmi=6.0).strong_fragments(trie)
    assert trie.pmi[number].min() >= 6
    scale = math.log(trie.total) / math.log(1e7)
    assert make_method("ngram").thresholds(trie.total)[2:5].tolist() == pytest.approx(
        [scale, 4 * scale, 7 * scale]
    )


def test_pmi_cut_chunks_rebuild_the_text_and_finer_cuts_are_more(power_grid):
    symbols, trie = power_grid
    units = []
    for ratio in (1.0, 10.0, 100.0):
        found = find("pmi-cut", symbols, trie, min_ratio=ratio)
        units.append(int(found.segments.sum()) + found.unlisted)
        if found.unlisted == 0:
            assert int((found.segments * trie.depth).sum()) == symbols.total
    assert units == sorted(units)
    fine = find("pmi-cut", symbols, trie, min_ratio=1e9)
    assert int(fine.segments.sum()) == symbols.total


def test_min_entropy_drops_what_its_parts_say(power_grid):
    symbols, trie = power_grid
    all_words = set(find("min-entropy", symbols, trie, redundancy="off").kept)
    auto = set(find("min-entropy", symbols, trie).kept)
    strict = set(find("min-entropy", symbols, trie, redundancy="strict").kept)
    assert strict <= auto <= all_words
    assert strict < all_words


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(-5, 0), min_size=4, max_size=4), min_size=1, max_size=8))
def test_tag_viterbi_equals_brute_force(scores):
    scores, moves = np.array(scores), transition_table()
    n = len(scores)
    value, back, tags = np.empty((n, 4)), np.empty((n, 4), np.int8), np.empty(n, np.int8)
    total = best_tags(scores, n, moves, value, back, tags)

    def cost(path):
        if path[0] != 0:
            return -math.inf
        return sum(scores[i, t] for i, t in enumerate(path)) + sum(
            moves[a, b] for a, b in itertools.pairwise(path)
        )

    assert total == pytest.approx(max(map(cost, itertools.product(range(4), repeat=n))))
    assert cost(tags.tolist()) == pytest.approx(total)


def test_unknown_methods_and_options_are_refused():
    with pytest.raises(
        ValueError, match="method='ngrams' is not known: expected one of 'ngram', 'min-entropy'"
    ):
        make_method("ngrams")
    with pytest.raises(TypeError, match="method 'ngram' has no option 'min_ratio': it takes order, min_pmi"):
        make_method("ngram", min_ratio=2)
    for name, option in (("ngram", {"order": 9}), ("pmi-cut", {"min_ratio": 0}), ("lm", {"backoff": 1.0})):
        with pytest.raises(ValueError, match="is not possible"):
            make_method(name, **option)
    for name, option in (
        ("ngram", {"min_pmi": math.nan}),
        ("ngram", {"min_pmi": ()}),
        ("ngram", {"min_segments": -5}),
        ("boundary-entropy", {"min_entropy": -1}),
        ("min-entropy", {"min_probability": -1}),
        ("lm", {"min_segments": "5"}),
    ):
        with pytest.raises(ValueError, match="expected a"):
            make_method(name, **option)
    with pytest.raises(ValueError, match="redundancy='some' is not known"):
        make_method("min-entropy", redundancy="some")
