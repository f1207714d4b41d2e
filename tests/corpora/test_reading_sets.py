"""Reading sets in all their forms become one: places that hold, labels, what is dropped, the public set.

Run: pytest tests/corpora/test_reading_sets.py
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ZHNLP_DATA", CHECKOUT.parent / "shared" / "data"))
CONTEXT = "国家电网公司与南方电网公司都是电网公司。"


def run(*arguments):
    """(exit code, rows, standard error)."""
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "corpora" / "reading.py"), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def written(tmp_path, content, name="set.json"):
    path = tmp_path / name
    path.write_text(
        content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
    )
    return path


def line(answers, **more):
    return json.dumps(
        {"id": "1", "question": "谁？", "context": CONTEXT, "answers": answers, **more}, ensure_ascii=False
    )


def check(row):
    for answer in row["answers"]:
        text = row["context"] if "context" in row else row["passages"][answer["passage"]]
        assert text[answer["start"] : answer["start"] + len(answer["text"])] == answer["text"]


def test_given_places_and_all_of_them(tmp_path):
    path = written(tmp_path, line([{"text": "电网公司", "answer_start": 9}]), "set.jsonl")
    _, (row,), _ = run(path)
    assert row == {
        "id": "1",
        "question": "谁？",
        "context": CONTEXT,
        "answers": [{"text": "电网公司", "start": 9}],
    }
    _, (row,), said = run(path, "--labels", "all")
    assert [answer["start"] for answer in row["answers"]] == [
        2,
        9,
        15,
    ] and "1 questions with 3 answers" in said
    check(row)


def test_what_does_not_fit_is_mended_or_dropped_and_counted(tmp_path):
    lines = [
        line([{"text": "电网公司", "answer_start": 8}]),  # one off
        line([{"text": " 国家电网 ", "answer_start": 0}]),
        line([{"text": "长江电力", "answer_start": 0}, {"text": "国家电网公司", "answer_start": 0}]),
        line([{"text": "长江电力", "answer_start": 0}]),
        line([]),
    ]
    _, rows, said = run(written(tmp_path, "\n".join(lines), "set.jsonl"))
    assert [[(answer["text"], answer["start"]) for answer in row["answers"]] for row in rows] == [
        [("电网公司", 9)],
        [("国家电网", 0)],
        [("国家电网公司", 0)],
        [],
    ]
    said = " ".join(said.split())
    assert "4 questions with 3 answers" in said and "1 questions have none" in said
    assert "moved to where they stand: 2, without blanks at their ends: 1" in said
    assert "stand nowhere: 2; questions dropped for that: 1" in said


SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "电网",
            "paragraphs": [
                {
                    "id": "p",
                    "context": CONTEXT,
                    "qas": [
                        {
                            "id": "q1",
                            "question": "谁？",
                            "answers": [{"id": "1", "text": "南方电网公司", "answer_start": 7}],
                        },
                        {
                            "id": 2,
                            "question": "谁？",
                            "is_impossible": True,
                            "answers": [],
                            "plausible_answers": [],
                        },
                    ],
                }
            ],
        }
    ],
}
CMRC = [
    {
        "context_id": "DEV_0",
        "context_text": CONTEXT,
        "qas": [{"query_id": "DEV_0_QUERY_0", "query_text": "谁？", "answers": ["国家电网公司", "电网公司"]}],
        "title": "电网",
    }
]
SOGOU = [
    {
        "id": "7",
        "question": "谁？",
        "passages": [
            {"passage": CONTEXT, "answer": "电网公司"},
            {"passage": "没有", "answer": ""},
            {"passage": "无", "answer": None},
        ],
    }
]
WEBQA = {
    "Q_1": {
        "question": "谁？",
        "evidences": {
            "Q_1#0": {"evidence": CONTEXT, "answer": ["国家电网公司"]},
            "Q_1#1": {"evidence": "没有", "answer": ["no_answer"]},
        },
    }
}


@pytest.mark.parametrize(
    ("content", "names", "answers"),
    [
        (SQUAD, ["q1", "2"], [[("南方电网公司", 7, None)], []]),
        (
            CMRC,
            ["DEV_0_QUERY_0"],
            [[("国家电网公司", 0, None), *[("电网公司", place, None) for place in (2, 9, 15)]]],
        ),
        (SOGOU, ["7"], [[("电网公司", place, 0) for place in (2, 9, 15)]]),
        (WEBQA, ["Q_1"], [[("国家电网公司", 0, 0)]]),
    ],
)
def test_every_form(tmp_path, content, names, answers):
    code, rows, _ = run(written(tmp_path, content))
    assert code == 0 and [row["id"] for row in rows] == names
    assert [
        [(answer["text"], answer["start"], answer.get("passage")) for answer in row["answers"]]
        for row in rows
    ] == answers
    for row in rows:
        check(row)
    again = written(tmp_path, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "again.jsonl")
    assert run(again)[1] == rows  # what it writes it reads


def test_characters_beyond_the_basic_plane_keep_their_places(tmp_path):
    context = "𠮷野家😀在東京，ＧＰＵ也在。"
    rows = [
        {
            "id": "1",
            "question": "？",
            "context": context,
            "answers": [{"text": text, "answer_start": context.index(text)}],
        }
        for text in ("東京", "ＧＰＵ", "𠮷野家", "😀")
    ]
    for row in run(written(tmp_path, rows))[1]:
        check(row)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{bad", "line 1 is no JSON"),
        ({"rows": []}, "has none of the known forms"),
        ([{"id": "1", "question": "谁？"}], "has none of the known forms"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    code, rows, error = run(written(tmp_path, content))
    assert code == 2 and not rows and said in error


def test_a_missing_file_is_refused(tmp_path):
    code, _, error = run("--data", tmp_path)
    assert code == 2 and "no file" in error and "--data" in error


@pytest.mark.data
def test_cmrc2018(monkeypatch):
    if not DATA.is_dir():
        pytest.skip(f"no public data in {DATA}: set ZHNLP_DATA to its folder")
    monkeypatch.syspath_prepend(str(CHECKOUT / "corpora"))
    import reading

    report = Counter()
    rows = reading.load("dev", DATA, report=report)
    assert len(rows) + report["lost"] == 3219 and report["lost"] < 30
    for row in rows:
        check(row)
        assert row["answers"] and re.search(r"\w", row["question"])
    several = reading.load("dev", DATA, labels="all")
    assert sum(len(row["answers"]) for row in several) > 3219
