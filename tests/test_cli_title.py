"""``zhnlp title`` and ``zhnlp train title``: a generator from a file of pairs, and titles as the API gives them."""

import json

import pytest
from command import refused, zhnlp

from zhnlp.seq2seq import TitleGenerator

PAIRS = [
    (f"今天上午{part}检修完成。天气很好。", f"{part}检修") for part in ("变压器", "线路", "电表", "开关")
] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("titles")
    lines = (json.dumps({"content": a, "title": b}, ensure_ascii=False) for a, b in PAIRS)
    (place / "pairs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    made = zhnlp(
        *("train", "title", place / "pairs.jsonl", "--out", place / "mine", "--epochs", 6, "--batch-size", 4),
        *("--valid", place / "pairs.jsonl", "--max-source", 32, "--max-target", 8, "--quiet"),
    )
    said = json.loads(made.stdout)
    assert said["pairs"] == 16 and 0 <= said["rouge_l"] <= 1
    return place / "mine"


@pytest.mark.slow
def test_titles_are_those_of_the_api(folder, tmp_path):
    articles = [article for article, _ in PAIRS[:3]]
    (tmp_path / "a.txt").write_text("\n".join([*articles[:2], "", articles[2]]), encoding="utf-8")
    generator = TitleGenerator(folder, progress=False)
    expected = generator.generate(articles)
    plain = zhnlp("title", tmp_path / "a.txt", "--model", folder)
    assert plain.stdout.splitlines() == [one["title"] for one in expected]
    page = tmp_path / "page.html"
    options = ("--num-return", 2, "--format", "jsonl", "--out", tmp_path / "t.jsonl", "--html", page)
    zhnlp("title", tmp_path / "a.txt", "--model", folder, *options)
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert [[one["title"] for one in row] for row in rows] == [
        [one["title"] for one in row] for row in generator.generate(articles, num_return=2)
    ]
    assert page.read_text("utf-8").count("<article>") == 3


def test_help_and_refusals(tmp_path):
    assert "Example: zhnlp title" in zhnlp("title", "--help").stdout
    assert "zhnlp train title news.jsonl" in " ".join(zhnlp("train", "title", "--help").stdout.split())
    (tmp_path / "a.txt").write_text("电网", encoding="utf-8")
    for options, said in [
        (("--format", "xml"), "--format xml is not known"),
        (("--num-return", 5, "--model", tmp_path), "num_return=5 of beams=3"),
        (("--html", tmp_path / "a.txt"), "--html"),
    ]:
        assert said in refused("title", tmp_path / "a.txt", *options)
