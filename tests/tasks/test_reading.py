"""`pipeline("reading-comprehension")`: one question, lists, streams, the contract, files, refusals.

Run: pytest tests/tasks/test_reading.py
"""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from toy_reader import NOTHING, ROWS, WHERE, WHO, toy_reader

from zhnlp import pipeline
from zhnlp.tasks.reading import ReadingComprehension

KEYS = {"answer", "start", "end", "passage", "score"}
TASK = "reading-comprehension"


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    folder = toy_reader().save(tmp_path_factory.mktemp("reader") / "toy")
    return pipeline(TASK, folder, progress=False)


def texts(row):
    return [one["passage"] for one in row["passages"]]


def test_the_contract(pipe):
    row = ROWS[5]
    context = texts(row)[0]
    found = pipe(question=row["question"], context=context)
    assert found.keys() >= KEYS and found["answer"] == WHERE[1] and found["passage"] == 0
    assert context[found["start"] : found["end"]] == found["answer"] and 0 < found["score"] <= 1
    second = pipe(question=row["question"], passages=[NOTHING, context])
    assert second["answer"] == WHERE[1] and second["passage"] == 1
    none = pipe(question=row["question"], context=NOTHING)
    assert none["answer"] == "" and none["passage"] is None and none["score"] == none["no_answer"] > 0.5
    json.dumps([found, second, none])


def test_lists_and_streams_keep_the_order(pipe):
    rows = ROWS[::3]
    asked, passages = [row["question"] for row in rows], [texts(row) for row in rows]
    listed = pipe(question=asked, passages=passages)
    assert isinstance(listed, list)
    assert [one["answer"] for one in listed] == [row["passages"][0]["answer"] for row in rows]
    lazy = pipe(question=iter(asked), passages=iter(passages))
    assert isinstance(lazy, Iterator)
    assert [one["answer"] for one in lazy] == [one["answer"] for one in listed]
    assert pipe(question=tuple(asked), passages=passages) == listed
    assert pipe(question=[], passages=[]) == []
    shared = list(pipe(question=iter(asked), context=passages[0][0]))
    assert len(shared) == len(rows) and shared[0]["answer"] == listed[0]["answer"]
    each = pipe(question=np.array(asked), context=np.array([one[0] for one in passages]))
    assert [one["answer"] for one in each] == [one["answer"] for one in listed]


def test_a_stream_is_read_in_bounded_parts(pipe):
    taken = []

    def endless():
        while True:
            taken.append(0)
            yield "小王在哪里上班？"

    found = pipe(question=endless(), context=texts(ROWS[0])[0])
    assert [next(found)["answer"] for _ in range(9)] == [WHERE[0]] * 9
    assert len(taken) <= 8 + 16


PIECES = st.lists(
    st.sampled_from(
        [*WHO, *WHERE, "在", "上班。", "😀", "ＧＰＵ", " ", "\u3000", "龘", "\n", "é", "\U00020000"]
    ),
    max_size=20,
).map("".join)


@settings(max_examples=10, deadline=None)
@given(st.lists(PIECES, max_size=3))
def test_answers_are_cut_from_the_users_string(pipe, passages):
    found = pipe(question="小王在哪里上班？", passages=passages, threshold=0.0, no_answer=1.0)
    for one in [*([found] if found["answer"] else []), *found["candidates"]]:
        assert passages[one["passage"]][one["start"] : one["end"]] == one["answer"] != ""


def test_options_of_the_pipeline_and_of_the_call(pipe, tmp_path):
    row = ROWS[0]
    other = pipeline(TASK, pipe.save(tmp_path / "copy"), vote="sum", top_k=1, no_answer=1.0, progress=False)
    asked = {"question": row["question"], "passages": [texts(row)[0]] * 2}
    summed, smooth = other(**asked), other(**asked, vote="smooth_square")
    parts = [place["score"] for place in summed["candidates"][0]["support"]]
    assert summed["score"] == pytest.approx(sum(parts)) and len(summed["candidates"]) == 1
    assert smooth["score"] == pytest.approx(sum(s * s for s in parts) / (1 + sum(parts)))
    assert other.evaluate(ROWS, metrics={"samples": 0})["em"] > 0.9


def test_it_learns_saves_and_loads(tmp_path):
    made = pipeline(TASK, engine="dgcnn", words=None, hidden_size=16, min_count=1, progress=False)
    assert made.fit(ROWS, epochs=2, batch_size=8) is made
    asked = {"question": ROWS[0]["question"], "passages": texts(ROWS[0]), "threshold": 0.0}
    again = pipeline(TASK, model=made.save(tmp_path / "mine", int8=False), progress=False)
    assert again(**asked) == made(**asked)


def test_the_default_says_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(ReadingComprehension, "default", "zhnlp-reader-none")
    with pytest.raises(FileNotFoundError, match=r"zhnlp-reader-none, .* lacks\. Next: model="):
        pipeline(TASK)(question="谁写的？", context="他写的。")


def test_the_default_answers_and_says_that_nothing_is_there():
    pipe = pipeline(TASK, progress=False)
    passages = [
        "《三国演义》的作者是罗贯中。",
        "《红楼梦》的作者是曹雪芹，成书于清代😀。",
        "变压器每三年检修一次。",
    ]
    found = pipe(question="《红楼梦》的作者是谁？", passages=passages)
    assert passages[found["passage"]][found["start"] : found["end"]] == found["answer"] == "曹雪芹"
    assert found["no_answer"] < 0.1 < 0.9 < pipe(question="月球离地球多远？", passages=passages)["no_answer"]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"question": "谁？"}, ValueError, "or neither"),
        ({"question": "谁？", "context": "他", "passages": ["他"]}, ValueError, "both context and passages"),
        ({"question": {"question": "谁？"}, "context": "他"}, TypeError, "got dict as question"),
        ({"question": "谁？", "passages": "他"}, TypeError, "Next: context"),
        ({"question": " ", "context": "他"}, ValueError, "blank"),
        ({"question": "谁？", "context": "他", "vote": "most"}, ValueError, "smooth_square"),
        ({"question": ["谁？"], "context": ["他", "她"]}, ValueError, "1 questions and passages for 2"),
    ],
    ids=["neither", "both", "dict", "str", "blank", "vote", "lengths"],
)
def test_refusals(pipe, asked, error, said):
    with pytest.raises(error, match=said):
        pipe(**asked)


def test_refusals_of_streams_and_of_making():
    with pytest.raises(ValueError, match="top_k=0"):
        pipeline(TASK, top_k=0)
    with pytest.raises(TypeError, match="'dgcnn' has no option sizes"):
        pipeline(TASK, sizes=3)
    with pytest.raises(NotFittedError, match="expected fit"):
        pipeline(TASK, engine="dgcnn")(question="谁？", context="他")


def test_streams_of_other_lengths_are_refused(pipe):
    with pytest.raises(ValueError, match="shorter"):
        list(pipe(question=iter(["谁？", "谁？"]), passages=iter([["他"]])))
