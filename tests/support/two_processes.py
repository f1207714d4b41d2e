"""What each of two processes trains: torchrun --nproc-per-node 2 two_processes.py OUT.

With one process (no torchrun) and batches twice as large it has to come out the same.
"""

import sys
import time
from pathlib import Path

import torch
from leaving import leave_together
from small_models import make_model
from trainings import labelled, make_trainer
from transformers import DefaultDataCollator, TrainerCallback

from zhnlp.training import newest_complete, resumable
from zhnlp.training.regularizers import FGM, VAT, GradientPenalty, RDrop

KINDS = ("bert", "llama")
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def train(out, kind, rows_each, resume=None, callbacks=(), saving=None, **changes):
    """6 steps in epochs of 3, the last batch short, rows with different numbers of labels, in float64."""
    still = STILL if kind == "bert" else {}
    trainer = make_trainer(
        out,
        model=make_model(kind, **{**still, **changes}).double(),
        data=labelled(19),
        collate=DefaultDataCollator(),
        per_device_train_batch_size=rows_each,
        max_steps=6,
        learning_rate=0.05,
        optim="sgd",
        save_strategy="steps",
        callbacks=[*callbacks],
        **(saving or {"save_steps": 2}),
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def train_without_labels(out, rows_each, regularizers, **options):
    """2 steps in which the second process has no label at all, with accumulation in options or not."""
    data = labelled(16)
    for row in [*data[4:8], *data[12:]]:
        row["labels"] = torch.full_like(row["labels"], -100)
    still = {**STILL, **{name: options.pop(name) for name in STILL if name in options}}
    trainer = make_trainer(
        out,
        model=make_model("bert", attn_implementation="eager", **still).double(),
        data=data,
        collate=DefaultDataCollator(),
        per_device_train_batch_size=rows_each,
        train_sampling_strategy="sequential",
        learning_rate=0.05,
        optim="sgd",
        regularizers=regularizers,
        ddp_timeout=60,
        **{"max_steps": 2, **options},
    )
    trainer.train()
    return trainer


def check_that_processes_agree(trainer):
    """All regularizers at once: each process has to come through, to the same finite weights."""
    for weight in trainer.model.parameters():
        other = weight.detach().clone()
        torch.distributed.broadcast(other, 0)
        if not torch.equal(weight, other) or not weight.isfinite().all():
            sys.exit("regularized, the processes have other weights")


class Look(TrainerCallback):
    """What lies on disk at the end of each epoch, right after a checkpoint."""

    def __init__(self):
        self.found = []

    def on_epoch_end(self, args, state, control, **kwargs):
        whole = newest_complete(args.output_dir)
        self.found.append((whole and whole.name, len([*Path(args.output_dir).glob("checkpoint-*")])))


def check_that_checkpoints_are_whole(out):
    """However slow the first process is with the marks and folders, the others go on after it."""
    look, rotate = Look(), resumable.rotate

    def slow(*args, **options):
        time.sleep(1)
        rotate(*args, **options)

    resumable.rotate = slow
    train(out, "bert", 4, callbacks=[look], saving={"save_steps": 3, "save_total_limit": 1})
    resumable.rotate = rotate
    if look.found != [("checkpoint-3", 1), ("checkpoint-6", 1)]:
        sys.exit(f"training went on before its checkpoints were whole: {look.found}")


if __name__ == "__main__":
    out = sys.argv[1]
    for kind in KINDS:
        train(f"{out}/{kind}", kind, 4)
    noisy = {"hidden_dropout_prob": 0.1}
    whole = train(f"{out}/noisy", "bert", 4, **noisy)
    resumed = train(f"{out}/resumed", "bert", 4, resume=f"{out}/noisy/checkpoint-2", **noisy)
    if not all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), resumed.model.parameters())):
        sys.exit("resumed with two processes, the weights differ")
    train_without_labels(f"{out}/fgm", 4, [FGM(0.5)]).save_model()
    train_without_labels(f"{out}/fgm-twice", 4, [FGM(0.5)], gradient_accumulation_steps=2).save_model()
    parts = [RDrop(1.0), VAT(1.0), GradientPenalty(0.1), FGM(0.5)]
    noisy = {"hidden_dropout_prob": 0.1, "gradient_accumulation_steps": 2}
    check_that_processes_agree(train_without_labels(f"{out}/parts", 2, parts, **noisy))
    check_that_checkpoints_are_whole(f"{out}/rotated")
    leave_together()
