"""DomainTermMiner end to end: what comes first, what is empty and says so, what the table may not depend on."""

import csv
import json
import random
import warnings
from pathlib import Path

import numpy as np
import pytest

from zhnlp.mining.terms import DomainTermMiner, ReferenceCounts, TermTable
from zhnlp.mining.terms.rules import ends
from zhnlp.mining.terms.scorers import SCORERS, Scorer
from zhnlp.mining.terms.table import COLUMNS
from zhnlp.text import Corpus

FOLDER = Path(__file__).parents[3] / "corpora"
GRID = sorted((FOLDER / "power_grid").glob("[0-9]*.txt"))
LINES = [line for path in GRID for line in path.read_text("utf-8").splitlines() if line.strip()]
GENERAL = sorted((FOLDER / "general").glob("[0-9]*.txt"))


def mine(domain, reference=None, **options):
    options = {"progress": False, "min_count": 4} | options
    return DomainTermMiner(REFERENCE if reference is None else reference, **options).fit(domain)


def plain(table):
    """The rows without what depends on whether, and how, the corpus can be read again."""
    return [{k: v for k, v in row.items() if k not in ("example", "variants")} for row in table]


REFERENCE = None


@pytest.fixture(autouse=True, scope="module")
def general():
    """Counts of general text, counted once."""
    global REFERENCE
    REFERENCE = ReferenceCounts.from_corpus(GENERAL, min_count=2)
    yield REFERENCE
    REFERENCE = None


@pytest.fixture(scope="module")
def fitted(general):
    miner = mine(GRID)
    return miner, miner.freeze()


# the table --------------------------------------------------------------------------------------------------


def test_terms_of_the_domain_come_first(fitted):
    _, table = fitted
    gold = set((FOLDER / "power_grid/terms.txt").read_text("utf-8").split())
    text = "\n".join(LINES)
    gold = {term for term in gold if text.count(term) >= 4}
    best = table.terms[:60]
    assert len(gold) > 40 and len(gold & set(best)) / 60 > 0.5
    assert {"变压器", "断路器", "绝缘"} <= set(best)


def test_the_table_is_sorted_and_complete(fitted):
    _, table = fitted
    assert isinstance(table, TermTable) and len(table) > 200
    assert list(table[0]) == list(COLUMNS)
    keys = [(-row["score"], -row["count"], row["term"]) for row in table]
    assert keys == sorted(keys)
    assert len(set(table.terms)) == len(table)


def test_counts_equal_a_direct_count(fitted):
    _, table = fitted
    text = "\n".join(LINES)
    general = "\n".join(path.read_text("utf-8") for path in GENERAL)
    han = [
        row for row in table if row["term"].isalpha() and row["term"][0] >= "一" and row["term"][-1] >= "一"
    ]
    checked = [row for row in han if len(set(row["term"])) == len(row["term"])]
    assert len(checked) > 200
    for row in checked:
        assert row["count"] == text.count(row["term"]), row["term"]
        documents = sum(row["term"] in line for line in LINES)
        assert 1 <= row["document_count"] <= documents  # those in which it is a phrase
        there = general.count(row["term"])
        assert row["reference_count"] == (there if there >= 2 else 0), row["term"]


def test_every_number_is_finite(fitted):
    _, table = fitted
    for name in ("score", *(name for name in SCORERS if name != "log_odds")):
        assert np.isfinite([row[name] for row in table]).all(), name


def test_nested_terms_are_in_the_table_and_in_the_term(fitted):
    _, table = fitted
    terms = set(table.terms)
    rows = {row["term"]: row for row in table}
    for row in table:
        expected = {t for t in terms if t in row["term"] and t != row["term"]}
        assert set(row["nested"]) <= expected, row["term"]
        if row["term"].isalpha() and min(row["term"]) >= "一":  # symbols are characters
            assert set(row["nested"]) == expected
    assert "变压器" in rows["配电变压器"]["nested"]
    assert sum(bool(row["nested"]) for row in table) > 50


def test_examples_are_cut_from_the_source(fitted):
    _, table = fitted
    documents = list(Corpus.from_paths(GRID))
    for row in table:
        example = row["example"]
        assert example["text"][example["start"] : example["end"]] == row["term"]
        assert documents[example["document"]][example["offset"] :].startswith(row["term"])
    assert all(row["example"] is None for row in mine(GRID, examples=False).freeze())


def test_rejected_candidates_keep_the_name_of_their_rule(fitted):
    miner, table = fitted
    assert miner.rejected and not set(miner.rejected) & set(table.terms)
    assert set(miner.rejected.values()) <= set(miner.rules.names)
    for term, rule in miner.rejected.items():
        assert miner.rules.verdict(term) in (rule, None)
    assert miner.rejected["变压器的"] == "a particle or pronoun inside"
    summary = table.settings["rejected"]
    assert sum(entry["count"] for entry in summary.values()) == len(miner.rejected)


def test_rules_are_given_left_out_and_added(fitted):
    miner, table = fitted
    bare = mine(GRID, rules=[])
    assert set(bare.freeze().terms) >= set(table.terms) | {"变压器的"}
    assert bare.rejected == {}
    own = mine(GRID, rules=[*miner.rules, ends("ends in 器", "器")])
    found = own.freeze()
    assert not [term for term in found.terms if term.endswith("器")]
    assert own.rejected["变压器"] == "ends in 器"


def test_settings_and_report_are_plain_values(fitted):
    miner, table = fitted
    assert json.loads(json.dumps(table.settings)) == table.settings
    assert json.loads(json.dumps(table.corpus)) == table.corpus
    assert table.corpus["files"] == len(GRID) and table.corpus["reference"]["files"] == len(GENERAL)
    assert table.settings["reference_symbols"] == REFERENCE.total
    assert table.settings["candidates"] == len(table) + len(miner.rejected) + table.settings["not asked"]
    assert str(len(GRID)) in miner.corpus_summary()


