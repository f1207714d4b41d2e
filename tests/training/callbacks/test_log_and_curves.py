"""The log of a training and its picture.

Run: pytest tests/training/callbacks/test_log_and_curves.py
"""

import json

import pytest
import torch
from trainings import trained

from zhnlp.training.callbacks import Curves, plot_curves, read_log
from zhnlp.training.callbacks.jsonl_log import append_record, resume_log


def steps_of(records, name):
    return [record["step"] for record in records if name in record]


def test_a_line_for_each_logged_step_and_none_twice_after_a_restart(tmp_path):
    options = {"save_strategy": "steps", "save_steps": 4, "eval_strategy": "steps", "eval_steps": 4}
    trained(tmp_path, **options)
    whole = read_log(tmp_path / "log.jsonl")
    assert steps_of(whole, "loss") == [2, 4, 6, 8, 10] and steps_of(whole, "eval_loss") == [4, 8, 10]
    trained(tmp_path, resume=tmp_path / "checkpoint-4", **options)
    again = read_log(tmp_path / "log.jsonl")
    for name in ("loss", "eval_loss", "train_runtime"):
        assert steps_of(again, name) == steps_of(whole, name)
    assert [record["seconds"] for record in again] == sorted(record["seconds"] for record in again)
    trained(tmp_path, resume="auto", **options)  # it is over: nothing to add
    assert read_log(tmp_path / "log.jsonl") == again


def test_a_training_that_starts_anew_keeps_the_older_log(tmp_path):
    append_record(tmp_path / "log.jsonl", {"step": 1, "loss": 2.0})
    trained(tmp_path, max_steps=2)
    assert read_log(tmp_path / "log.1.jsonl") == [{"step": 1, "loss": 2.0}]
    assert steps_of(read_log(tmp_path / "log.jsonl"), "loss") == [2]
    trained(tmp_path / "none", max_steps=1, log=False)
    assert not [*(tmp_path / "none").iterdir()]


def test_what_a_kill_cut_off_is_left_out_and_other_damage_is_said(tmp_path):
    log = tmp_path / "log.jsonl"
    append_record(log, {"step": 1, "loss": torch.tensor(2.5), "名": "电网"})
    append_record(log, {"step": 2, "loss": float("nan")})
    with log.open("a") as file:
        file.write('{"step": 3, "lo')
    assert read_log(log) == [{"step": 1, "loss": 2.5, "名": "电网"}, {"step": 2, "loss": "nan"}]
    assert resume_log(log, 1) == 0.0
    assert (
        log.read_text("utf-8")
        == json.dumps({"step": 1, "loss": 2.5, "名": "电网"}, ensure_ascii=False) + "\n"
    )
    log.write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(ValueError, match=r"line 2 is no JSON: 'nonsense'"):
        read_log(log)


def test_curves_are_drawn_beside_the_log(tmp_path):
    pytest.importorskip("matplotlib")
    trained(tmp_path, callbacks=[Curves()], eval_strategy="steps", eval_steps=5)
    assert (tmp_path / "log.png").read_bytes()[:4] == b"\x89PNG"
    picture = plot_curves(
        tmp_path / "log.jsonl", tmp_path / "deep/curves.svg", metrics=["loss", "learning_rate"]
    )
    assert "<svg" in picture.read_text("utf-8")
    with pytest.raises(ValueError, match=r"no numbers named accuracy: it has .*loss"):
        plot_curves(tmp_path / "log.jsonl", metrics=["accuracy"])
    with pytest.raises(ValueError, match=r"ends in \.png or \.svg"):
        plot_curves(tmp_path / "log.jsonl", tmp_path / "curves.txt")
