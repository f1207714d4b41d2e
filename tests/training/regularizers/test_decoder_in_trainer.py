"""What a decoder reads is changed in the trainer as in a plain loop, with all other parts, over accumulation, resume, processes.

Run: pytest tests/training/regularizers/test_decoder_in_trainer.py
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from problems import weights
from tiny_writers import WRITERS
from torch.optim import SGD
from write_in_two import PAIRS, everything, trainer

from zhnlp.training.regularizers import (
    FGM,
    GradientPenalty,
    RandomTargetReplacement,
    RDrop,
    Regularizer,
    regularized_backward,
)

SUPPORT = Path(__file__).parents[2] / "support"


class Shifted(Regularizer):
    """Words of the decoder are the next ones: a change without chance."""

    def inputs(self, model, inputs):
        name = "decoder_input_ids" if "decoder_input_ids" in inputs else "input_ids"
        ids = inputs[name]
        return {**inputs, name: torch.where((ids > 4) & (ids < 39), ids + 1, ids)}


def trained(folder, kind, parts, resume=None, **options):
    run = trainer(folder, kind, parts, **options)
    run.train(resume_from_checkpoint=resume)
    return weights(run.model)


def in_a_loop(kind, parts):
    make, collate = WRITERS[kind]
    model = make(dropout=0.0).train()
    optimizer = SGD(model.parameters(), lr=0.5)
    for step in range(2):
        optimizer.zero_grad()
        micro = [collate(PAIRS[(step * 2 + number) * 4 :][:4]) for number in range(2)]
        labels = [int((batch["labels"] != -100).sum()) for batch in micro]
        for batch, count in zip(micro, labels):

            def compute_loss(inputs=batch):
                outputs = model(**inputs)
                return outputs["loss"], outputs

            regularized_backward(model, batch, compute_loss, parts, scale=count / sum(labels))
        optimizer.step()
    return weights(model)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_trainer_and_a_plain_loop_give_the_same_weights(kind, tmp_path):
    """The loss, FGM's second pass and the penalty see what was changed; labels weigh the micro-batches as before."""
    for name, parts in {
        "alone": [],
        "with fgm": [FGM(1.0)],
        "with a penalty": [GradientPenalty(1.0)],
    }.items():
        found = trained(tmp_path / name, kind, [Shifted(), *parts])
        assert torch.allclose(found, in_a_loop(kind, [Shifted(), *parts]), atol=2e-6), name
        assert (found - in_a_loop(kind, parts)).abs().max() > 1e-4, name


@pytest.mark.parametrize("kind", WRITERS)
def test_everything_at_once_repeats_with_the_seed_and_resumes_bit_for_bit(kind, tmp_path):
    options = {"dropout": 0.2, "max_steps": 6, "save_strategy": "steps", "save_steps": 3}
    options["train_sampling_strategy"] = "random"
    parts = everything()
    whole = trained(tmp_path / "whole", kind, parts, **options)
    assert whole.isfinite().all() and parts[1].state_dict() == {"seen": 12}
    assert torch.equal(whole, trained(tmp_path / "again", kind, everything(), **options))
    assert not torch.equal(whole, trained(tmp_path / "plain", kind, everything()[2:], **options))
    again = everything()
    resumed = trained(tmp_path / "resumed", kind, again, resume=tmp_path / "whole/checkpoint-3", **options)
    assert torch.equal(whole, resumed) and again[1].state_dict() == {"seen": 12}


def test_r_drop_compares_two_passes_over_the_same_words(tmp_path):
    """Without dropout both passes are one and R-Drop refuses: so both have read the same draws."""
    with pytest.raises(ValueError, match="expected dropout to tell them apart"):
        trained(tmp_path, "unilm", [RandomTargetReplacement(1.0, 1.0), RDrop()], dropout=0.0)


def test_a_loop_whose_loss_takes_no_inputs_is_told():
    make, collate = WRITERS["unilm"]
    model, batch = make().train(), collate(PAIRS[:4])
    with pytest.raises(TypeError, match="changed the inputs, and compute_loss takes none"):
        regularized_backward(model, batch, lambda: model(**batch)["loss"], [Shifted()])
    regularized_backward(model, batch, lambda: model(**batch)["loss"], [Regularizer()])


@pytest.mark.long
def test_two_processes_draw_apart_and_stay_together(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(port),
    ]
    paths = os.pathsep.join([str(SUPPORT.parents[1]), str(SUPPORT)])
    result = subprocess.run(
        [*command, str(SUPPORT / "write_in_two.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-3000:]
