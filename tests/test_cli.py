"""The ``zhnlp`` command as users call it: results, exports, segmentation, evaluation.

Run: pytest tests/test_cli.py
"""

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest
from command import refused, shell, zhnlp

ROOT = Path(__file__).parents[1]
GRID = ROOT / "corpora/power_grid"
FILES = [str(path) for path in sorted(GRID.glob("[0-9]*.txt"))]
FEW = FILES[:6]
TERMS = str(GRID / "terms.txt")
SEGMENTED = str(ROOT / "corpora/general/segmented.txt")
METHODS = ("ngram", "min-entropy", "boundary-entropy", "pmi-cut", "lm")
HEAD = ["word", "count", "documents", "score", "pmi", "left_entropy", "right_entropy", "known"]
LINE = "变压器检修，电网调度运行。" * 50 + "\n"


def table(stdout):
    rows = [line.split("\t") for line in stdout.splitlines()]
    assert rows[0] == HEAD
    assert all(len(row) == len(HEAD) for row in rows)
    return [dict(zip(HEAD, row)) for row in rows[1:]]


def words_of(stdout):
    return [row["word"] for row in table(stdout)]


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    """The same words in every form that the command writes."""
    folder = tmp_path_factory.mktemp("mined")
    for suffix in ("csv", "tsv", "jsonl", "parquet", "dict", "txt"):
        zhnlp("words", *FEW, "--min-count", 3, "--out", folder / f"words.{suffix}")
    for format in ("jieba", "hanlp", "ik", "list", "tokenizer"):
        zhnlp("words", *FEW, "--min-count", 3, "--format", format, "--out", folder / format)
    return folder


# --- words: results --------------------------------------------------------------------------------------------


def test_words_prints_ranked_columns():
    rows = table(zhnlp("words", *FILES, "--top", 30).stdout)
    assert len(rows) == 30
    assert [float(row["score"]) for row in rows] == sorted(
        (float(row["score"]) for row in rows), reverse=True
    )
    text = "".join(Path(path).read_text("utf-8") for path in FILES)
    assert int(rows[0]["count"]) == text.count(rows[0]["word"])
    assert {row["known"] for row in rows} <= {"known", "new"}


def test_piped_output_has_all_words_and_nothing_else():
    result = shell("words", *FEW)
    assert result.returncode == 0
    rows = table(result.stdout.decode())
    assert len(rows) > 50  # not the 50 of a terminal
    said = result.stderr.decode()
    assert f"{len(FEW)} files" in said and "documents" in said  # the corpus report
    assert "故障\t" not in said


def test_quiet_says_nothing():
    assert zhnlp("words", *FEW, "--top", 2, "--quiet").stderr == ""


def test_stdin_is_a_corpus():
    text = "".join(Path(path).read_text("utf-8") for path in FEW)
    assert words_of(zhnlp("words", "-", stdin=text).stdout) == words_of(zhnlp("words", *FEW).stdout)


