"""PassageReader on toy questions with both engines: learning, answers with places, files, folds, resumption, refusals.

Run: pytest tests/reading/test_reader.py
"""

import itertools
import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from zhnlp.reading import PassageReader, WordKnowledge
from zhnlp.reading.examples import read_examples
from zhnlp.reading.holding_out import fold_parts, hold_out
from zhnlp.reading.wrong_passages import with_wrong_passages, wrong_passages

WHO = ["小王", "老李", "阿明"]
WHERE = ["银行", "学校", "医院", "电厂"]
WHEN = ["上午", "夜里"]


def context(who, where, when):
    return f"{who}住在城东，{when}在{where}上班，别人都不去。"


PLACES, TIMES = (
    [
        {
            "id": f"{kind}{who}{where}{when}",
            "question": f"{who}{asked}上班？",
            "context": context(who, where, when),
            "answer": (where, when)[kind],
        }
        for who in WHO
        for where in WHERE
        for when in WHEN
    ]
    for kind, asked in enumerate(("在哪里", "什么时候"))
)
ROWS = [row for both in zip(PLACES, TIMES) for row in both]  # two questions of each passage
NOTHING = "天气很好，大家都高兴。"
WEATHER = [
    f"{day}天气{sky}，大家都{mood}。"
    for day in ("", "今天", "明天")
    for sky in ("很好", "不好", "转冷")
    for mood in ("高兴", "出门", "休息")
]
TAUGHT = [  # each question has a passage that does not answer it
    {
        "question": row["question"],
        "passages": [{"passage": row["context"], "answer": row["answer"]}, {"passage": weather}],
    }
    for row, weather in zip(ROWS, itertools.cycle(WEATHER))
]
SMALL = {"words": None, "min_count": 1, "hidden_size": 32, "span_kind": "softmax", "progress": False}
QUICK = {"epochs": 20, "batch_size": 8, "learning_rate": 1e-2, "augmentation": {"absent": 0.3, "blank": 0.0}}


@pytest.fixture(scope="module")
def reader():
    return PassageReader(**SMALL).fit(TAUGHT, valid=False, **QUICK).calibrate(TAUGHT)


def test_it_learns_to_answer_what_is_asked(reader):
    found = reader.evaluate(ROWS, metrics={"samples": 0})
    assert found["em"] > 0.9 and found["f1"] >= found["em"]
    one = reader.answer("阿明在哪里上班？", context=context("阿明", "电厂", "夜里"))
    assert one["answer"] == "电厂" and one["passage"] == 0
    assert one["candidates"][0]["support"][0]["start"] == one["start"]


def test_one_and_a_list_and_the_order(reader):
    rows = ROWS[::9]
    together = reader.answer(
        [row["question"] for row in rows], passages=[[row["context"], NOTHING] for row in rows]
    )
    alone = [reader.answer(row["question"], passages=[row["context"], NOTHING]) for row in rows]
    assert [one["answer"] for one in together] == [one["answer"] for one in alone]
    assert [one["score"] for one in together] == pytest.approx([one["score"] for one in alone], abs=0.02)
    shared = reader.answer(["谁？", "哪里？"], context=ROWS[0]["context"])
    assert len(shared) == 2


SCRIPTS = ["在", "上班", "，", "😀", "ＧＰＵ", " ", "\u3000", "龘", "iPhone 15", "\n", "é", "\U00020000"]
PIECES = st.lists(st.sampled_from([*WHO, *WHERE, *SCRIPTS]), max_size=25).map("".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(PIECES, max_size=3), st.sampled_from(["max", "smooth_square", "sum", "mean", "square"]))
def test_every_answer_is_cut_from_the_users_string(reader, passages, vote):
    found = reader.answer("小王在哪里上班？", passages=passages, threshold=0.0, no_answer=1.0, vote=vote)
    for one in [*([found] if found["answer"] else []), *found["candidates"]]:
        assert passages[one["passage"]][one["start"] : one["end"]] == one["answer"] != ""
        assert len(one["answer"]) <= reader.max_answer_length
    json.dumps(found)


