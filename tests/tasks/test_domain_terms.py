"""pipeline("domain-terms"): every way to give the domain and the reference, results, refusals.

Run: pytest tests/tasks/test_domain_terms.py
"""

import inspect
import json
import warnings
from pathlib import Path

import pytest

from zhnlp import Corpus, pipeline
from zhnlp.mining.terms import DomainTermMiner, ReferenceCounts, TermTable
from zhnlp.mining.terms.rules import words

ROOT = Path(__file__).parents[2]
GRID = sorted((ROOT / "corpora/power_grid").glob("[0-9]*.txt"))
GENERAL = sorted((ROOT / "corpora/general").glob("*.txt"))
DOMAIN = ["检修主变压器。", "主变压器漏油。", "主变压器发热。", "更换主变压器。", "今天更换。"]
WEATHER = ["今天天气很好。"] * 9


@pytest.fixture
def pipe():
    return pipeline("domain-terms", reference=WEATHER, min_count=3, progress=False)


def test_a_table_of_plain_rows_best_first(pipe, tmp_path):
    table = pipe(DOMAIN)
    assert isinstance(table, TermTable)
    assert (table[0]["term"], table[0]["count"], table[0]["reference_count"]) == ("主变压器", 4, 0)
    assert [row["score"] for row in table] == sorted((row["score"] for row in table), reverse=True)
    assert json.loads(json.dumps(table)) == list(table)
    assert table.save(tmp_path / "terms.txt").read_text("utf-8").split() == table.terms


def test_texts_paths_and_corpora_of_the_domain(tmp_path, pipe):
    table = pipe(DOMAIN)
    path = tmp_path / "domain.txt"
    path.write_text("\n".join(DOMAIN), "utf-8")
    rows = tmp_path / "domain.jsonl"
    rows.write_text("".join(json.dumps({"body": text}) + "\n" for text in DOMAIN), "utf-8")
    for found in (
        pipe(tuple(DOMAIN)),
        pipe(Corpus.from_texts(DOMAIN)),
        pipe(path),
        pipe([path]),
        pipe(paths=str(path)),
        pipe(paths=[str(tmp_path / "*.txt")]),
        pipe(paths=rows, text_field="body"),
        pipe(rows, text_field="body"),
    ):
        assert found == table
    once = pipe(iter(DOMAIN))
    assert once.terms == table.terms and {row["example"] for row in once} == {None}


def test_texts_paths_corpora_and_counts_of_the_reference(tmp_path, pipe):
    table = pipe(DOMAIN)
    path = tmp_path / "general.txt"
    path.write_text("\n".join(WEATHER), "utf-8")
    counts = pipe.save_reference(tmp_path / "general.npz")
    options = {"min_count": 3, "progress": False}
    for reference in (
        {"reference": "\n".join(WEATHER)},
        {"reference": iter(WEATHER)},
        {"reference": Corpus.from_texts(WEATHER)},
        {"reference": path},
        {"reference": [path]},
        {"reference": counts},
        {"reference": str(counts)},
        {"reference": ReferenceCounts.load(counts)},
        {"reference": pipe.miner.reference},
        {"reference_paths": str(path)},
        {"reference_paths": [str(tmp_path / "gen*.txt")]},
        {"reference_paths": counts},
        {"reference_paths": [str(counts)]},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert pipeline("domain-terms", **reference, **options)(DOMAIN) == table


def test_the_reference_is_counted_once_and_a_call_forgets_the_one_before(pipe):
    table = pipe(DOMAIN)
    reference = pipe.miner.reference
    assert pipe(["断路器跳闸，断路器合闸，断路器分闸"]).terms == ["断路器"]
    assert pipe.miner.reference is reference and pipe(DOMAIN) == table


def test_options_reach_the_miner(pipe):
    table = pipe(DOMAIN)
    assert "主变压器" in table.terms and pipe.miner.rejected == {}
    strict = pipeline("domain-terms", WEATHER, min_count=3, rules=[words("known", table.terms)])
    with pytest.warns(UserWarning, match="no candidate was kept"):
        assert strict(DOMAIN) == []
    assert strict.miner.rejected == dict.fromkeys(table.terms, "known")
    assert len(pipeline("domain-terms", min_count=3, top=2)(GRID)) == 2


def test_general_text_that_ships_is_the_default_reference():
    """Against it the terms of the sample corpus stand above what every text has."""
    table = pipeline("domain-terms")(paths=[str(path) for path in GRID])
    gold = {
        line.split("\t")[0]
        for line in (ROOT / "corpora/power_grid/terms.txt").read_text("utf-8").splitlines()
    }
    found = [term in gold for term in table.terms]
    assert sum(found[:50]) > sum(found[-50:])
    assert not {"的", "进行", "可以", "一个"} & set(table.terms)


def test_help_lists_the_options_of_the_miner():
    text = pipeline.help("domain-terms")
    for name in inspect.signature(DomainTermMiner).parameters:
        assert f"\n    {name}: " in text or f"\n    {name}, " in text, name


def test_refusals(tmp_path, pipe):
    with pytest.raises(TypeError, match="both or neither of texts and paths"):
        pipe()
    with pytest.raises(TypeError, match="both or neither of texts and paths"):
        pipe(DOMAIN, paths="x")
    with pytest.raises(TypeError, match="both reference and reference_paths"):
        pipeline("domain-terms", WEATHER, reference_paths="x")
    with pytest.raises(TypeError, match="both reference and model"):
        pipeline("domain-terms", "a.npz", reference=WEATHER)
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        pipeline("domain-terms", reference_paths="no-such-file.txt")
    with pytest.raises(FileNotFoundError, match=r"no\.npz is not there"):
        pipeline("domain-terms", "no.npz")(DOMAIN)
    with pytest.raises(ValueError, match=r"a\.npz and 1 more: expected one \.npz"):
        pipeline("domain-terms", reference_paths=["a.npz", "b.txt"])
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        pipe(paths="no-such-file.txt")
    with pytest.raises(ValueError, match="min_count=0"):
        pipeline("domain-terms", min_count=0)
    with pytest.raises(ValueError, match="scorer='ratios' is not known"):
        pipeline("domain-terms", scorer="ratios")
    with pytest.raises(RuntimeError, match="not counted yet"):
        pipe.save_reference(tmp_path / "x.npz")
    with pytest.raises(ValueError, match=r"expected \.npz"):
        pipe.save_reference(tmp_path / "x.csv")
    with pytest.raises(ValueError, match="the reference corpus has no text"), pytest.warns(UserWarning):
        pipeline("domain-terms", reference=[""])(DOMAIN)


def test_names_of_files_are_read_as_paths(pipe):
    names = [str(path) for path in GRID]
    assert list(pipe(names)) == list(pipe(paths=names)) == list(pipe(GRID))
    given = pipeline("domain-terms", reference=names[:3], progress=False, examples=False)
    same = pipeline("domain-terms", reference_paths=names[:3], progress=False, examples=False)
    assert list(given(GRID)) == list(same(GRID))


def test_a_bare_name_taken_for_a_text_is_said(pipe, tmp_path, monkeypatch):
    (tmp_path / "电网").mkdir()
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pipe("电网")
    assert "taken as a text, but there is a file of that name" in str(caught[0].message)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="reference_paths=… or a pathlib.Path"):
        pipeline("domain-terms", reference=["电网"])


def test_a_domain_equal_to_its_reference_has_no_terms():
    with pytest.warns(UserWarning, match="nothing is a term"):
        assert pipeline("domain-terms", reference=GRID[:3], min_count=2)(GRID[:3]) == []
