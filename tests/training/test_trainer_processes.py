"""Two processes train what one trains.

Run: pytest tests/training/test_trainer_processes.py
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from trainings import distance
from two_processes import KINDS, train, train_without_labels

from zhnlp.training.callbacks import read_log
from zhnlp.training.regularizers import FGM

SUPPORT = Path(__file__).parents[1] / "support"


def torchrun(*arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(SUPPORT)])
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(port),
    ]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one_with_the_same_global_batch(tmp_path):
    """And resume bit for bit, regularize where one has no labels, leave whole checkpoints: the driver checks it in both."""
    result = torchrun(SUPPORT / "two_processes.py", tmp_path / "two")
    assert result.returncode == 0, result.stderr[-3000:]
    for kind in KINDS:
        one = train(tmp_path / "one" / kind, kind, 8)
        ours = load_file(tmp_path / "two" / kind / "checkpoint-6/model.safetensors")
        theirs = load_file(tmp_path / "one" / kind / "checkpoint-6/model.safetensors")
        begun = load_file(tmp_path / "one" / kind / "checkpoint-2/model.safetensors")
        assert distance(begun, theirs) > 1e-3
        assert distance(ours, theirs) < (1e-12 if kind == "bert" else 1e-6)  # llama's loss is in float32
        losses = [
            [record["loss"] for record in read_log(tmp_path / which / kind / "log.jsonl") if "loss" in record]
            for which in ("one", "two")
        ]
        assert losses[0] == pytest.approx(losses[1], abs=1e-6) and len(losses[0]) == 3
        assert one.state.global_step == 6
    for name, accumulation in (("fgm", 1), ("fgm-twice", 2)):
        options = {"gradient_accumulation_steps": accumulation}
        plain, one = (
            train_without_labels(tmp_path / "one" / name, 8, parts, **options).model.state_dict()
            for parts in ([], [FGM(0.5)])
        )
        two = load_file(tmp_path / "two" / name / "model.safetensors")
        one = {name: one[name] for name in two}
        assert distance(two, one) < 1e-12 < 1e-4 < distance(two, {name: plain[name] for name in two})
