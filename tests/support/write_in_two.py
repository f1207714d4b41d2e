"""Two processes train a writer whose inputs are changed at random: torchrun --nproc-per-node 2 write_in_two.py OUT."""

import sys

import torch
from leaving import leave_together
from problems import arguments
from tiny_writers import WRITERS, pairs
from torch.optim import SGD

from zhnlp.training.regularizers import (
    FGM,
    GradientPenalty,
    RandomTargetReplacement,
    RDrop,
    Regularizer,
    ScheduledSampling,
)
from zhnlp.training.trainer import Trainer

PAIRS = pairs(16)


def trainer(folder, kind, parts, dropout=0.0, **options):
    from transformers import get_constant_schedule

    make, collate = WRITERS[kind]
    model = make(dropout=dropout)
    optimizer = SGD(model.parameters(), lr=0.5)
    return Trainer(
        model,
        arguments(
            folder,
            **{
                "max_steps": 2,
                "gradient_accumulation_steps": 2,
                "train_sampling_strategy": "sequential",
                "max_grad_norm": 0.0,
                "remove_unused_columns": False,
                **options,
            },
        ),
        train_dataset=PAIRS,
        data_collator=collate,
        optimizers=(optimizer, get_constant_schedule(optimizer)),
        regularizers=parts,
    )


def everything():
    return [
        RandomTargetReplacement(),
        ScheduledSampling(0.5, steps=4, sample=True),
        RDrop(1.0),
        GradientPenalty(0.1),
        FGM(0.5),
    ]


class Watch(Regularizer):
    """Keeps how the first batch was read."""

    def inputs(self, model, inputs):
        self.first = getattr(self, "first", inputs["input_ids"].clone())
        return inputs


if __name__ == "__main__":
    watch, parts = Watch(), everything()
    run = trainer(sys.argv[1], "unilm", [parts[0], watch, *parts[1:]], dropout=0.2)
    run.train_dataset = [run.train_dataset[0]] * 32  # both processes have the same rows
    run.train()
    for weight in run.model.parameters():
        other = weight.detach().clone()
        torch.distributed.broadcast(other, 0)
        if not torch.equal(weight, other) or not weight.isfinite().all():
            sys.exit("the processes have other weights")
    other = watch.first.clone()
    torch.distributed.broadcast(other, 0)
    same = torch.tensor(int(torch.equal(watch.first, other)))
    torch.distributed.all_reduce(same)
    if same == 2:
        sys.exit("both processes drew the same")
    leave_together()
