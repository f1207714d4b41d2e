"""What each of two processes trains: torchrun --nproc-per-node 2 two_processes.py OUT.

With one process (no torchrun) and batches twice as large it has to come out the same.
"""

import sys

import torch
from small_models import make_model
from trainings import labelled, make_trainer
from transformers import DefaultDataCollator

KINDS = ("bert", "llama")


def train(out, kind, rows_each, resume=None, **changes):
    """6 steps in epochs of 3, the last batch short, rows with different numbers of labels, in float64."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if kind == "bert" else {}
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
        save_steps=2,
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer


if __name__ == "__main__":
    out = sys.argv[1]
    for kind in KINDS:
        train(f"{out}/{kind}", kind, 4)
    noisy = {"hidden_dropout_prob": 0.1}
    whole = train(f"{out}/noisy", "bert", 4, **noisy)
    resumed = train(f"{out}/resumed", "bert", 4, resume=f"{out}/noisy/checkpoint-2", **noisy)
    if not all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), resumed.model.parameters())):
        sys.exit("resumed with two processes, the weights differ")
    torch.distributed.destroy_process_group()
