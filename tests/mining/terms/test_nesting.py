"""Terms inside terms: C-value sums, contained terms and extensions against brute force."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.lookup import find_texts
from zhnlp.mining.terms.nesting import nested_terms, sum_containers, widest_extensions

letters = st.sampled_from("一二三，")
corpora = st.lists(st.text(letters, max_size=30), min_size=1, max_size=5)


def trie_of(texts, **limits):
    return count_ngrams(encode_texts(texts), **({"max_length": 12, "min_count": 1} | limits))


def some_nodes(trie, seed, share):
    nodes = np.flatnonzero(trie.depth > 1)
    return nodes[np.random.default_rng(seed).random(nodes.size) < share]


@settings(max_examples=150, deadline=None)
@given(corpora, st.integers(0, 99), st.sampled_from([0.1, 0.5, 1.0]), st.integers(1, 12))
def test_sums_of_containers_equal_brute_force(texts, seed, share, max_length):
    trie = trie_of(texts, max_length=max_length)
    nodes = some_nodes(trie, seed, share)
    words, counts = trie.words(nodes), trie.count[nodes].tolist()
    nesting = sum_containers(trie, nodes)
    for k, word in enumerate(words):
        around = [c for other, c in zip(words, counts) if word in other and word != other]
        assert nesting.containers[k] == len(around)
        assert nesting.inside[k] == sum(around)


@settings(max_examples=100, deadline=None)
@given(corpora, st.integers(0, 99), st.sampled_from([0.2, 1.0]), st.randoms(use_true_random=False))
def test_contained_terms_equal_brute_force_longest_first_then_from_the_left(texts, seed, share, random):
    trie = trie_of(texts, max_length=7)
    nodes = some_nodes(trie, seed, share).tolist()
    random.shuffle(nodes)  # a table is in the order of its scores
    nodes = np.array(nodes, np.int64)
    words = trie.words(nodes)
    for word, inner in zip(words, nested_terms(trie, nodes)):
        expected = [other for other in words if other in word and other != word]
        expected.sort(key=lambda other: (-len(other), word.index(other)))
        assert [words[i] for i in inner] == expected


@settings(max_examples=100, deadline=None)
@given(corpora, st.integers(1, 3))
def test_widest_extensions_equal_brute_force(texts, min_count):
    trie = trie_of(texts, max_length=5, min_count=min_count)
    left, right = widest_extensions(trie)
    words = trie.words(np.arange(2, len(trie)))
    count = dict(zip(words, trie.count[2:].tolist()))
    for node, word in enumerate(words, 2):
        longer = {w: c for w, c in count.items() if len(w) == len(word) + 1}
        assert right[node] == max((c for w, c in longer.items() if w[:-1] == word), default=0)
        assert left[node] == max((c for w, c in longer.items() if w[1:] == word), default=0)


def test_a_transformer_inside_its_compounds_by_hand():
    trie = trie_of(["主变压器", "主变压器", "变压器油", "变压器", "主变压器油"])
    terms = ["变压器", "主变压器", "变压器油", "主变压器油"]
    nodes = find_texts(trie, terms)
    nesting = sum_containers(trie, nodes)
    # 变压器: in 主变压器 (3), 变压器油 (2), 主变压器油 (1); 主变压器 and 变压器油: in 主变压器油
    assert nesting.containers.tolist() == [3, 1, 1, 0]
    assert nesting.inside.tolist() == [6, 1, 1, 0]
    assert [[terms[i] for i in inner] for inner in nested_terms(trie, nodes)] == [
        *([], ["变压器"], ["变压器"]),
        ["主变压器", "变压器油", "变压器"],
    ]
    left, right = widest_extensions(trie)
    assert left[nodes[0]] == 3 and right[nodes[0]] == 2


def test_a_term_twice_inside_another_counts_once():
    trie = trie_of(["哈哈哈", "天天向上天天"])
    nodes = find_texts(trie, ["哈哈", "哈哈哈", "天天", "天天向上天天"])
    nesting = sum_containers(trie, nodes)
    assert nesting.containers.tolist() == [1, 0, 1, 0]
    assert nesting.inside.tolist() == [1, 0, 1, 0]
    assert nested_terms(trie, nodes) == [[], [0], [], [2]]


def test_the_longest_terms_have_all_their_parts():
    text = "".join(chr(0x4E00 + i) for i in range(12))
    trie = trie_of([text])
    nodes = np.flatnonzero(trie.depth > 1)
    assert nodes.size == 66  # all n-grams of 2 to 12 symbols
    whole = np.flatnonzero(trie.depth[nodes] == 12)[0]
    assert len(nested_terms(trie, nodes)[whole]) == 65
    assert sum_containers(trie, nodes).containers.sum() == sum(
        (13 - n) * (n - m + 1) for n in range(3, 13) for m in range(2, n)
    )


def test_symbols_not_characters_are_the_parts():
    trie = trie_of(["5G基站天线", "5G基站"])
    nodes = find_texts(trie, ["5G基站", "基站", "5G基站天线"])
    assert sum_containers(trie, nodes).containers.tolist() == [1, 2, 0]
    assert nested_terms(trie, nodes) == [[1], [], [0, 1]]


def test_no_nodes():
    for texts in ([], ["电网"]):
        trie = trie_of(texts)
        nothing = np.empty(0, np.int64)
        assert [column.size for column in sum_containers(trie, nothing)] == [0, 0]
        assert nested_terms(trie, nothing) == []
        assert all(not side[:2].any() for side in widest_extensions(trie))
