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