def test_every_ending_holds_the_same_words(mined):
    words = (mined / "words.txt").read_text("utf-8").splitlines()
    assert len(words) > 50
    with (mined / "words.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["word"] for row in rows] == words
    with (mined / "words.tsv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["word"] for row in csv.DictReader(file, delimiter="\t")] == words
    listed = [json.loads(line) for line in (mined / "words.jsonl").read_text("utf-8").splitlines()]
    assert [row["word"] for row in listed] == words
    assert pyarrow.parquet.read_table(mined / "words.parquet")["word"].to_pylist() == words
    assert pyarrow.parquet.read_table(mined / "words.parquet").to_pylist() == listed
    jieba = [line.split(" ") for line in (mined / "words.dict").read_text("utf-8").splitlines()]
    assert [(word, int(count)) for word, count in jieba] == [(row["word"], row["count"]) for row in listed]


@pytest.mark.parametrize("method", METHODS)
def test_parquet_has_the_same_columns_with_and_without_words_and_contexts(method, tmp_path):
    """So that the files of several corpora can be read as one."""
    options = ("--method", method, "--quiet", "--out")
    zhnlp("words", *FEW, *options, tmp_path / "full.parquet")
    zhnlp("words", "-", *options, tmp_path / "stream.parquet", stdin=LINE * 9)
    zhnlp("words", "-", *options, tmp_path / "empty.parquet", stdin="我")
    full, stream, empty = (
        pyarrow.parquet.read_schema(tmp_path / f"{name}.parquet") for name in ("full", "stream", "empty")
    )
    assert full.names == stream.names == empty.names
    assert full.types == stream.types == empty.types
    assert "null" not in map(str, full.types)


def test_top_cuts_and_new_only_leaves_known_words_out():
    rows = table(zhnlp("words", *FILES).stdout)
    assert words_of(zhnlp("words", *FILES, "--top", 7).stdout) == [row["word"] for row in rows[:7]]
    new = table(zhnlp("words", *FILES, "--new-only", "--top", 20).stdout)
    assert {row["known"] for row in new} == {"new"}
    assert [row["word"] for row in new] == [row["word"] for row in rows if row["known"] == "new"][:20]


def test_reference_none_or_a_file(tmp_path, mined):
    rows = table(zhnlp("words", *FEW, "--reference", "none", "--top", 10).stdout)
    assert {row["known"] for row in rows} == {"new"}
    list_file = tmp_path / "known.txt"
    list_file.write_text(rows[0]["word"] + " 12 n\n", "utf-8")
    again = table(zhnlp("words", *FEW, "--reference", list_file, "--top", 10).stdout)
    assert [row["known"] for row in again] == ["known"] + ["new"] * 9
    for mined_before in ("words.csv", "words.jsonl", "words.parquet", "words.dict", "words.txt"):
        result = zhnlp("words", *FEW, "--min-count", 3, "--reference", mined / mined_before, "--new-only")
        assert words_of(result.stdout) == []
        assert "no word was found" in result.stderr or "0 words" in result.stderr


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_words(method):
    assert {"故障", "绝缘"} <= set(words_of(zhnlp("words", *FILES, "--method", method).stdout)[:100])


def test_report_and_entropy(tmp_path):
    page = tmp_path / "deep/report.html"
    result = zhnlp("words", *FEW, "--top", 9, "--report", page, "--entropy")
    assert "<html" in page.read_text("utf-8") and "http://" not in page.read_text("utf-8").split("<body")[0]
    assert len(table(result.stdout)) == 9  # the entropy went to stderr
    assert "bits/char" in result.stderr


def test_out_makes_folders_and_keeps_an_old_file_when_refused(tmp_path):
    out = tmp_path / "a/b/words.txt"
    zhnlp("words", *FEW, "--out", out)
    before = out.read_text("utf-8")
    refused("words", tmp_path / "nothing.txt", "--out", out)
    assert out.read_text("utf-8") == before and [path.name for path in out.parent.iterdir()] == ["words.txt"]


def test_out_of_core_gives_the_same_table_and_says_its_plan(tmp_path):
    many = tmp_path / "big.txt"
    many.write_text("".join(Path(path).read_text("utf-8") for path in FILES) * 700, "utf-8")  # 63 MB
    options = ("--threads", 1, "--min-count", 2000, "--top", 40)
    small = zhnlp("words", many, *options)
    large = zhnlp("words", many, *options, "--memory", "260MB", "--workdir", tmp_path / "work")
    assert large.stdout == small.stdout
    assert "plan:" in large.stderr and "plan:" not in small.stderr
    assert (
        "finished table"
        in zhnlp("words", many, *options, "--memory", "260MB", "--workdir", tmp_path / "work").stderr
    )


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["words"],
        ["segment"],
        ["eval"],
        ["eval", "words"],
        ["eval", "terms"],
        ["eval", "segmentation"],
        ["tasks"],
    ],
)
def test_every_help_has_an_example(command):
    assert "Example: zhnlp " in zhnlp(*command, "--help").stdout


