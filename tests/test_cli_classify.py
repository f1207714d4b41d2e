"""``zhnlp classify`` as users call it, and the labelled files that it reads.

Run: pytest tests/test_cli_classify.py
"""

import csv
import json
from pathlib import Path

import pytest
from command import refused, zhnlp
from small_models import save_checkpoint

from zhnlp import pipeline
from zhnlp.text.columns import Columns, read_labelled
from zhnlp.text.report import CorpusError, CorpusReport

ROOT = Path(__file__).parents[1]
REVIEWS = ROOT / "corpora/reviews"
LABELS = ("--labels", "正面=好", "--labels", "负面=不,没")
AS_DICT = {"正面": ["好"], "负面": ["不", "没"]}
TEXTS = ["今天天气很好", "电网检修", "北京大学生\t研究"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    place = tmp_path_factory.mktemp("model")
    save_checkpoint(place, "bert")
    return place


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n\n".join(TEXTS) + "\n", "utf-8")
    return path


# --- results ---------------------------------------------------------------------------------------------------


def test_formats_say_what_the_api_says(model, texts, tmp_path):
    expected = pipeline("few-shot-classification", model, labels=AS_DICT)(TEXTS)
    command = ("classify", texts, *LABELS, "--model", model)
    lines = [line.split("\t") for line in zhnlp(*command).stdout.splitlines()]
    assert [line[0] for line in lines] == [row["label"] for row in expected]
    assert [line[2] for line in lines] == ["今天天气很好", "电网检修", "北京大学生 研究"]
    zhnlp(*command, "--out", tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert rows == [{"text": text, **row} for text, row in zip(TEXTS, expected)]
    for name, separator in (("out.csv", ","), ("out.tsv", "\t")):
        zhnlp(*command, "--out", tmp_path / name)
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.DictReader(file, delimiter=separator))
        assert [row["text"] for row in table] == TEXTS
        assert [float(row["正面"]) for row in table] == pytest.approx(
            [row["scores"]["正面"] for row in expected], abs=1e-6
        )
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_stdin_pairs_and_two_templates(model, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"sentence1": "今天", "sentence2": "天气"}\n{"sentence1": "电网"}\n', "utf-8")
    options = ("--labels", "是,不", "--model", model)
    template = ("--template", "{text_a}？{mask}，{text_b}", "--template", "{text_a}{mask}{text_b}")
    result = zhnlp("classify", pairs, *template, *options)
    assert len(result.stdout.splitlines()) == 1 and result.stdout.rstrip().endswith("今天\t天气")
    assert "1 x no text_b" in result.stderr
    other = tmp_path / "pairs.tsv"
    other.write_text("a\tb\n今天\t天气\n", "utf-8")
    assert zhnlp("classify", other, *template, *options, "--text-field", "a,b").stdout == result.stdout
    assert zhnlp("classify", "-", *LABELS, "--model", model, stdin="很好\n").stdout.endswith("\t很好\n")


def test_train_save_and_use_again(model, texts, tmp_path):
    few, saved, plot = tmp_path / "few.tsv", tmp_path / "mine", tmp_path / "confusion.svg"
    few.write_text("很好\t正面\n没电\t负面\n坏行\n好\t别的\n", "utf-8")
    options = ("--model", model, "--train", few, "--epochs", 2, "--seed", 5)
    first = zhnlp("classify", texts, *LABELS, *options, "--save", saved, "--dev", few, "--plot", plot)
    for said in ("1 x row has 1 columns, expected 2", "1 x label is not among the known ones", "'别的'"):
        assert said in first.stderr
    scores = json.loads(first.stderr[first.stderr.index('{\n "primary') : first.stderr.rindex("}") + 1])
    assert scores["texts"] == 2 and plot.stat().st_size > 1000
    again = zhnlp("classify", texts, "--model", saved, "--dev", few)
    assert again.stdout == first.stdout
    alone = zhnlp("classify", "--model", saved, "--dev", few)
    assert json.loads(alone.stdout) == scores


def test_labels_of_the_file_where_none_are_given(model, tmp_path):
    few = tmp_path / "few.tsv"
    few.write_text("很好\t好\n没电\t不\n", "utf-8")
    scores = json.loads(
        zhnlp("classify", "--model", model, "--train", few, "--dev", few, "--epochs", 1).stdout
    )
    assert sorted(scores["labels"]) == ["不", "好"]


def test_unlabelled_texts_and_batch_calibration(model, texts):
    command = ("classify", texts, *LABELS, "--model", model, "--format", "jsonl")
    plain = zhnlp(*command).stdout
    batch = zhnlp(*command, "--calibration", "batch").stdout
    adapted = zhnlp(*command, "--unlabelled", texts).stdout
    assert plain not in (batch, adapted)
    pipe = pipeline("few-shot-classification", model, labels=AS_DICT).calibrate(TEXTS)
    assert [json.loads(line)["scores"] for line in batch.splitlines()] == [
        row["scores"] for row in pipe(TEXTS)
    ]


def test_suggest(tmp_path):
    command = ("classify", REVIEWS / "unlabelled.txt", "--labels", "正面,负面", "--suggest")
    templates = (
        "--template",
        "{text}。总之，很{mask}。",
        "--template",
        "很{mask}。{text}",
        "--template",
        "{text}很{mask}",
    )
    shown = zhnlp(*command, *templates).stdout
    assert shown.startswith("agreement  information") and "ranked by agreement over 40 texts" in shown
    zhnlp(*command, *templates, "--out", tmp_path / "found.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text("utf-8").splitlines()]
    assert [row["agreement"] for row in rows] == sorted((row["agreement"] for row in rows), reverse=True)


def test_options_of_the_training_reach_the_classifier(model, texts, tmp_path):
    train = tmp_path / "few.tsv"
    train.write_text("好天气\t正面\n没电\t负面\n很好\t正面\n不好\t负面\n" * 2, "utf-8")
    options = {"learning_rate": 1e-3, "r_drop": 0.5, "label_conditioning": 0.5, "rounds": 2, "max_length": 40}
    written = [text for name, value in options.items() for text in ("--" + name.replace("_", "-"), value)]
    command = ("classify", *LABELS, "--model", model, "--train", train, "--unlabelled", texts)
    zhnlp(*command, *written, "--epochs", "1", "--soft-labels", "--seed", "3", "--save", tmp_path / "mine")
    kept = json.loads((tmp_path / "mine/prompt.json").read_text("utf-8"))["parameters"]
    expected = {**options, "epochs": 1, "soft_labels": True, "random_state": 3}
    assert {name: kept[name] for name in expected} == expected
    again = ("classify", "--model", tmp_path / "mine", "--save")
    for seed, found in (((), 3), (("--seed", "0"), 0)):
        zhnlp(*again, tmp_path / f"again{found}", *seed)
        saved = json.loads((tmp_path / f"again{found}/prompt.json").read_text("utf-8"))
        assert saved["parameters"]["random_state"] == found


def test_an_empty_input_gives_a_table_without_rows(model, tmp_path):
    empty, out = tmp_path / "empty.txt", tmp_path / "out.csv"
    empty.write_text("\n", "utf-8")
    zhnlp("classify", empty, *LABELS, "--model", model, "--out", out)
    assert out.read_text("utf-8-sig") == "text,label,score,正面,负面\n"


def test_help_has_an_example():
    assert "Example: zhnlp classify" in " ".join(zhnlp("classify", "--help").stdout.split())


def test_refusals(model, texts, tmp_path):
    wrong = tmp_path / "wrong.tsv"
    wrong.write_text("好\t别的\n", "utf-8")
    one_class = tmp_path / "one.tsv"
    one_class.write_text("好\t正面\n很好\t正面\n", "utf-8")
    given = (texts, *LABELS, "--model", model)
    for arguments, said in (
        ([], "there is nothing to do"),
        ([texts, "--model", model], "labels is None and fit was not called"),
        ([texts, "--labels", "正面="], "has no label or no word"),
        ([texts, "--labels", "正面=好", "--labels", "正面=棒"], "has '正面' twice"),
        ([texts, "--labels", "正面=好"], "every text would read '今天天气不错。总之，很好。'"),
        ([texts, "--labels", "正面=好", "--suggest"], "every text would read '今天天气不错。总之，很好。'"),
        ([*given, "--template", "{text}很好"], "has no {mask}"),
        ([*given, "--format", "xml"], "--format xml is not known"),
        ([*given, "--out", tmp_path / "a.xlsx"], "expected .jsonl, .csv, .tsv or .txt"),
        ([*given, "--out", texts], "is also read"),
        ([*given, "--train", "no.tsv"], "--train no.tsv is not there"),
        ([*given, "--train", wrong], "gave no labelled text (1 x label is not among the known ones"),
        ([*given, "--plot", tmp_path / "a.png"], "expected --dev too"),
        (
            [*given, "--train", wrong, "--dev", wrong, "--plot", tmp_path / "a.foo"],
            "ends in '.foo': expected .png",
        ),
        ([*given, "--epochs", "3", "--r-drop", "1"], "--epochs, --r-drop: of the training"),
        ([*given, "--soft-labels"], "--soft-labels: of the training"),
        ([*given, "--train", wrong, "--epochs", "many"], "--epochs many is not possible"),
        ([*given, "--train", one_class], "label '正面' alone, and no text of '负面'"),
        ([*given, "--save", texts], "is a file"),
        ([*given, "--mode", "fast"], "mode='fast' is not known"),
        ([texts, "--suggest"], "--suggest needs --labels"),
        (["no.txt", *LABELS, "--model", model], "no such file"),
        (["-", *LABELS, "--model", model, "--calibration", "batch"], "reads FILES twice"),
    ):
        assert said in refused("classify", *arguments), arguments


# --- labelled files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "很好\t1\n没电\t0\n"),
        ("a.txt", "很好\t1\r\n\r\n没电\t0"),
        ("a.tsv", "label\tsentence\n1\t很好\n0\t没电\n"),
        ("a.csv", "很好,1\n没电,0\n"),
        ("a.csv", "id,text,label\n7,很好,1\n8,没电,0\n"),
        ("a.jsonl", '{"text": "很好", "label": 1}\n{"label": 0, "sentence": "x", "text": "没电"}\n'),
        ("a.jsonl", '{"content": "很好", "label": "1"}\n{"content": "没电", "label": "0"}\n'),
    ],
)
def test_forms_of_labelled_files(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode())
    report = CorpusReport()
    assert read_labelled(path, Columns(("text",)), report) == (["很好", "没电"], ["1", "0"])
    assert report.documents == 2 and not report.skipped