def test_votes_add_up_over_passages(reader):
    row = ROWS[1]
    single = reader.answer(row["question"], passages=[row["context"]], vote="sum", no_answer=1.0)
    double = reader.answer(row["question"], passages=[row["context"]] * 2, vote="sum", no_answer=1.0)
    assert double["score"] == pytest.approx(2 * single["score"], rel=0.05)
    assert sorted(place["passage"] for place in double["candidates"][0]["support"]) == [0, 1]


def test_nothing_found_and_a_calibrated_chance(reader):
    assert reader.calibration is not None
    for passages in ([], [""], [NOTHING], WEATHER[:4]):
        found = reader.answer("小王在哪里上班？", passages=passages)
        assert found["answer"] == "" and found["passage"] is None and found["start"] == found["end"] == 0
        assert found["score"] == found["no_answer"] > 0.5
    wrong = reader.answer("小王在哪里上班？", context=NOTHING, no_answer=1.0)
    right = reader.answer(ROWS[0]["question"], context=ROWS[0]["context"])
    assert right["answer"] == ROWS[0]["answer"] and wrong["answer"] in NOTHING
    assert wrong["no_answer"] > 0.5 > right["no_answer"]


def test_questions_with_passages_of_others():
    rows = read_examples(ROWS)
    for (question, passages), row in zip(wrong_passages(rows), rows):
        assert question == row.question and len(passages) == 1
        assert not any(answer in text for answer in row.texts for text in passages)
    assert wrong_passages(rows) == wrong_passages(rows) != wrong_passages(rows, seed=1)
    assert wrong_passages(rows[:2]) == []
    taught = read_examples(TAUGHT)  # which have one of their own
    assert wrong_passages(taught) == [(row.question, [row.passages[1]]) for row in taught]


def test_the_nearest_passages_without_the_answer_are_put_behind():
    rows = read_examples(ROWS)
    for row, more in zip(rows, with_wrong_passages(rows, 2)):
        assert more.passages[0] == row.passages[0] and more.places == row.places and more.texts == row.texts
        assert len(set(more.passages)) == 3 and not any(row.texts[0] in text for text in more.passages[1:])
        assert all(
            row.question[:2] in text for text in more.passages[1:]
        )  # of the same person: nearer than others
    assert with_wrong_passages(rows, 0) == rows
    assert [len(row.passages) for row in with_wrong_passages(rows[:2], 5)] == [1, 1]
    half = with_wrong_passages(rows, 2, alone=0.5)
    assert half == with_wrong_passages(rows, 2, alone=0.5) != with_wrong_passages(rows, 2, alone=0.5, seed=1)
    assert 0.2 < sum(len(row.passages) == 1 for row in half) / len(rows) < 0.8
    assert [row for row, more in zip(rows, half) if len(more.passages) == 1] == [
        row for row in half if len(row.passages) == 1
    ]
    assert with_wrong_passages(rows, 2, alone=1.0) == rows
    with pytest.raises(ValueError, match="wrong=-1 is not possible"):
        with_wrong_passages(rows, -1)
    with pytest.raises(ValueError, match="alone=2 is not possible"):
        with_wrong_passages(rows, 2, alone=2)


def test_near_wrong_passages_teach_to_say_no():
    made = PassageReader(**SMALL, hand_features=True).fit(
        ROWS, ROWS, wrong=3, **{**QUICK, "augmentation": {"absent": 0.5, "blank": 0.0}}
    )
    assert made.calibration is not None
    rows = read_examples(ROWS)
    own, near = (
        [made.answer(q, passages=texts)["no_answer"] for q, texts in asked]
        for asked in (
            [(row.question, list(row.passages)) for row in rows],
            wrong_passages(with_wrong_passages(rows, 3)),
        )
    )
    assert roc_auc_score([0] * len(own) + [1] * len(near), own + near) > 0.8


