"""A training that is killed and resumed ends with the bits of one that was left alone.

Run: pytest tests/training/test_trainer_killed.py
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from trainings import same_bits

from zhnlp.training.callbacks import read_log
from zhnlp.training.resumable import fault

SUPPORT = Path(__file__).parents[1] / "support"


def train(out, *dies):
    """What a training said, in a process of its own: bits hang on the number of threads, so all have the same."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(SUPPORT)])
    command = [sys.executable, str(SUPPORT / "kill_driver.py"), str(out), *map(str, dies)]
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "2"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert result.returncode == (-signal.SIGKILL if dies else 0), result.stderr[-3000:]
    return result.stderr


@pytest.mark.slow
def test_killed_twice_and_resumed_is_bit_for_bit_the_unbroken_run(tmp_path):
    """Once in the middle of writing checkpoint 8, once in the middle of step 15."""
    out, unbroken = tmp_path / "killed", tmp_path / "unbroken"
    train(out, "checkpoint", 8)
    half = out / "checkpoint-8"
    assert (half / "model.safetensors").exists() and "being written" in fault(half)

    assert "checkpoint-8 is skipped: it was being written" in train(out, "step", 15)
    assert [record["step"] for record in read_log(out / "log.jsonl")][-1] == 14  # steps that are done again

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
