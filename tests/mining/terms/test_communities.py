"""Communities without seeds, and the map: planted groups, numbering, repetition, refusals."""

import numpy as np
import pytest

from zhnlp.mining.terms.communities import find_communities, neighbour_pairs
from zhnlp.mining.terms.map import TSNE_FROM, place_words
from zhnlp.mining.terms.vectors import WordVectors


def planted(sizes=(50, 30, 15), dim=12, seed=0):
    random = np.random.default_rng(seed)
    group = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = np.eye(dim)[group] + 0.25 * random.normal(size=(group.size, dim)) / np.sqrt(dim)
    return WordVectors([f"w{i}" for i in range(group.size)], rows), group


def test_planted_groups_are_found_and_numbered_by_size():
    vectors, group = planted()
    assert find_communities(vectors, min_similarity=0.6).tolist() == group.tolist()


def test_same_seed_same_communities():
    vectors = WordVectors([f"w{i}" for i in range(300)], np.random.default_rng(1).normal(size=(300, 10)))
    assert np.array_equal(find_communities(vectors, seed=5), find_communities(vectors, seed=5))
    sizes = np.bincount(find_communities(vectors))
    assert (np.diff(sizes) <= 0).all()


def test_pairs_are_those_of_a_full_sort():
    vectors, _ = planted()
    cosine = vectors.rows @ vectors.rows.T
    np.fill_diagonal(cosine, -2)
    expected = {
        (min(i, j), max(i, j))
        for i in range(len(vectors))
        for j in np.argsort(-cosine[i])[:4]
        if cosine[i, j] >= 0.5
    }
    assert set(neighbour_pairs(vectors, 4, 0.5)) == expected


def test_words_without_neighbours_stand_alone():
    vectors = WordVectors(["甲", "乙", "丙"], np.eye(3))
    assert find_communities(vectors).tolist() == [0, 1, 2]


def test_refusals():
    vectors, _ = planted()
    for options in ({"neighbours": 0}, {"min_similarity": 0.0}, {"min_similarity": 1.5}, {"resolution": 0}):
        with pytest.raises(ValueError, match="is not possible"):
            find_communities(vectors, **options)


@pytest.mark.parametrize("sizes", [(6, 5), (60, 40)])
def test_groups_lie_apart_on_the_map(sizes):
    vectors, group = planted(sizes)
    assert (group.size >= TSNE_FROM) == (sizes == (60, 40))
    places = place_words(vectors.rows)
    assert places.shape == (group.size, 2)
    assert np.abs(places).max() == 1
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = group[:, None] == group[None]
    assert distance[same].mean() < 0.6 * distance[~same].mean()
    assert np.array_equal(places, place_words(vectors.rows))


def test_small_maps():
    assert place_words(np.zeros((0, 5))).shape == (0, 2)
    assert place_words(np.ones((1, 5))).tolist() == [[0.0, 0.0]]
    assert np.isfinite(place_words(np.ones((40, 5)))).all()
    with pytest.raises(ValueError, match="finite"):
        place_words(np.full((2, 2), np.nan))
