"""Questions from dicts and files: places by hand, both kinds of labels, what is left out, refusals."""

import json
import lzma

import pytest

from zhnlp.reading.examples import Example, read_examples

SONG = "曹雪芹写了红楼梦，曹雪芹是清朝人。"


def test_given_places_and_all_places():
    row = {"question": "谁写的？", "context": SONG, "answers": [{"text": "曹雪芹", "start": 9}]}
    assert read_examples([row])[0].places == ((0, 9, 12),)
    assert read_examples([row], "all")[0].places == ((0, 0, 3), (0, 9, 12))
    bare = {"question": "谁写的？", "context": SONG, "answer": "曹雪芹"}
    assert read_examples([bare])[0].places == ((0, 0, 3), (0, 9, 12))


def test_passages_with_answers_of_their_own():
    row = {
        "question": "谁写的？",
        "passages": [{"passage": "天气很好", "answer": None}, {"passage": SONG, "answer": "红楼梦"}],
    }
    example = read_examples([row])[0]
    assert example.passages == ("天气很好", SONG) and example.places == ((1, 5, 8),)
    assert example.texts == ("红楼梦",)


def test_the_text_at_a_place_is_the_answer_in_every_form(tmp_path):
    squad = {"data": [{"paragraphs": [{"context": SONG, "qas": [
        {"id": 1, "question": "谁", "answers": [{"text": "红楼梦", "answer_start": 4}]},
        {"id": 2, "question": "何时", "answers": [], "is_impossible": True},
    ]}]}]}  # fmt: skip
    cmrc = [
        {"context_text": SONG, "qas": [{"query_id": "q", "query_text": "谁", "answers": ["清朝", "清朝人"]}]}
    ]
    webqa = {
        "w": {
            "question": "谁",
            "evidences": {
                "a": {"evidence": SONG, "answer": ["曹雪芹"]},
                "b": {"evidence": "无", "answer": ["no_answer"]},
            },
        }
    }
    for name, content in (("squad", squad), ("cmrc", cmrc), ("webqa", webqa)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    with lzma.open(tmp_path / "lines.jsonl.xz", "wt") as file:
        file.write(
            json.dumps(
                {
                    "id": "x",
                    "question": "谁",
                    "context": SONG,
                    "answers": [{"text": "人", "answer_start": 15}],
                }
            )
            + "\n"
        )
    found = read_examples(sorted(tmp_path.iterdir()))
    assert [len(one.places) for one in found] == [2, 1, 1, 0, 2]  # by name: cmrc, lines, squad, webqa
    for example in found:
        cut = {example.passages[passage][start:end] for passage, start, end in example.places}
        assert cut <= set(example.texts)
    assert found[3] == Example("何时", (SONG,), (), "2") and found[4].passages == (SONG, "无")


def test_what_stands_nowhere_is_left_out_with_a_warning():
    good = {"question": "谁？", "context": SONG, "answer": "曹雪芹"}
    with pytest.warns(UserWarning, match="1 questions were left out .* nowhere .* 1 since they have no text"):
        found = read_examples([good, {**good, "answer": "高鹗"}, {**good, "question": " "}])
    assert len(found) == 1
    assert read_examples(found) == found


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="expected 'given' or 'all'"):
        read_examples([], "some")
    with pytest.raises(TypeError, match="got dict: expected a path, or a list"):
        read_examples({"question": "谁"})
    with pytest.raises(ValueError, match=r"is no question \(KeyError: 'context'\)"):
        read_examples([{"question": "谁"}])
    with pytest.raises(FileNotFoundError, match="expected JSON or JSONL"):
        read_examples(tmp_path / "none.json")
    with pytest.raises(ValueError, match="no question left"):
        read_examples([])
    (tmp_path / "odd.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match="none of the known forms"):
        read_examples(tmp_path / "odd.json")
