"""The growing cluster: steps and thresholds by hand, a slow oracle, connected parts, unknown seeds, refusals."""

import math
from collections import deque

import numpy as np
import pytest

from zhnlp.mining.terms.expansion import UnknownWords, expand, similarity_at, threshold
from zhnlp.mining.terms.vectors import WordVectors


def on_a_circle(**degrees):
    """Words as directions, so that a cosine is that of the angle between them."""
    angles = np.radians(list(degrees.values()))
    return WordVectors(list(degrees), np.stack([np.cos(angles), np.sin(angles)], 1))


def slow_growth(vectors, seeds, low, high, alpha, neighbours):
    """The post's walk, a word at a time."""
    depth, queue = dict.fromkeys(seeds, 0), deque(seeds)
    while queue:
        word = queue.popleft()
        for near, cosine in vectors.nearest(word, neighbours):
            if near not in depth and cosine >= low + (high - low) * (1 - math.exp(-alpha * depth[word])):
                depth[near] = depth[word] + 1
                queue.append(near)
    return depth


def test_threshold_rises_from_one_bound_to_the_other():
    assert threshold(0, 0.6, 1.0, 0.35) == 0.6
    assert threshold(2, 0.6, 1.0, 0.35) == pytest.approx(0.6 + 0.4 * (1 - math.exp(-0.7)))
    assert threshold(100, 0.6, 0.9, 0.35) == pytest.approx(0.9)


def test_chain_stops_where_the_threshold_has_risen():
    # Steps of 30 degrees: cosine .866; the thresholds at depths 0, 1, 2, 3 are .6, .718, .801, .860, .901
    vectors = on_a_circle(甲=0, 乙=30, 丙=60, 丁=90, 戊=120, 己=150)
    growth = expand(vectors, ["甲"])
    assert growth.words == ["甲", "乙", "丙", "丁", "戊"]
    assert growth.depth == [0, 1, 2, 3, 4]
    assert growth.parent == [None, "甲", "乙", "丙", "丁"]
    assert growth.similarity == pytest.approx([1.0] + [math.cos(math.pi / 6)] * 4)
    assert set(expand(vectors, ["甲"], alpha=0).words) == set("甲乙丙丁戊己")


def test_negatives_turn_the_query_away():
    vectors = on_a_circle(甲=0, 乙=40, 丙=-40)
    assert set(expand(vectors, ["甲"]).words) == {"甲", "乙", "丙"}
    assert expand(vectors, ["甲"], negatives=["丙"], min_similarity=0.7).words == ["甲", "乙"]
    assert expand(vectors, ["甲"], positives=["丙"], min_similarity=0.8).words == ["甲", "丙"]


def test_clusters_are_connected_parts_by_falling_size():
    vectors = on_a_circle(甲=0, 乙=10, 丙=180, 丁=190, 戊=200)
    growth = expand(vectors, ["甲", "丙"], min_similarity=0.9)
    assert dict(zip(growth.words, growth.cluster)) == {"甲": 1, "乙": 1, "丙": 0, "丁": 0, "戊": 0}
    joined = expand(vectors, ["甲", "乙", "丙"], min_similarity=0.9)
    assert dict(zip(joined.words, joined.cluster))["甲"] == dict(zip(joined.words, joined.cluster))["乙"]


@pytest.mark.parametrize("seed", range(4))
def test_same_words_and_depths_as_a_slow_walk(seed):
    random = np.random.default_rng(seed)
    vectors = WordVectors([f"w{i}" for i in range(800)], random.normal(size=(800, 5)))
    seeds = [f"w{i}" for i in random.permutation(800)[:7]]
    growth = expand(vectors, seeds, min_similarity=0.85, alpha=0.2, neighbours=20)
    assert len(growth) > 300  # more than one block of words
    assert dict(zip(growth.words, growth.depth)) == slow_growth(vectors, seeds, 0.85, 1.0, 0.2, 20)
    assert growth == expand(vectors, seeds, min_similarity=0.85, alpha=0.2, neighbours=20)


def test_unknown_seeds_are_reported_and_the_rest_grows():
    vectors = on_a_circle(甲=0, 乙=10)
    with pytest.warns(UnknownWords, match="1 of 2 seeds have no vector and are left out: 无"):
        growth = expand(vectors, ["无", "甲", "甲"])
    assert growth.unknown == ["无"]
    assert growth.words == ["甲", "乙"]
    with pytest.warns(UnknownWords, match="negatives"):
        expand(vectors, ["甲"], negatives=["无"])


def test_similarity_that_a_share_of_pairs_exceeds():
    vectors = WordVectors([f"w{i}" for i in range(500)], np.random.default_rng(0).normal(size=(500, 6)))
    cosine = (vectors.rows @ vectors.rows.T)[np.triu_indices(500, 1)]
    assert np.mean(cosine > similarity_at(vectors, 0.05)) == pytest.approx(0.05, abs=0.002)


def test_refusals():
    vectors = on_a_circle(甲=0, 乙=10)
    with pytest.warns(UnknownWords), pytest.raises(ValueError, match="none of the 1 seeds has a vector"):
        expand(vectors, ["无"])
    with pytest.raises(ValueError, match="got the one string '甲乙'"):
        expand(vectors, "甲乙")
    with pytest.raises(ValueError, match=r"min_similarity=0\.9, max_similarity=0\.5"):
        expand(vectors, ["甲"], min_similarity=0.9, max_similarity=0.5)
    with pytest.raises(ValueError, match="alpha=-1"):
        expand(vectors, ["甲"], alpha=-1)
    with pytest.raises(ValueError, match="neighbours=0"):
        expand(vectors, ["甲"], neighbours=0)
    with pytest.raises(ValueError, match="share=2"):
        similarity_at(vectors, 2)