def test_the_table_is_saved_and_read_back(fitted, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    _, table = fitted
    table.save(tmp_path / "terms.csv")
    with (tmp_path / "terms.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["term"] for row in rows] == table.terms
    assert rows[0]["nested"] == "|".join(table[0]["nested"])
    table.save(tmp_path / "terms.jsonl")
    lines = (tmp_path / "terms.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(table)
    table.save(tmp_path / "terms.parquet")
    assert parquet.read_table(tmp_path / "terms.parquet").to_pylist() == list(table)
    table.save(tmp_path / "terms.txt")
    assert (tmp_path / "terms.txt").read_text("utf-8").split() == table.terms


def test_the_report_is_one_page_with_the_terms(fitted, tmp_path):
    _, table = fitted
    page = Path(table.report(tmp_path / "terms.html")).read_text("utf-8")
    assert all(term in page for term in table.terms[:50])
    assert "<script src" not in page and "http://" not in page.replace("http://www.w3.org", "")


# scorers, top, min_score ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scorer", ["log_odds", "ratio", "log_likelihood", "weirdness", "tf_idf"])
def test_a_word_of_the_domain_only_ranks_before_shared_words(scorer):
    ends = ["漏油", "发热", "停运", "损坏", "起火"]
    domain = [f"主变压器{end}。" for end in ends] + [f"今天{end}。" for end in ends]
    table = mine(domain, ["今天很好。", "今天下雨。"] * 9, scorer=scorer, min_count=5, rules=[]).freeze()
    assert table.terms == ["主变压器", "今天"]
    assert [row["count"] for row in table] == [5, 5]
    assert [row["reference_count"] for row in table] == [0, 18]
    assert table[0]["score"] > table[1]["score"]


def test_another_scorer_ranks_the_same_candidates(fitted):
    miner, table = fitted
    assert miner.ranking("log_odds") == table.terms
    for name in SCORERS:
        other = mine(GRID, scorer=name).freeze()
        assert other.terms == miner.ranking(name), name
        assert sorted(other.terms) == sorted(table.terms)
        assert miner.ranking(name, top=7) == other.terms[:7]


def test_top_and_min_score_cut_the_same_list(fitted):
    _, table = fitted
    assert mine(GRID, top=None).freeze().terms == table.terms
    assert mine(GRID, top=10).freeze().terms == table.terms[:10]
    bound = table[25]["score"]
    cut = mine(GRID, min_score=bound).freeze()
    assert cut.terms == [row["term"] for row in table if row["score"] >= bound]


class Constant(Scorer):
    name = "constant"

    def score(self, statistics):
        return np.ones(len(statistics))


def test_a_scorer_of_the_users_own_and_ties_by_count_then_text(fitted):
    _, table = fitted
    found = mine(GRID, scorer=Constant()).freeze()
    assert found.settings["scorer"] == "constant"
    rows = sorted(table, key=lambda row: (-row["count"], row["term"]))
    assert found.terms == [row["term"] for row in rows]
    assert mine(GRID, scorer=Constant(), top=50).freeze().terms == found.terms[:50]


# what the table may not depend on ---------------------------------------------------------------------------


def test_threads_and_the_order_of_documents_do_not_matter(fitted):
    _, table = fitted
    lines = list(LINES)
    random.Random(0).shuffle(lines)
    for domain, threads in ((lines, 1), (LINES[::-1], 3), (GRID[::-1], 2), (iter(LINES), None)):
        assert plain(mine(domain, threads=threads).freeze()) == plain(table)


def test_kinds_of_references_give_the_same_table(fitted, tmp_path):
    _, table = fitted
    path = REFERENCE.save(tmp_path / "general.npz")
    for reference in (path, str(path), ReferenceCounts.load(path)):
        assert plain(mine(GRID, reference).freeze()) == plain(table)
    counted = ReferenceCounts.from_corpus(GENERAL, min_count=4)
    corpora = [GENERAL, Corpus.from_paths(GENERAL), iter(list(Corpus.from_paths(GENERAL)))]
    for reference in corpora:
        assert plain(mine(GRID, reference).freeze()) == plain(mine(GRID, counted).freeze())


def test_partial_fits_equal_one_fit(fitted):
    _, table = fitted
    parts = DomainTermMiner(REFERENCE, min_count=4, progress=False)
    for at in range(0, len(LINES), 40):
        parts.partial_fit(LINES[at : at + 40])
        if at == 80:
            assert len(parts.freeze(keep=True)) < len(table)
    assert plain(parts.freeze(keep=True)) == plain(table)
    assert plain(parts.freeze()) == plain(table) == plain(parts.freeze())
    assert len(parts.corpus_report()["parts"]) == len(range(0, len(LINES), 40))


def test_states_are_told_apart():
    miner = DomainTermMiner(["今天天气很好。"] * 2000, progress=False)
    with pytest.raises(RuntimeError, match="nothing was learnt yet"):
        miner.freeze()
    with pytest.raises(RuntimeError, match="nothing is frozen yet"):
        miner.ranking("ratio")
    assert miner.rejected == {}
    miner.fit(LINES).freeze()
    with pytest.raises(RuntimeError, match="this DomainTermMiner is frozen"):
        miner.partial_fit(LINES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = miner.fit(LINES[:100]).freeze()
    assert first.corpus["documents"] == 100  # fit begins anew, and the reference stays
    assert first.settings["reference_symbols"] == 12_000
