"""Samples while a model learns, and the lines on stderr.

Run: pytest tests/training/callbacks/test_samples_and_progress.py
"""

import io

import pytest
import torch
from trainings import same_bits, trained
from transformers import TrainerState

from zhnlp.training.callbacks import ProgressBar, Samples, read_log


def test_samples_are_printed_and_kept_and_change_nothing(tmp_path, capsys):
    seen = []

    def sample(model):
        seen.append((model.training, float(torch.rand(()))))
        return ["今天天气很好", {"score": 0.5}]

    plain = trained(tmp_path / "plain")
    told = trained(tmp_path / "told", callbacks=[Samples(sample)])
    assert same_bits(plain, told)
    assert len(seen) == 2 and seen[0] == seen[1] and seen[0][0] is False  # 2 epochs; the same draws each time
    assert '[step 5] 今天天气很好\n[step 5] {"score": 0.5}\n' in capsys.readouterr().err
    kept = [record for record in read_log(tmp_path / "told/log.jsonl") if "samples" in record]
    assert [(record["step"], record["samples"]) for record in kept] == [
        (step, ["今天天气很好", {"score": 0.5}]) for step in (5, 10)
    ]


def test_samples_every_so_many_steps(tmp_path):
    steps = []
    trained(tmp_path, callbacks=[Samples(lambda model: steps.append(1) or "电", every=4)])
    assert len(steps) == 2
    with pytest.raises(ValueError, match="every is 0"):
        Samples(str, every=0)


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_does_not_flood_a_file(terminal, tmp_path, monkeypatch, capsys):
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", stderr)
    trained(tmp_path, disable_tqdm=False, logging_steps=1, eval_strategy="steps", eval_steps=5)
    said = stderr.getvalue()
    assert capsys.readouterr().out == ""
    if terminal:
        assert "10/10" in said and "loss" in said
    else:
        lines = said.splitlines()
        assert len(lines) == 2 and lines[0].startswith("step 5 of 10: eval_loss ")


def test_lines_come_as_often_as_asked(tmp_path, capsys):
    trained(tmp_path, callbacks=[ProgressBar(every=0)], logging_steps=5)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines if "learning_rate" in line] == [
        "step 5 of 10",
        "step 10 of 10",
    ]


@pytest.mark.parametrize("terminal", [False, True])
def test_speed_and_utilisation_are_shown(terminal, tmp_path, monkeypatch):
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", stderr)
    bar = ProgressBar(every=0)
    state = TrainerState(max_steps=10)
    bar.on_train_begin(None, state, None)
    bar.on_log(None, state, None, {"loss": 2.0, "tokens_per_second": 41234, "model_flop_utilisation": 0.4111})
    bar.on_train_end(None, state, None)
    said = stderr.getvalue()
    assert "41,234" in said and "tokens/s" in said and "41.1%" in said and "of peak" in said
