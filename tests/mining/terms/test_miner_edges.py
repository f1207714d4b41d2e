"""DomainTermMiner where there is nothing to find, where texts are hostile, and what it refuses."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from zhnlp.mining.terms import DomainTermMiner, ReferenceCounts

FOLDER = Path(__file__).parents[3] / "corpora"
GRID = sorted((FOLDER / "power_grid").glob("[0-9]*.txt"))
LINES = [line for path in GRID for line in path.read_text("utf-8").splitlines() if line.strip()]
GENERAL = sorted((FOLDER / "general").glob("[0-9]*.txt"))
ENDS = ["漏油", "发热", "停运", "损坏", "起火"]


def mine(domain, reference=GENERAL, **options):
    return DomainTermMiner(reference, **({"progress": False} | options)).fit(domain)


def empty(miner, match):
    """The empty table of a miner that says so, and where it was called."""
    with pytest.warns(UserWarning, match=match) as found:
        table = miner.freeze()
    assert list(table) == [] and miner.ranking("ratio") == [] and miner.rejected == {}
    assert any(Path(warning.filename) == Path(__file__) for warning in found)
    return table


# nothing is a term ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*gave no document")
@pytest.mark.parametrize("domain", [[], [""], [" ", "\n"], iter([]), ["，。！"], ["电"]])
def test_an_empty_domain_gives_an_empty_table_that_says_so(domain, tmp_path):
    table = empty(
        mine(domain), r"no candidate was found \([01] symbols, 0 candidates; [0-9,]+ symbols in the ref"
    )
    assert table.table.num_rows == 0 and "term" in table.table.column_names
    assert table.settings["candidates"] == 0
    with pytest.warns(UserWarning, match="the table is empty"):
        table.save(tmp_path / "terms.csv")
    with pytest.warns(UserWarning, match="holds no terms"):
        table.report(tmp_path / "terms.html")


def test_an_empty_file_is_an_empty_domain(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.warns(UserWarning, match="gave no document"):
        miner = mine(tmp_path / "empty.txt")
    empty(miner, "no candidate was found")


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("scorer", ["log_odds", "c_value", "tf_idf"])
def test_a_domain_equal_to_its_reference_has_no_terms(order, scorer):
    empty(
        mine(LINES, LINES[::order], scorer=scorer),
        "nothing is a term .* reference of the same kind as the domain",
    )


def test_a_domain_equal_to_counts_of_it_has_no_terms(tmp_path):
    path = ReferenceCounts.from_corpus(LINES, min_count=1).save(tmp_path / "same.npz")
    empty(mine(LINES, path), "nothing is a term")
    empty(mine(LINES * 3, path), "nothing is a term")


def test_a_reference_far_too_small_is_named_as_a_cause():
    empty(mine(LINES, ["今天"] * 9), r"18 symbols in the reference\): .* one far too small")


def test_a_reference_that_shares_nothing_leaves_all_scores_finite():
    table = mine(LINES, ["".join(map(chr, range(0x3041, 0x3097)))] * 500).freeze()
    assert len(table) > 100 and not any(row["reference_count"] for row in table)
    numbers = [
        [row[name] for name in ("score", "ratio", "log_likelihood", "weirdness", "tf_idf")] for row in table
    ]
    assert np.isfinite(numbers).all() and np.min(numbers, axis=0)[1] > 0.5
    assert "变压器" in table.terms[:100]


def test_what_all_rules_or_the_least_score_reject_is_an_empty_table_that_says_so():
    from zhnlp.mining.terms.rules import contains

    miner = mine(LINES, rules=[contains("anything", [""" """, *map(chr, range(0x3400, 0xA000))])])
    with pytest.warns(UserWarning, match="no candidate was kept .*'anything'.* fewer rules"):
        assert list(miner.freeze()) == []
    assert set(miner.rejected.values()) == {"anything"}
    miner = mine(LINES, min_score=1e6)
    with pytest.warns(UserWarning, match="or a lower min_score"):
        assert list(miner.freeze()) == []


# hostile texts ----------------------------------------------------------------------------------------------


def test_broken_bytes_blank_documents_and_marks_do_no_harm(tmp_path):
    lines = [f"主变压器{end}。" for end in ENDS]
    clean, broken = tmp_path / "clean.txt", tmp_path / "broken.txt"
    clean.write_text("\n".join(lines), encoding="utf-8")
    broken.write_bytes(b"\xff\xfe\n\n \t\n".join(line.encode() for line in lines) + b"\n\xe5\x8f\n\x1b[0m\n")
    table = mine(clean, rules=[]).freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mine(broken, rules=[], min_count=5).freeze()
    assert table.terms == ["主变压器"]
    for name in ("term", "count", "document_count", "c_value"):  # the total has some broken symbols more
        assert [row[name] for row in found] == [row[name] for row in table]
    assert found.corpus["repaired_lines"] > 0
    broken.write_bytes(broken.read_bytes() + b"\x00")
    assert mine([clean, broken]).freeze().corpus["skipped"] == {"binary file": 1}


def test_full_width_and_half_width_are_one_term():
    domain = [f"５Ｇ基站{end}。" for end in ENDS] + [f"5G基站{end}。" for end in ENDS]
    table = mine(domain).freeze()
    row = table[0]
    assert row["term"] == "5G基站" and row["count"] == row["document_count"] == 10
    example = row["example"]
    assert example["text"][example["start"] : example["end"]] in ("5G基站", "５Ｇ基站")
    assert "５Ｇ基站" in row["variants"]


def test_astral_characters_and_compatibility_forms():
    term = "\U00020000\U0002a6d6器"
    domain = [f"{term}{end}。" for end in ENDS] + ["e\u0301\u200b\ufeff\u202e🙂" * 50, "\U0001f600" * 99]
    row = mine(domain).freeze()[0]
    assert (row["term"], row["count"]) == (term, 5)
    assert row["example"]["text"][row["example"]["start"] : row["example"]["end"]] == term


def test_lone_surrogates_are_texts():
    table = mine([f"主变压器\ud800{end}。" for end in ENDS]).freeze()
    assert table.terms[0] == "主变压器" and table[0]["example"] is not None


def test_texts_that_look_like_markup_stay_texts(tmp_path):
    domain = [f"<script>alert(1)</script>主变压器{end}&amp;。" for end in ENDS]
    table = mine(domain).freeze()
    assert "主变压器" in table.terms
    page = Path(table.report(tmp_path / "terms.html")).read_text("utf-8")
    assert "<script>alert(1)" not in page


@pytest.mark.slow
def test_one_endless_line():
    """5 MB without a line end, and 1.7 million characters without a separator."""
    rng = np.random.default_rng(0)
    letters = "".join(map(chr, 0x4E00 + (3000 * rng.random(1_700_000) ** 2).astype(int)))
    pieces = [letters[at : at + 997] for at in range(0, len(letters), 997)]
    text = "主变压器".join(pieces)
    table = mine([text], top=500).freeze()
    assert table.corpus["documents"] == 1
    row = next(row for row in table if row["term"] == "主变压器")
    assert row["count"] == len(pieces) - 1 and row["document_count"] == 1
    assert "主变压器" in row["example"]["text"] and len(row["example"]["text"]) < 200


# what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 1}, "max_length=1 is not possible: expected 2 to 12"),
        ({"max_length": 13}, "max_length=13 is not possible"),
        ({"min_count": 0}, "min_count=0 is not possible"),
        ({"top": 0}, "top=0 is not possible: expected 1 or more"),
        ({"threads": 0}, "threads=0 is not possible"),
        ({"scorer": "tfidf"}, "scorer='tfidf' is not known: expected one of 'tf_idf'"),
        ({"engine": "hadoop"}, "engine='hadoop' is not known"),
        ({"runs": "word"}, "runs='word' is not known"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        DomainTermMiner(iter([1 / 1]), **options)


@pytest.mark.filterwarnings("ignore:.*gave no document")
@pytest.mark.parametrize("reference", [[], [""], ["，"], iter([])])
def test_an_empty_reference_is_refused(reference):
    with pytest.raises(ValueError, match="the reference corpus has no text"):
        mine(LINES, reference)


def test_a_reference_that_is_not_there_or_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there"):
        mine(LINES, tmp_path / "general.npz")
    with pytest.raises(FileNotFoundError):
        mine(LINES, tmp_path / "general.txt")
    (tmp_path / "text.npz").write_text("变压器", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no reference counts"):
        mine(LINES, tmp_path / "text.npz")
    with pytest.raises(TypeError):
        mine(LINES, 3)


def test_a_failed_reading_leaves_a_miner_that_can_begin_anew():
    miner = DomainTermMiner(GENERAL, progress=False)

    def texts():
        yield LINES[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        miner.fit(texts())
    table = miner.fit(LINES).freeze()
    assert table[0]["count"] == mine(LINES).freeze()[0]["count"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, [1.0, 2.0]])
def test_a_scorer_that_gives_no_number_is_refused(bad):
    from zhnlp.mining.terms.scorers import Scorer

    class Broken(Scorer):
        name = "broken"

        def score(self, statistics):
            return bad if isinstance(bad, list) else np.full(len(statistics), bad)

    with pytest.raises(ValueError, match="scorer 'broken' gave"):
        mine(LINES, scorer=Broken()).freeze()