def test_long_passages_give_the_place_in_the_whole(reader):
    filler = NOTHING * 20
    text = filler + ROWS[1]["context"] + filler
    found = reader.answer(
        ROWS[1]["question"], context=text, window=64, stride=32, threshold=0.0, no_answer=1.0
    )
    assert text[found["start"] : found["end"]] == found["answer"]
    many = reader.answer(ROWS[1]["question"], passages=[NOTHING] * 1000 + [ROWS[1]["context"]])
    assert many["passage"] == 1000 and many["answer"] == ROWS[1]["answer"]


@pytest.mark.parametrize("int8", [False, True])
def test_a_saved_reader_answers_alike(reader, tmp_path, int8):
    folder = reader.save(tmp_path / "reader", int8=int8)
    again = PassageReader(folder)
    for row in ROWS[:6]:
        one, other = (r.answer(row["question"], context=row["context"]) for r in (reader, again))
        assert one["answer"] == other["answer"]
        assert one["score"] == pytest.approx(other["score"], abs=0.05 if int8 else 1e-6)
    assert again.max_answer_length == reader.max_answer_length
    assert sorted(path.name for path in folder.glob("model*")) == [
        "model.int8.safetensors" if int8 else "model.safetensors"
    ]


def test_the_same_seed_gives_the_same_reader():
    one, other, third = (
        PassageReader(**SMALL, seed=seed).fit(ROWS[:24], **{**QUICK, "epochs": 1}).engines[0].network
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters()))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), third.parameters()))


