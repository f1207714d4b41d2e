"""Trainings of a second: 40 rows, a collator that masks at random, a model with dropout."""

import torch
from small_models import make_model
from transformers import TrainingArguments

from zhnlp.training import Trainer

MASK = 4


def rows(count=40, length=12, seed=1):
    """Rows of ids; the labels are made by `mask_at_random`."""
    generator = torch.Generator().manual_seed(seed)
    return [{"input_ids": torch.randint(5, 40, (length,), generator=generator)} for _ in range(count)]


def labelled(count=40, seed=1):
    """Rows with labels, of which each row asks another number."""
    found = []
    for number, row in enumerate(rows(count, seed=seed)):
        labels = row["input_ids"].clone()
        labels[: number % 9] = -100
        found.append({**row, "labels": labels})
    return found


def mask_at_random(items):
    """A collator that draws on torch's global generator, as collators of transformers do."""
    ids = torch.stack([item["input_ids"] for item in items])
    labels = ids.clone()
    chosen = torch.rand(ids.shape) < 0.3
    labels[~chosen] = -100
    ids[chosen] = MASK
    return {"input_ids": ids, "labels": labels}


def make_trainer(out, model=None, data=None, trainer=Trainer, collate=mask_at_random, **changes):
    """A trainer of 10 steps; ``changes`` are options of the trainer or of TrainingArguments."""
    own = (
        "callbacks",
        "optimizers",
        "regularizers",
        "batch_sampler",
        "compute_metrics",
        "eval_dataset",
        "log",
    )
    options = {name: changes.pop(name) for name in (*own, "compute_loss_func") if name in changes}
    options.setdefault("eval_dataset", rows(8, seed=2))
    settings = {
        "max_steps": 10,
        "per_device_train_batch_size": 8,
        "logging_steps": 2,
        "save_strategy": "no",
        "learning_rate": 1e-3,
        "use_cpu": True,
        "disable_tqdm": True,
        "remove_unused_columns": False,
    }
    if "num_train_epochs" in changes:
        del settings["max_steps"]
    return trainer(
        model=make_model("bert") if model is None else model,
        args=TrainingArguments(output_dir=str(out), **{**settings, **changes}),
        train_dataset=rows() if data is None else data,
        data_collator=collate,
        **options,
    )


def trained(out, resume=None, **options):
    """The trainer after its training."""
    trainer = make_trainer(out, **options)
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def weights_of(trainer):
    """A copy of all weights."""
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


def same_bits(one, other):
    """Whether two trainers or dicts of weights hold the same bits."""
    one, other = (x if isinstance(x, dict) else weights_of(x) for x in (one, other))
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def distance(one, other):
    """The largest difference between two sets of weights."""
    one, other = (x if isinstance(x, dict) else weights_of(x) for x in (one, other))
    return max(float((one[name] - other[name]).abs().max()) for name in one)