def test_version_and_unknown_commands():
    assert zhnlp("--version").stdout.startswith("zhnlp ")
    assert "Did you mean 'words'" in refused("wrds")


def test_example_of_help_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    out = tmp_path / "words.csv"
    zhnlp("words", *FILES, "--min-count", 5, "--top", 20, "--out", out)
    zhnlp("segment", FEW[0], "--lexicon", out, "--out", tmp_path / "news.seg.txt")
    zhnlp("eval", "words", out, "--gold", TERMS)
    zhnlp("eval", "segmentation", "--gold", SEGMENTED, "--lexicon", out)
    zhnlp("tasks", "new-words")


# --- segment ---------------------------------------------------------------------------------------------------


def test_segment_keeps_lines_and_their_order(tmp_path, mined):
    lines = ["变压器故障", "", "电网", "变压器故障", "   ", "5G基站 GPT-4o", "电网"]
    lexicon = ("--lexicon", mined / "words.csv")
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    cut = zhnlp("segment", path, *lexicon).stdout.split("\n")[:-1]
    assert [line.replace(" ", "") for line in cut] == [line.replace(" ", "") for line in lines]
    assert cut[0] == cut[3] and " " in cut[0]
    rows = [
        json.loads(line) for line in zhnlp("segment", path, *lexicon, "--format", "jsonl").stdout.splitlines()
    ]
    assert [row["text"] for row in rows] == lines
    assert [" ".join(word["word"] for word in row["words"]) for row in rows] == cut


