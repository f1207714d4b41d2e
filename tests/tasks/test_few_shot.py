"""pipeline("few-shot-classification"): what a call gives, pairs, streams, learning, files, refusals.

Run: pytest tests/tasks/test_few_shot.py
"""

import json
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline
from zhnlp.few_shot import PromptClassifier

TASK = "few-shot-classification"
LABELS = {"正面": ["好"], "负面": ["不", "没"]}
TEXTS = ["今天天气很好", "电网检修", "北京大学生", "我们没有他们的", "好"]


@pytest.fixture(scope="module")
def pipe():
    return pipeline(
        TASK, labels=LABELS, model=make_model("bert"), tokenizer=make_tokenizer(), dtype="float32"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("model")
    save_checkpoint(place, "bert")
    return place


def test_results_are_those_of_the_classifier(pipe):
    chances = pipe.classifier.predict_proba(TEXTS)
    results = pipe(TEXTS)
    assert [row["label"] for row in results] == pipe.classifier.predict(TEXTS).tolist()
    for row, chance in zip(results, chances):
        assert list(row["scores"]) == pipe.classifier.classes_.tolist()
        assert list(row["scores"].values()) == pytest.approx(chance.tolist())
        assert row["score"] == max(row["scores"].values()) == row["scores"][row["label"]]
        assert sum(row["scores"].values()) == pytest.approx(1)
    assert json.loads(json.dumps(results)) == results


@settings(max_examples=15)
@given(st.lists(st.text("今天天气很好电网检修，。a1 😀\u3000", max_size=60), max_size=12))
def test_one_a_list_a_stream(pipe, texts):
    results = pipe(texts)
    assert isinstance(results, list)
    lazy = pipe(iter(texts))
    assert isinstance(lazy, Iterator)
    for one, listed, streamed in zip(map(pipe, texts), results, lazy, strict=True):
        for row in (one, listed, streamed):
            assert row["scores"] == pytest.approx(listed["scores"], abs=1e-4)
            assert row["scores"][row["label"]] == max(row["scores"].values())


def test_a_stream_is_read_a_window_ahead_only(pipe):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield TEXTS[taken % 5]

    stream = pipe(endless())
    assert taken == 0
    first = [next(stream)["label"] for _ in range(100)]
    assert taken <= 32 + 64 + 128
    assert first == [row["label"] for row in pipe([TEXTS[n % 5] for n in range(1, 101)])]


def test_arrays_tuples_and_nothing(pipe):
    assert pipe(np.array(TEXTS)) == pipe(tuple(TEXTS)) == pipe(TEXTS)
    assert pipe(np.array(TEXTS[0])) == pipe(TEXTS[0])
    assert pipe([]) == [] and list(pipe(iter([]))) == []


def test_a_table_is_read_by_the_field_of_the_template(pipe):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"number": range(5), "text": TEXTS})
    assert pipe(table) == pipe(table["text"]) == pipe(TEXTS)
    with pytest.raises(ValueError, match="the table has the columns number and no 'text'"):
        pipe(table[["number"]])


def test_pairs():
    pairs = [("今天天气", "天气很好"), ("电网", "我们的大学")]
    pipe = pipeline(
        TASK,
        make_model("bert"),
        template="{text_a}？{mask}，{text_b}",
        labels=["是", "不"],
        tokenizer=make_tokenizer(),
    )
    results = pipe(pairs)
    assert pipe(pairs[0])["label"] == results[0]["label"]
    assert pipe({"text_a": "今天天气", "text_b": "天气很好"}) == pipe(pairs[0])
    assert [row["label"] for row in pipe(iter(pairs))] == [row["label"] for row in results]
    with pytest.raises(ValueError, match="item 0 is '今天': expected pairs"):
        pipe("今天")


def test_batch_calibration_sees_all_texts_of_a_list(pipe):
    batch = pipeline(
        TASK,
        labels=LABELS,
        model=pipe.classifier.model,
        tokenizer=pipe.classifier.tokenizer,
        calibration="batch",
    )
    texts = TEXTS * 500  # more than are read together otherwise
    results = batch(texts)
    assert [row["scores"] for row in results[:5]] == [row["scores"] for row in results[-5:]]
    assert [list(row["scores"].values()) for row in results[:5]] == pytest.approx(
        batch.classifier.predict_proba(TEXTS), abs=0.02
    )
    with pytest.raises(ValueError, match=r"an iterator does not show before its end. Next: list\(texts\)"):
        batch(iter(texts))


