"""Two processes begin with texts alone: one of them makes the files, both train.

Run: pytest tests/training/pretraining/test_two_processes.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pretrain_in_two import train
from safetensors.torch import load_file
from trainings import distance

from zhnlp.training.pretraining.tokens import TokenFile

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_two_processes_from_nothing_to_one_finished_model(tmp_path):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    result = subprocess.run(
        [*command, str(ROOT / "tests/support/pretrain_in_two.py"), str(tmp_path / "two")],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    work = tmp_path / "two/training"
    assert [path.name for path in work.glob("steps/checkpoint-*")] == ["checkpoint-3"]
    assert sorted(path.name for path in work.glob("anneal/checkpoint-*")) == ["checkpoint-3", "checkpoint-5"]
    assert not list(work.rglob("INCOMPLETE")) and not list(work.rglob("*.part"))
    assert TokenFile(work / "corpus.train").documents + TokenFile(work / "corpus.held").documents == 200
    state = json.loads((work / "anneal/checkpoint-5/trainer_state.json").read_text())
    rates = [entry["learning_rate"] for entry in state["log_history"] if "learning_rate" in entry]
    assert (
        rates == pytest.approx([0, 5e-3, 1e-2, 1e-2, 5e-3])
        and "2 processes" in state["log_history"][0]["hardware"]
    )
    one = train(tmp_path / "one", 4)
    assert one["tokens"] == 5 * 4 * 16
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert distance(ours, theirs) < 1e-2  # bf16, and sums in another order
