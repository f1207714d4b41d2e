"""Vectors, seeds, known terms and clusters inside the miner: when they are used, and what they may not change."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from zhnlp.mining.terms import DomainTermMiner, ReferenceCounts
from zhnlp.mining.terms.miner import ENOUGH

FOLDER = Path(__file__).parents[3] / "corpora"
GRID = sorted((FOLDER / "power_grid").glob("[0-9]*.txt"))
LINES = [line for path in GRID for line in path.read_text("utf-8").splitlines() if line.strip()]
GOLD = (FOLDER / "power_grid/terms.txt").read_text("utf-8").split()
MEANING = ("similarity", "cluster", "depth", "x", "y")


@pytest.fixture(scope="module")
def general():
    return ReferenceCounts.from_corpus(sorted((FOLDER / "general").glob("[0-9]*.txt")), min_count=2)


def mine(general, domain=LINES, **options):
    return DomainTermMiner(general, **({"progress": False, "min_count": 4} | options)).fit(domain)


def plain(table):
    return [{k: v for k, v in row.items() if k not in ("example", "variants")} for row in table]


@pytest.fixture(scope="module")
def fitted(general):
    miner = mine(general, vectors=True)
    return miner, miner.freeze()


def test_vectors_change_the_order_and_neither_terms_nor_counts(general, fitted):
    miner, table = fitted
    bare = mine(general).freeze()
    assert miner.vectors is not None and miner.ranking("log_odds") == bare.terms != table.terms
    counted = ("term", "count", "reference_count", "document_count", "c_value")
    by_term = [sorted([row[name] for name in counted] for row in t) for t in (bare, table)]
    assert by_term[0] == by_term[1]
    assert all(row[name] is None for row in bare for name in MEANING)


def test_similarity_cluster_and_place_are_numbers_or_none(fitted):
    miner, table = fitted
    assert all(row["similarity"] is None or -1.0001 <= row["similarity"] <= 1.0001 for row in table)
    assert len({row["cluster"] for row in table if row["cluster"] is not None}) > 1
    assert any(row["depth"] is not None for row in table)
    placed = [(row["x"], row["y"]) for row in table if row["x"] is not None]
    assert len(placed) > 50 and np.isfinite(placed).all()
    assert table.settings["vectors"] == f"{len(miner.vectors):,} units"


def test_threads_the_order_of_documents_and_a_second_freeze_do_not_matter(general, fitted):
    _, table = fitted
    miner = mine(general, LINES[::-1], vectors=True, threads=2)
    assert plain(miner.freeze(keep=True)) == plain(miner.freeze()) == plain(table)
    assert plain(mine(general, iter(LINES), vectors=True, memory="300MB").freeze()) == plain(table)
    assert mine(general, vectors=True, top=20).freeze().terms == table.terms[:20]


def test_vectors_come_by_themselves_only_with_enough_text(general):
    assert mine(general).freeze().settings["vectors"] is None
    many = LINES * (ENOUGH // 20_000)
    miner = mine(general, many)
    assert len(many) > 1000 and miner.freeze().settings["vectors"] is not None
    assert miner.trie.total >= ENOUGH
    assert mine(general, many, vectors=False).freeze().settings["vectors"] is None


def test_text_without_company_gets_no_vectors_and_does_no_harm(general):
    """200,000 symbols that are one word: nothing stands near anything."""
    domain = ["电网。" * ENOUGH]
    table = mine(general, domain).freeze()
    assert table.terms == ["电网"] and table.settings["vectors"] is None
    with pytest.raises(ValueError, match="give no vectors"):
        mine(general, domain, vectors=True).freeze()


def test_seeds_turn_vectors_on_and_unknown_ones_are_said(general):
    miner = mine(general, seeds=["变压器", "断路器", "子虚乌有"])
    with pytest.warns(UserWarning, match="1 of 3 seeds have no vector and are left out: 子虚乌有"):
        table = miner.freeze()
    assert table.settings["vectors"] and {"变压器", "断路器"} <= set(table.terms[:100])
    with pytest.raises(ValueError, match=r"none of the 1 seeds is among the [0-9,]+ candidates"):
        mine(general, seeds=["子虚乌有"]).freeze()


def test_seeds_may_stand_below_the_last_row_of_a_short_table(general, fitted):
    table = mine(general, seeds=fitted[1].terms[-1:], top=5).freeze()
    assert len(table) == 5 and all(row["similarity"] is not None for row in table[:1])


def test_known_terms_are_learnt_from(general):
    known = [term for term in GOLD if sum(line.count(term) for line in LINES) >= 4][::2]
    others = set(GOLD) - set(known)
    assert len(known) >= 20
    plainly, taught = mine(general).freeze().terms, mine(general, known_terms=known).freeze().terms
    assert sorted(plainly) == sorted(taught) and plainly != taught
    assert len(others & set(taught[:100])) >= len(others & set(plainly[:100])) - 3
    assert mine(general, known_terms=known).freeze().terms == taught
    with pytest.raises(ValueError, match=r"[0-9] of 3 known terms are candidates, expected 20 or more"):
        mine(general, known_terms=["变压器", "断路器", "子虚乌有"]).freeze()


@pytest.mark.parametrize("clustering", ["growth", "louvain", None])
def test_kinds_of_clusters(general, clustering):
    table = mine(general, vectors=True, clustering=clustering).freeze()
    clusters = {row["cluster"] for row in table} - {None}
    assert bool(clusters) == (clustering is not None)


def test_no_terms_need_no_vectors(general):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert list(mine(general, [], vectors=True).freeze()) == []
        assert list(mine(general, [], known_terms=["电网"]).freeze()) == []
        assert list(mine(general, [], seeds=["电网"]).freeze()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": ["电网"], "vectors": False}, "seeds need word vectors"),
        ({"clustering": "kmeans"}, "clustering='kmeans' is not known"),
        ({"seeds": "电网"}, "seeds"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        DomainTermMiner(**options)
