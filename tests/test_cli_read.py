"""``zhnlp read``, ``zhnlp train reader`` and ``zhnlp eval reading``: what the API gives, files, pages, refusals."""

import json

import pytest
from command import refused, zhnlp
from toy_reader import NOTHING, ROWS, WHERE, toy_reader

QUESTION, CONTEXT = ROWS[5]["question"], ROWS[5]["passages"][0]["passage"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return toy_reader().save(tmp_path_factory.mktemp("reader") / "toy")


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """A file of SQuAD's form and one of JSONL."""
    place = tmp_path_factory.mktemp("questions")
    paragraphs = [
        {
            "context": row["passages"][0]["passage"],
            "qas": [{"id": row["id"], "question": row["question"], "answers": [answer(row)]}],
        }
        for row in ROWS
    ]
    data = {"version": "1", "data": [{"title": "上班", "paragraphs": paragraphs}]}
    (place / "squad.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    lines = (json.dumps(row, ensure_ascii=False) for row in ROWS)
    (place / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return place


def answer(row):
    text, context = row["passages"][0]["answer"], row["passages"][0]["passage"]
    return {"text": text, "answer_start": context.index(text)}


def test_answers_are_those_of_the_api(folder, tmp_path):
    (tmp_path / "a.txt").write_text(f"{NOTHING}\n\n{CONTEXT}\n", encoding="utf-8")
    expected = toy_reader().answer(QUESTION, passages=[NOTHING, CONTEXT])
    head, line = zhnlp("read", QUESTION, tmp_path / "a.txt", "--model", folder).stdout.splitlines()
    row = dict(zip(head.split("\t"), line.split("\t")))
    assert row["answer"] == expected["answer"] == WHERE[1] and row["passage"] == "1"
    assert CONTEXT[int(row["start"]) : int(row["end"])] == row["answer"]
    assert row["evidence"] == CONTEXT.replace(WHERE[1], f"【{WHERE[1]}】")
    made = zhnlp(
        *("read", QUESTION, "--passage", NOTHING, "--passage", CONTEXT, "--model", folder, "--json"),
        *("--html", tmp_path / "page.html", "--language", "zh"),
    )
    assert json.loads(made.stdout) == {"question": QUESTION, **expected}
    page = (tmp_path / "page.html").read_text("utf-8")
    assert f">{WHERE[1]}</span></strong>" in page and "<script" not in page


def test_nearest_passages_and_no_answer(folder, tmp_path):
    texts = [f"{place}号楼没有消息。" for place in range(30)] + [CONTEXT]
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    made = zhnlp("read", QUESTION, tmp_path / "a.txt", "--model", folder, "--nearest", 1, "--json")
    found = json.loads(made.stdout)
    assert found["answer"] == WHERE[1] and found["passage"] == 0
    _, line = zhnlp("read", QUESTION, "--passage", "好。", "--model", folder).stdout.splitlines()
    question, text, score, absent, *place = line.split("\t")
    assert (question, text, place) == (QUESTION, "", [""] * 4) and score == absent


def test_many_questions_of_files(folder, questions, tmp_path):
    out, page = tmp_path / "found.jsonl", tmp_path / "page.html"
    given = ("--questions", questions / "rows.jsonl", "--questions", questions / "squad.json")
    zhnlp("read", *given, "--model", folder, "--out", out, "--html", page)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["question"] for row in rows] == [row["question"] for row in ROWS] * 2
    right = [row["passages"][0]["answer"] for row in ROWS] * 2
    assert sum(row["answer"] == text for row, text in zip(rows, right)) >= 28
    assert page.read_text("utf-8").count("<article") == 2 * len(ROWS)


def test_eval_of_files_and_of_a_model(folder, questions, tmp_path):
    right = {row["id"]: row["passages"][0]["answer"] for row in ROWS}
    wrong = {**right, ROWS[0]["id"]: "", ROWS[1]["id"]: f"在{right[ROWS[1]['id']]}"}
    (tmp_path / "found.json").write_text(json.dumps(wrong, ensure_ascii=False), encoding="utf-8")
    gold = ("--gold", questions / "squad.json", "--samples", 0)
    score = json.loads(zhnlp("eval", "reading", tmp_path / "found.json", *gold).stdout)
    assert score["questions"] == 16 and score["em"] == 14 / 16
    assert score["f1"] == pytest.approx((14 + 4 / 5) / 16) and score["primary_metric"] == "f1"
    score = json.loads(zhnlp("eval", "reading", "--model", folder, *gold).stdout)
    assert score["em"] > 0.8
    lines = [f"{name}\t{text}\t{text}|在{text}" for name, text in right.items()]
    (tmp_path / "synonyms").write_text("\n".join(lines), encoding="utf-8")
    made = ("eval", "reading", tmp_path / "found.json", "--synonyms", tmp_path / "synonyms", "--samples", 0)
    score = json.loads(zhnlp(*made).stdout)
    assert score["primary_metric"] == "score" and score["score"] == 15 / 16
    assert json.loads(zhnlp(*made, *gold).stdout) == score


@pytest.mark.slow
def test_train_reader(questions, tmp_path):
    options = ("--words", "none", "--hidden-size", 16, "--epochs", 2, "--batch-size", 8, "--quiet", "--int8")
    valid = ("--valid", questions / "rows.jsonl")
    made = zhnlp("train", "reader", questions / "squad.json", "--out", tmp_path / "mine", *valid, *options)
    said = json.loads(made.stdout)
    assert said["questions"] == 16 and 0 <= said["em"] <= said["f1"] <= 1
    assert (tmp_path / "mine" / "model.int8.safetensors").is_file()
    asked = ("read", QUESTION, "--passage", CONTEXT, "--model", tmp_path / "mine", "--threshold", 0)
    assert len(zhnlp(*asked).stdout.splitlines()) == 2


def test_help_has_examples():
    for command in (("read",), ("train", "reader"), ("eval", "reading")):
        said = " ".join(zhnlp(*command, "--help").stdout.split())
        assert f"Example: zhnlp {' '.join(command)}" in said


def test_refusals_of_read(folder, tmp_path):
    (tmp_path / "a.txt").write_text("电网", encoding="utf-8")
    (tmp_path / "blank.txt").write_text(" \n", encoding="utf-8")
    text, model = ("--passage", "他"), ("--model", folder)
    for options, said in [
        ((), "read got no question"),
        (("谁？",), "without passages"),
        (("谁？", *text, "--questions", tmp_path / "a.txt"), "a question and --questions"),
        (("--questions", tmp_path / "a.txt", *text), "its own passages"),
        (("谁？", *text, "--vote", "most"), "smooth_square"),
        (("谁？", *text, "--language", "fr"), "--language fr"),
        (("谁？", tmp_path / "a.txt", "--html", tmp_path / "a.txt"), "is also read"),
        (("谁？", tmp_path / "blank.txt", *model), "hold no text"),
        ((" ", *text, *model), "blank"),
    ]:
        assert said in refused("read", *options), options


def test_refusals_of_eval_and_training(folder, questions, tmp_path):
    (tmp_path / "found.json").write_text('{"z": "鬼"}', encoding="utf-8")
    gold = ("--gold", questions / "squad.json")
    for options, said in [
        ((tmp_path / "found.json",), "--gold is missing"),
        (gold, "neither FILE nor --model"),
        ((tmp_path / "found.json", *gold, "--model", folder), "FILE and --model"),
        ((tmp_path / "found.json", *gold, "--metric", "bleu"), "cmrc or factoids"),
        ((tmp_path / "found.json", *gold), "none of the 16 questions"),
    ]:
        assert said in refused("eval", "reading", *options), options
    squad = questions / "squad.json"
    out = ("--out", tmp_path / "new")
    for options, said in [
        ((squad, "--out", tmp_path / "found.json"), "is a file"),
        ((squad, *out, "--engine", "lstm"), "expected one of 'dgcnn', 'encoder'"),
        ((squad, *out, "--engine", "encoder", "--form", "5409"), "has no option form"),
        ((tmp_path / "no.json", *out), "no file"),
    ]:
        assert said in refused("train", "reader", *options), options
