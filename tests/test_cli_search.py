import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhnlp.cli import app

FAQ = Path(__file__).parents[1] / "corpora" / "faq"
SHOP, QUERIES = str(FAQ / "shop.csv"), str(FAQ / "queries.txt")


def run(*arguments, input=None):
    return CliRunner().invoke(app, ["search", *map(str, arguments)], input=input)


def table(result):
    assert result.exit_code == 0, result.stderr
    head, *rows = (line.split("\t") for line in result.stdout.splitlines())
    assert head == ["query", "rank", "score", "above", "id", "question", "answer"]
    return [dict(zip(head, row)) for row in rows]


def test_a_question_finds_its_answer():
    rows = table(run(SHOP, "钱什么时候可以退给我", "-k", 2, "--threshold", 0.5))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert (rows[0]["id"], rows[0]["above"]) == ("refund-time", "yes")
    assert rows[1]["id"] != "refund-time" and rows[1]["above"] == "no"


def test_a_saved_index_answers_the_same(tmp_path):
    fresh = run(
        SHOP, "--file", QUERIES, "--threshold", "none", "--save", tmp_path / "faq", "--dtype", "int8+float32"
    )
    loaded = run(tmp_path / "faq", "--file", QUERIES, "--threshold", "none")
    assert table(fresh) == table(loaded)
    assert [row["query"] for row in table(loaded)][::5] == Path(QUERIES).read_text("utf-8").splitlines()


def test_lines_of_json_with_duplicates_in_order(tmp_path):
    out = tmp_path / "hits.jsonl"
    result = run(SHOP, "--file", "-", "-k", 1, "--threshold", 0.5, "-o", out, input="发票\n退款\n\n发票\n")
    assert result.exit_code == 0 and not result.stdout
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["query"] for row in rows] == ["发票", "退款", "发票"] and rows[0] == rows[2]
    assert rows[0]["hits"][0]["id"] == "invoice"


def test_above_leaves_the_others_out_and_says_where_nothing_is_left():
    result = run(SHOP, "明天会下雨吗", "怎么开发票", "--threshold", 0.6, "--above")
    assert {row["query"] for row in table(result)} == {"怎么开发票"}
    assert "no known question reaches the threshold for '明天会下雨吗'" in result.stderr


def test_pairs_calibrate(tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("text_a\ttext_b\tlabel\n退款\t怎么退款\t1\n退款\t怎么付款\t0\n", "utf-8")
    result = run(SHOP, "退款", "--pairs", pairs, "--save", tmp_path / "faq")
    assert "expected to be right" in result.stderr and "2 labelled pairs" in result.stderr
    assert table(result) == table(run(tmp_path / "faq", "退款"))


def test_a_map_alone(tmp_path):
    result = run(SHOP, "--map", tmp_path / "map.html")
    assert result.exit_code == 0 and "怎么退款" in (tmp_path / "map.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SHOP,), "nothing to do"),
        ((SHOP, "退款", "--file", QUERIES), "expected one of them"),
        ((SHOP, "退款", "--threshold", "high"), "--threshold high: expected a cosine"),
        ((SHOP, "退款", "--dtype", "int4"), "dtype='int4'"),
        ((SHOP, "退款", "--columns", "q,a"), "expected q, a"),
        (("none.csv", "退款"), "none.csv"),
        ((SHOP, "退" * 10_000), "10,000 characters"),
        ((SHOP, "退款", "--out", SHOP), "is also read"),
        ((SHOP, "退款", "--above", "--threshold", "none"), "no threshold is known"),
    ],
    ids=["nothing", "both", "threshold", "dtype", "columns", "missing", "long", "over", "above"],
)
def test_refusals_leave_with_2(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_help_has_an_example():
    result = run("--help")
    assert "Example: zhnlp search corpora/faq/shop.csv" in " ".join(result.stdout.split())
