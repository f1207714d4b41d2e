"""A training that is killed and resumed ends with the bits of one that was left alone.

Run: pytest tests/training/test_trainer_killed.py
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kill_driver import train
from safetensors.torch import load_file
from trainings import same_bits

from zhnlp.training.callbacks import read_log
from zhnlp.training.resumable import fault

SUPPORT = Path(__file__).parents[1] / "support"


def start(out, *arguments):
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(SUPPORT)])
    command = [sys.executable, str(SUPPORT / "kill_driver.py"), str(out), *map(str, arguments)]
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True
    )


def steps_in(log):
    return [json.loads(line)["step"] for line in log.read_text("utf-8").splitlines()] if log.exists() else []


@pytest.mark.slow
def test_killed_twice_and_resumed_is_bit_for_bit_the_unbroken_run(tmp_path):
    """Once in the middle of writing checkpoint 8, once at whatever moment the signal finds it."""
    out, unbroken = tmp_path / "killed", tmp_path / "unbroken"
    first = start(out, 8)
    _, said = first.communicate(timeout=300)
    assert first.returncode == -signal.SIGKILL, said
    half = out / "checkpoint-8"
    assert (half / "model.safetensors").exists() and "being written" in fault(half)

    second = start(out)
    while second.poll() is None and 14 not in steps_in(out / "log.jsonl"):
        time.sleep(0.01)
    second.kill()
    assert second.wait(timeout=300) == -signal.SIGKILL
    assert "checkpoint-8 is skipped: it was being written" in second.stderr.read()

    train(out)
    train(unbroken)
    for name in ("model.safetensors", "ema.safetensors"):
        ours, theirs = (load_file(folder / "checkpoint-24" / name) for folder in (out, unbroken))
        assert same_bits(ours, theirs), name
    assert (out / "checkpoint-24/optimizer.pt").stat().st_size > 1000
    numbers = [
        [
            (r["step"], r.get("loss"), r.get("eval_loss"))
            for r in read_log(folder / "log.jsonl")
            if "train_runtime" not in r
        ]
        for folder in (out, unbroken)
    ]
    assert numbers[0] == numbers[1]  # no step twice, none missing