def test_quotes_and_packing_and_gb18030(tmp_path):
    import gzip

    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress('"好看"的书\t1\n"他说""好"""\t0\n"未完\t1\n'.encode("gb18030")))
    with pytest.warns(UserWarning, match="GB18030"):
        texts, _ = read_labelled(path, Columns(("text",)), CorpusReport())
    assert texts == ['"好看"的书', '他说"好"', '"未完']


def test_parquet(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["好", None], "label": [1, 0], "more": [2, 3]}), path)
    report = CorpusReport()
    assert read_labelled(path, Columns(("text",)), report) == (["好"], ["1"])
    assert dict(report.skipped) == {"no text": 1}


def test_broken_rows_are_counted_with_their_place(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "好", "label": "1"}\n{\n[1]\n{"text": " ", "label": "1"}\n{"text": "好"}\n', "utf-8"
    )
    report = CorpusReport()
    assert read_labelled(path, Columns(("text",)), report) == (["好"], ["1"])
    assert dict(report.skipped) == {"broken JSON": 1, "row is no object": 1, "blank text": 1, "no label": 1}
    assert [line for _, line, _ in report.examples] == [2, 3, 4, 5]


def test_columns_that_are_not_there_are_named(tmp_path):
    for name, content in (("a.csv", "title,label\n好,1\n"), ("a.jsonl", '{"title": "好", "label": 1}\n')):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        with pytest.raises(
            CorpusError, match=r"expected text or content or sentence, label\. Next: --text-field"
        ):
            read_labelled(path, Columns(("text",)), CorpusReport())
        found = read_labelled(path, Columns(("text",), ("title",)), CorpusReport())
        assert found == (["好"], ["1"])
    with pytest.raises(ValueError, match="names 1 column"):
        Columns(("text_a", "text_b"), ("a",))
