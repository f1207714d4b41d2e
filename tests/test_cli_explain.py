"""``zhnlp explain`` as users call it.

Run: pytest tests/test_cli_explain.py
"""

import json

import pytest
from command import refused, zhnlp
from small_models import save_checkpoint
from tiny_classifiers import make_classifier

from zhnlp import pipeline
from zhnlp.attribution.display_width import text_width
from zhnlp.cli.label_option import parse_labels

TEXTS = ["今天天气很好", "变压器断路"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    for part in make_classifier():
        part.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masked")
    save_checkpoint(folder, "bert")
    return folder


def test_lines_are_what_the_api_gives(classifier):
    api = pipeline("explain", classifier, steps=9, output="probability")(TEXTS, "正面")
    options = ("--model", classifier, "--steps", 9, "--output", "probability", "--target", "正面")
    lines = zhnlp("explain", *TEXTS, *options, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == api


def test_the_heat_map_has_marks_and_no_colours_in_a_pipe(classifier):
    printed = zhnlp("explain", TEXTS[0], "--model", classifier).stdout
    text, marks, legend = printed.splitlines()
    assert text == TEXTS[0] and 0 < text_width(marks) <= text_width(text) and "9" in marks
    assert "completeness error 0." in legend and "(50 points)" in legend and "\x1b" not in printed
    words = zhnlp("explain", TEXTS[0], "--model", classifier, "--words", "--steps", "auto").stdout
    assert words.splitlines()[1] != marks and "(20 points)" in words


def test_labels_and_templates_and_a_page(masked, tmp_path):
    page = tmp_path / "new" / "page.html"
    options = (
        "--model",
        masked,
        "--labels",
        "正面=好",
        "--labels",
        "负面=不",
        "--html",
        page,
        "--language",
        "zh",
    )
    templates = ("--template", "{text}很{mask}", "--template", "{mask}！{text}")
    printed = zhnlp("explain", *TEXTS, *options, *templates).stdout
    assert "template {text}很{mask}:" in printed and printed.count("target ") == 2
    html = page.read_text("utf-8")
    assert html.count("<article") == 2 and "分类器为何如此判断" in html


def test_a_file_is_read_and_its_name_is_no_text(classifier, tmp_path):
    options = ("--model", classifier, "--method", "occlusion", "--format", "jsonl")
    lines = zhnlp("explain", *TEXTS, *options).stdout
    plain, headed, bare = (tmp_path / name for name in ("texts.txt", "headed.tsv", "bare.tsv"))
    plain.write_text("\n\n".join(TEXTS), "utf-8")
    headed.write_text("label\ttext\n" + "".join(f"好\t{text}\n" for text in TEXTS), "utf-8")
    bare.write_text("".join(f"{text}\t好\n" for text in TEXTS), "utf-8")
    for file in (plain, headed, bare):
        assert zhnlp("explain", "--file", file, *options, "--quiet").stdout == lines
    assert zhnlp("explain", "--file", "-", *options, stdin="\n".join(TEXTS)).stdout == lines
    assert "each line is a text, a tab, a label" in zhnlp("explain", "--file", bare, *options).stderr
    said = refused("explain", bare, *options)
    assert "and it is a file: expected the text itself" in said and f"Next: --file {bare}" in said
    assert "it is a folder" in refused("explain", tmp_path, *options)
    assert "--file -" in refused("explain", "-", *options)
    assert "got no text: expected TEXTS or --file" in refused("explain", *options)
    assert "got texts and --file" in refused("explain", "电", "--file", plain, *options)
    assert "which column is the text" in refused("explain", "--file", _csv(tmp_path), *options)
    long = TEXTS[0] * 60  # no name of a file is so long
    assert json.loads(zhnlp("explain", long, *options).stdout)["text"] == long


def _csv(folder):
    (folder / "other.csv").write_text("review,stars\n电网,5\n", "utf-8")
    return folder / "other.csv"


def test_the_most_telling_words_are_written(classifier, tmp_path):
    options = ("--model", classifier, "--method", "occlusion", "--target", "正面", "--min-count", 1)
    page, table = tmp_path / "words.html", tmp_path / "words.tsv"
    zhnlp("explain", *TEXTS, *options, "--report", page, "--language", "zh")
    zhnlp("explain", *TEXTS, *options, "--report", table, "--html", tmp_path / "page.html", "--device", "cpu")
    api = pipeline("explain", classifier, method="occlusion").telling_words(TEXTS, "正面", min_count=1)
    rows = [line.split("\t") for line in table.read_text("utf-8-sig").splitlines()]
    assert [row[:2] for row in rows[1:]] == [["正面", row["word"]] for row in api]
    assert page.read_text("utf-8") == api.to_html(language="zh") and (tmp_path / "page.html").is_file()
    assert "expected .html" in refused("explain", "电", *options, "--report", tmp_path / "words.doc")
    assert "are both" in refused("explain", "电", *options, "--report", page, "--html", page)


def test_pairs(masked, classifier, tmp_path):
    labels = ("--labels", "正面=好", "--labels", "负面=不", "--method", "occlusion", "--format", "jsonl")
    options = ("--model", masked, "--template", "{text_a}{mask}{text_b}", *labels)
    line = zhnlp("explain", "今天", "天气", *options).stdout
    assert json.loads(line)["text"] == {"text_a": "今天", "text_b": "天气"}
    assert zhnlp("explain", "今天", "天气", "--pair", *options).stdout == line
    (tmp_path / "pairs.tsv").write_text("今天\t天气\n", "utf-8")
    assert zhnlp("explain", "--file", tmp_path / "pairs.tsv", *options).stdout == line
    both = zhnlp("explain", "今天", "天气", "--pair", "--model", classifier, *labels[4:]).stdout
    assert json.loads(both)["tokens"][-1]["field"] == "text_b"
    assert "3 texts for a classifier of pairs: expected two a pair" in refused("explain", *"今天电", *options)
    single = ("--model", masked, "--template", "{text}{mask}", *labels)
    assert "leave --pair out" in refused("explain", "今天", "天气", "--pair", *single)


def test_help_has_an_example():
    assert "Example: zhnlp explain" in " ".join(zhnlp("explain", "--help").stdout.split())


def test_refusals(classifier, masked, tmp_path):
    assert "explain got no classifier" in refused("explain", "电")
    assert "reads no token" in refused("explain", "", "--model", classifier)
    assert "knows no character" in refused("explain", "龘", "--model", classifier)
    assert "is no class" in refused("explain", "电", "--model", classifier, "--target", "好评")
    assert "method='x' is not known" in refused("explain", "电", "--model", classifier, "--method", "x")
    assert "steps='many'" in refused("explain", "电", "--model", classifier, "--steps", "many")
    assert "no classifier" in refused("explain", "电", "--model", masked)
    assert "expected text or jsonl" in refused("explain", "电", "--model", classifier, "--format", "xml")
    assert "language='de'" in refused("explain", "电", "--model", classifier, "--language", "de")
    assert "is a folder" in refused("explain", "电", "--model", classifier, "--html", tmp_path)
    assert "has no label or no word" in refused("explain", "电", "--labels", "正面=")
    assert "1 label" in refused("explain", "电", "--labels", "正面=好")


def test_labels():
    assert parse_labels(["正面=好, 满意", "负面=差，"]) == {"正面": ["好", "满意"], "负面": ["差"]}
    assert parse_labels(["体育, 财经"]) == {"体育": ["体育"], "财经": ["财经"]}
    assert parse_labels([]) is parse_labels(None) is None
    for wrong in ([""], [" "], ["=好"], ["正面=", "负面=差"], [","]):
        with pytest.raises(ValueError, match="has no label or no word"):
            parse_labels(wrong)
    with pytest.raises(ValueError, match="has '正面' twice"):
        parse_labels(["正面=好", "正面=差"])