def test_a_killed_training_goes_on_where_it_was(tmp_path):
    """The last checkpoint is taken away, as if the kill had come before it; the end is the same bit for bit."""
    options = {**QUICK, "epochs": 2}
    whole = PassageReader(**SMALL).fit(ROWS, out=tmp_path / "a", **options)
    assert [line["epoch"] for line in whole.history_] == [1, 2] and "f1" in whole.history_[0]
    last = max((tmp_path / "a").glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    kept = [path for path in (tmp_path / "a").glob("checkpoint-*") if path != last]
    shutil.rmtree(last)
    assert kept
    resumed = PassageReader(**SMALL).fit(ROWS, out=tmp_path / "a", **options)
    assert [line["f1"] for line in resumed.history_] == [line["f1"] for line in whole.history_]
    for one, other in zip(whole.engines[0].network.parameters(), resumed.engines[0].network.parameters()):
        assert torch.equal(one, other)


def test_folds_are_averaged_and_saved(tmp_path):
    made = PassageReader(**SMALL).fit(ROWS[:24], folds=2, **{**QUICK, "epochs": 1})
    first, second = made.engines
    assert any(not torch.equal(a, b) for a, b in zip(first.network.parameters(), second.network.parameters()))
    row, options = ROWS[3], {"no_answer": 1.0, "threshold": 0.0, "vote": "max"}

    def by(*engines):
        reader = PassageReader(**SMALL)
        reader._engines = list(engines)
        return reader.answer(
            row["question"], context=row["context"], max_answer_length=1, top_k=99, **options
        )

    twice, once = by(first, first), by(first)
    assert (twice["answer"], twice["score"]) == (once["answer"], pytest.approx(once["score"]))
    scores = [
        {one["start"]: one["score"] for one in found["candidates"]} for found in (by(first), by(second))
    ]
    both = {one["start"]: one["score"] for one in by(first, second)["candidates"]}
    shared = [place for place in both if place in scores[0] and place in scores[1]]
    assert shared and all(both[p] >= (scores[0][p] * scores[1][p]) ** 0.5 * 0.25 for p in shared)
    again = PassageReader(made.save(tmp_path / "two"))
    found, other = (one.answer(row["question"], context=row["context"], **options) for one in (made, again))
    assert len(again.engines) == 2 and found == other


def test_who_is_held_out_shares_no_passage():
    rows = read_examples(
        [{**row, "context": ROWS[n // 4 * 4]["context"], "answer": "上班"} for n, row in enumerate(ROWS)]
    )
    kept, held = hold_out(rows, 0)
    assert len(kept) + len(held) == len(rows) and held
    assert not {row.passages for row in kept} & {row.passages for row in held}
    for train, valid in fold_parts(rows, 3, 0):
        assert not {row.passages for row in train} & {row.passages for row in valid}
    assert sorted(row.id for _, valid in fold_parts(rows, 3, 0) for row in valid) == sorted(
        row.id for row in rows
    )


@pytest.mark.parametrize(
    "options",
    [
        {"form": "5409"},
        {"form": "6906", "hand_features": True},
        {"form": "6906", "span_kind": "softmax"},
        {"engine": "encoder", "span_kind": "sigmoid"},
        {"engine": "encoder"},
        {"engine": "encoder", "dgcnn": True, "hand_features": True, "coverage": True},
    ],
    ids=["5409", "features", "softmax", "encoder-sigmoid", "encoder", "encoder-dgcnn"],
)
def test_every_form_learns_saves_and_answers(options, tmp_path):
    words = WordKnowledge(WHO + WHERE + ["上班"], [9] * 8, np.eye(8, dtype=np.float32))
    if options.get("engine") == "encoder":
        made, training = options, {"epochs": 5, "batch_size": 8, "learning_rate": 5e-4}
        if "coverage" in options:
            made = {**options, "words": words}
    else:
        made, training = {"words": words, "min_count": 1, "hidden_size": 32, **options}, QUICK
    found = PassageReader(progress=False, **made).fit(PLACES, **training)
    assert found.evaluate(PLACES, metrics={"samples": 0})["em"] > 0.8
    again = PassageReader(found.save(tmp_path / "reader"))
    row = PLACES[5]
    assert again.answer(row["question"], context=row["context"]) == found.answer(
        row["question"], context=row["context"]
    )


def test_refusals(reader, tmp_path):
    with pytest.raises(ValueError, match="expected one of 'dgcnn', 'encoder'"):
        PassageReader(engine="lstm")
    with pytest.raises(TypeError, match="'encoder' has no option form: expected coverage, dgcnn, dropout"):
        PassageReader(engine="encoder", form="5409")
    with pytest.raises(NotFittedError, match="expected fit"):
        PassageReader().answer("谁？", context="他")
    for wrong, error, message in [
        ({}, ValueError, "expected one of them"),
        ({"context": "他", "passages": ["他"]}, ValueError, "expected one of them"),
        ({"passages": "他"}, TypeError, "Next: context"),
        ({"context": ["他"]}, TypeError, "Next: passages"),
        ({"passages": [3]}, TypeError, "no str"),
        ({"context": "他", "vote": "most"}, ValueError, "expected one of smooth_square"),
        ({"context": "他", "top_k": 0}, ValueError, "top_k=0"),
        ({"context": "他", "threshold": 1.5}, ValueError, "expected chances"),
        ({"context": "他", "window": 8, "stride": 9}, ValueError, "tokens would be left out"),
    ]:
        with pytest.raises(error, match=message):
            reader.answer("谁？", **wrong)
    with pytest.raises(ValueError, match="blank"):
        reader.answer(" ", context="他")
    with pytest.raises(TypeError, match="expected a list of lists"):
        reader.answer(["谁？"], passages=["他"])
    with pytest.raises(ValueError, match="2 questions and passages for 1"):
        reader.answer(["谁？", "谁？"], passages=[["他"]])
    with pytest.raises(ValueError, match="no question has an answer"):
        PassageReader(**SMALL).fit([{"question": "谁", "context": "他", "answers": []}], **QUICK)
    with pytest.raises(ValueError, match="folds=1"):
        PassageReader(**SMALL).fit(ROWS, folds=1)
    with pytest.raises(ValueError, match="folds and valid"):
        PassageReader(**SMALL).fit(ROWS, ROWS, folds=2)
    with pytest.raises(ValueError, match="learning_rate=0"):
        PassageReader(**SMALL).fit(ROWS, learning_rate=0)
    with pytest.raises(ValueError, match='form="5409" reads words'):
        PassageReader(form="5409", **SMALL).fit(ROWS)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        reader.save(tmp_path / "file")
    (tmp_path / "reader.json").write_text('{"version": 9}')
    with pytest.raises(ValueError, match="of version 9"):
        PassageReader(tmp_path)
