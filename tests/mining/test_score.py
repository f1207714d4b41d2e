"""The score by hand, and the nodes it is not asked about."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.score import absorbed_nodes, score_nodes

TEXTS = ["主变压器检修", "变压器，变压器油", "检修变压器", "查变压器"]


@pytest.fixture(scope="module")
def trie():
    return count_ngrams(encode_texts(TEXTS), min_count=2, max_length=4)


def node_of(trie, word):
    return trie.find([trie.alphabet.index[c] for c in word])


def test_score_by_hand(trie):
    node = node_of(trie, "变压器")
    c, total = 5, sum(map(len, TEXTS)) - 1
    pmi = math.log(total * c / (5 * 5))
    n = 10 * pmi / math.log(total / c)
    left = math.log(5) - 2 / 5 * math.log(2)  # 主, boundary, boundary, 修, 查
    right = math.log(5) - 3 / 5 * math.log(3)  # 检, boundary, 油, boundary, boundary
    inner = 0.0  # 变压 is always followed by 器, and 压器 preceded by 变
    share = (2 + 0.5) / (c + 1)
    expected = 0.2 * math.log(c * max(pmi - 1, 0.1)) + 0.15 * n + 0.8 * min(left, right) - 0.6 * inner
    expected += 0.35 * math.log(share) - (3.6 - 0.15 * n) * 1 + 1.3
    assert score_nodes(trie, np.array([node]), np.array([2]))[0] == pytest.approx(expected, abs=1e-5)


def test_parts_of_one_longer_ngram_are_absorbed(trie):
    absorbed = absorbed_nodes(trie)
    assert absorbed[node_of(trie, "变压")]
    assert absorbed[node_of(trie, "压器")]
    assert not absorbed[node_of(trie, "变压器")]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("电网变压器的", max_size=20), max_size=6))
def test_absorbed_means_that_an_extension_is_as_frequent(texts):
    trie = count_ngrams(encode_texts(texts), min_count=1, max_length=5)
    nodes = np.arange(2, len(trie))
    words = trie.words(nodes)
    counts = dict(zip(words, trie.count[nodes].tolist()))
    for word, absorbed in zip(words, absorbed_nodes(trie)[nodes]):
        longer = [w for w in words if len(w) == len(word) + 1 and word in (w[:-1], w[1:])]
        assert absorbed == any(counts[w] == counts[word] for w in longer)


def test_more_of_each_evidence_scores_higher(trie):
    node = np.array([node_of(trie, "变压器")])
    assert score_nodes(trie, node, np.array([5])) > score_nodes(trie, node, np.array([0]))