def test_long_texts_are_cut_and_counted_once(pipe):
    long = "今天天气很好" * 40
    with pytest.warns(UserWarning, match="2 of 3 texts were too long for BertForMaskedLM") as said:
        results = pipe([long, "好", long])
    assert len(said) == 1 and results[0] == results[2] and len(results) == 3
    short = pipeline(
        TASK, labels=LABELS, model=pipe.classifier.model, tokenizer=make_tokenizer(), max_length=32
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        short([long])


def test_fit_evaluate_and_files(folder, tmp_path):
    texts, labels = ["好天气", "没电", "很好", "不好"] * 2, ["正面", "负面", "正面", "负面"] * 2
    pipe = pipeline(TASK, folder, labels=LABELS, epochs=3, learning_rate=1e-2, seed=3)
    assert pipe.fit(iter(texts), labels) is pipe
    scores = pipe.evaluate(texts, labels)
    assert {"accuracy", "macro_f1", "confusion"} <= scores.keys() and scores["texts"] == 8
    again = pipeline(TASK, folder, labels=LABELS, epochs=3, learning_rate=1e-2, seed=3).fit(texts, labels)
    assert again(TEXTS) == pipe(TEXTS)
    other = pipeline(TASK, folder, labels=LABELS, epochs=3, learning_rate=1e-2, seed=4).fit(texts, labels)
    assert other(TEXTS) != pipe(TEXTS)
    pipe.save(tmp_path / "mine")
    loaded = pipeline(TASK, model=tmp_path / "mine")
    assert [row["label"] for row in loaded(TEXTS)] == [row["label"] for row in pipe(TEXTS)]
    assert loaded.classifier.random_state == 3
    assert pipeline(TASK, model=tmp_path / "mine", seed=0).classifier.random_state == 0
    assert isinstance(PromptClassifier.load(tmp_path / "mine"), PromptClassifier)
    with pytest.raises(TypeError, match="saved classifier, which has its own template and labels"):
        pipeline(TASK, tmp_path / "mine", template="{text}{mask}", labels=LABELS)


def test_a_saved_prompt_of_kilobytes_finds_its_base_or_takes_one(folder, tmp_path):
    pipe = pipeline(TASK, folder, template="{soft:2}{text}{mask}", labels=LABELS, mode="ptuning", epochs=1)
    pipe.fit(["好天气", "没电"], ["正面", "负面"]).save(tmp_path / "prompt")
    assert sum(file.stat().st_size for file in (tmp_path / "prompt").iterdir()) < 10_000
    expected = pipe(TEXTS)
    for loaded in (
        pipeline(TASK, model=tmp_path / "prompt"),
        pipeline(TASK, model=tmp_path / "prompt", base=folder),
    ):
        assert loaded.classifier.mode == "ptuning" and loaded(TEXTS) == expected


def test_adapt_and_calibrate_change_the_prior(folder):
    pipe = pipeline(TASK, labels=LABELS, model=folder)
    before = pipe(TEXTS)
    assert pipe.calibrate(iter(TEXTS)) is pipe
    calibrated = pipe(TEXTS)
    assert calibrated != before
    assert pipe.adapt(iter(TEXTS), epochs=20) is pipe
    assert pipe(TEXTS) != calibrated


def test_the_default_is_said_once(caplog, monkeypatch):
    from zhnlp.tasks import model

    monkeypatch.setattr(model, "_said", set())
    with caplog.at_level(logging.WARNING, logger="zhnlp"):
        pipe = pipeline(TASK, labels=LABELS)
        assert caplog.text == ""
        pipe("很好")
        pipe("很好")
    assert caplog.text.count("zhnlp-mlm-small, which ships with zhnlp") == 1
    assert pipe.name == "zhnlp-mlm-small"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"template": "{text}很好"}, r"has no \{mask\}"),
        ({"labels": {"正面": ["好"]}}, "has 1 label .*: every text would read '今天天气不错。总之，很好。'"),
        ({"seed": -1}, "seed=-1 is not possible"),
        ({"seed": True}, "seed=True is not possible"),
        ({"mode": "fast", "model": "zhnlp-mlm-small"}, "mode='fast' is not known"),
        ({"labels": {"正面": ["㐂"], "负面": ["差"]}, "model": "zhnlp-mlm-small"}, "cannot be written"),
    ],
)
def test_refusals(options, said):
    with pytest.raises(ValueError, match=said):
        pipeline(TASK, **{"labels": LABELS, **options})


def test_what_is_no_text_is_refused(pipe):
    for wrong in (b"bytes", 3, None):
        with pytest.raises(TypeError, match="expected a str, or an iterable of str"):
            pipe(wrong)
    with pytest.raises(TypeError, match="item 1 is None"):
        pipe(["好", None])
    with pytest.raises(TypeError, match="base='x' is for a folder that save wrote"):
        pipeline(TASK, labels=LABELS, base="x")
    with pytest.raises(NotFittedError, match="labels is None and fit was not called"):
        pipeline(TASK)("很好")