def test_segment_offsets_cut_the_source():
    result = zhnlp("segment", *FEW, "--format", "jsonl")
    source = "\n".join(Path(path).read_text("utf-8").removesuffix("\n") for path in FEW).split("\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == source
    for row in rows:
        assert all(row["text"][word["start"] : word["end"]] == word["word"] for word in row["words"])
        assert "".join(word["word"] for word in row["words"]) == "".join(row["text"].split())


@pytest.mark.parametrize(
    "name",
    [
        *(f"words.{suffix}" for suffix in ("csv", "tsv", "jsonl", "parquet", "dict", "txt")),
        *("jieba", "hanlp", "ik", "list", "tokenizer", "tokenizer/tokenizer.json"),
    ],
)
def test_segment_takes_every_export_as_lexicon(mined, name):
    cut = zhnlp("segment", "-", "--lexicon", mined / name, stdin="变压器和断路器\n").stdout
    assert cut == "变压器 和 断路器\n"


def test_separator_and_user_words(tmp_path, mined):
    user = tmp_path / "user.txt"
    user.write_text("变压器和\n", "utf-8")
    lexicon = ("--separator", "/", "--lexicon", mined / "words.csv")
    assert zhnlp("segment", "-", *lexicon, stdin="变压器和断路器").stdout == "变压器/和/断路器\n"
    cut = zhnlp("segment", "-", *lexicon, "--user-words", user, stdin="变压器和断路器").stdout
    assert cut == "变压器和/断路器\n"


def test_segment_says_what_it_skipped(tmp_path, mined):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text":"电网"}\n{"text":\n', "utf-8")
    result = zhnlp("segment", path, "--lexicon", mined / "words.csv")
    assert result.stdout.replace(" ", "") == "电网\n"
    assert "1 x broken JSON" in result.stderr


# --- eval and tasks --------------------------------------------------------------------------------------------


def test_eval_words_by_hand(tmp_path):
    gold = tmp_path / "gold.txt"
    gold.write_text("电网\n变压器\n检修\n负荷\n", "utf-8")
    mine = tmp_path / "mine.txt"
    mine.write_text("电网\n的话\n检修\n", "utf-8")
    scores = json.loads(zhnlp("eval", "words", mine, "--gold", gold, "--k", "1,2").stdout)
    assert scores["precision"] == pytest.approx(2 / 3) and scores["recall"] == 0.5
    assert scores["precision_at"] == {"1": 1.0, "2": 0.5}


def test_eval_words_reads_every_export(mined):
    found = {
        json.loads(zhnlp("eval", "words", mined / name, "--gold", TERMS).stdout)["average_precision"]
        for name in ("words.csv", "words.jsonl", "words.parquet", "words.dict", "words.txt", "hanlp", "ik")
    }
    assert len(found) == 1 and found.pop() > 0


def test_line_separators_inside_contexts_do_no_harm(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("变压器\u2028检修变压器\x85运行\n" * 9, "utf-8")
    for suffix in ("csv", "tsv", "jsonl", "parquet"):
        out = tmp_path / f"out.{suffix}"
        zhnlp("words", text, "--reference", "none", "--out", out)
        scores = json.loads(zhnlp("eval", "words", out, "--gold", out).stdout)
        assert scores["f1"] == 1.0
        assert scores["predicted_words"] == len(words_of(zhnlp("words", text, "--reference", "none").stdout))
        zhnlp("segment", text, "--lexicon", out)


def test_eval_words_refusals(tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"word": "电网"}\n{"count": 2}\n', "utf-8")
    assert "row 2" in refused("eval", "words", mine, "--gold", TERMS)
    assert "no.txt is not there" in refused("eval", "words", TERMS, "--gold", tmp_path / "no.txt")
    assert "whole numbers" in refused("eval", "words", TERMS, "--gold", TERMS, "--k", "a")
    assert "at least 1" in refused("eval", "words", TERMS, "--gold", TERMS, "--k", "0")
    assert "is a folder" in refused("eval", "words", tmp_path, "--gold", TERMS)


def test_eval_segmentation(tmp_path):
    assert json.loads(zhnlp("eval", "segmentation", SEGMENTED, "--gold", SEGMENTED).stdout)["f1"] == 1.0
    scores = json.loads(zhnlp("eval", "segmentation", "--gold", SEGMENTED, "--train-words", TERMS).stdout)
    assert 0.8 < scores["f1"] < 1 and 0 < scores["oov_recall"] < 1


def test_segment_then_eval_agrees_with_eval_by_lexicon(tmp_path, mined):
    """The two ways of the help: cut the raw text (with its blank lines) first, or give the lexicon."""
    gold = tmp_path / "gold.txt"
    gold.write_text("变压器 检修\n\n电网 的 负荷\n", "utf-8")
    raw = tmp_path / "raw.txt"
    raw.write_text(gold.read_text("utf-8").replace(" ", ""), "utf-8")
    lexicon = ("--lexicon", mined / "words.csv")
    zhnlp("segment", raw, *lexicon, "--out", tmp_path / "cut.txt")
    by_file = json.loads(zhnlp("eval", "segmentation", tmp_path / "cut.txt", "--gold", gold).stdout)
    by_lexicon = json.loads(zhnlp("eval", "segmentation", "--gold", gold, *lexicon).stdout)
    assert by_file["f1"] == by_lexicon["f1"] and by_file["true_words"] == 5


def test_eval_segmentation_refusals(tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("别的\n", "utf-8")
    assert "differs at character 0" in refused("eval", "segmentation", other, "--gold", SEGMENTED)
    assert "got both" in refused("eval", "segmentation", other, "--gold", SEGMENTED, "--lexicon", TERMS)
    assert "Missing option '--gold'" in refused("eval", "segmentation", other)
    assert "No such file" in refused("eval", "segmentation", "--gold", tmp_path / "no.txt")


def test_tasks():
    assert {"new-words", "word-segmentation"} <= set(zhnlp("tasks").stdout.split())
    assert "min_count" in zhnlp("tasks", "new-words").stdout
    said = refused("tasks", "new-word")
    assert "expected one of 'new-words'" in said  # the nearest first
    assert all(repr(task) in said for task in zhnlp("tasks").stdout.split())
