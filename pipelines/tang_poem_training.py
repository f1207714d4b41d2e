"""Training of a causal model on short texts behind a prefix that is given, and what such texts cost.

A row is the tokens of a text between begin and end, and how many of them only stand before it and are not learnt.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from zhnlp.models.batching import pad
from zhnlp.models.loading import load_model
from zhnlp.models.precision import fast_dtype
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.dropout import dropout_on
from zhnlp.training.learning_rates import adaptation_rate
from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

BATCH, METRIC = 32, "eval_loss"
Row = tuple[list[int], int]


def batch_of(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """The tensors (B, L) of a batch, padded on the right; what stands before a text has the label -100.

    Example:
        >>> batch_of([([2, 7, 8, 3], 2), ([2, 9, 3], 1)])["labels"].tolist()
        [[-100, -100, 8, 3], [-100, 9, 3, -100]]
    """
    ids, mask = pad([ids for ids, _ in rows], 0)
    labels, _ = pad([[-100] * before + ids[before:] for ids, before in rows], -100)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def train(
    model: str,
    tokenizer: Any,
    rows: Sequence[Row],
    valid: Sequence[Row],
    folder: Path,
    *,
    epochs: float,
    patience: int,
    learning_rate: float | None,
    dropout: float,
    seed: int,
) -> None:
    """Train a model and keep the pass with the lowest loss on ``valid`` in ``folder``; checkpoints lie beside it and are resumed."""
    network, steps = load_model(model, "causal-lm", dtype="float32", check=False), folder / "training"
    rate = adaptation_rate(network) if learning_rate is None else learning_rate
    with own_randomness(seed), dropout_on(network, dropout):
        trainer = Trainer(
            model=network,
            args=TrainingArguments(
                output_dir=str(steps),
                num_train_epochs=epochs,
                per_device_train_batch_size=BATCH,
                per_device_eval_batch_size=BATCH,
                learning_rate=rate,
                lr_scheduler_type="linear",
                warmup_steps=0.1,
                max_grad_norm=1.0,
                use_cpu=network.device.type == "cpu",
                bf16=fast_dtype(network.device) == torch.bfloat16,
                remove_unused_columns=False,
                prediction_loss_only=True,
                eval_strategy="epoch",
                save_strategy="epoch",
                save_total_limit=2,
                load_best_model_at_end=True,
                metric_for_best_model=METRIC,
                greater_is_better=False,
                logging_strategy="epoch",
                report_to="none",
                seed=seed,
                data_seed=seed,
            ),
            train_dataset=list(rows),
            eval_dataset=list(valid),
            data_collator=batch_of,
            batch_sampler=LengthGroupedBatches([len(ids) for ids, _ in rows], BATCH, seed=seed),
            optimizers=(adamw(network.parameters(), rate, 0.01), None),
            callbacks=[EarlyStopping(METRIC, patience=patience)],
        )
        trainer.train(resume_from_checkpoint="auto")
    network = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    unfinished = folder / "unfinished"
    for one in (network, tokenizer):
        one.save_pretrained(unfinished)
    for path in sorted(unfinished.iterdir(), key=lambda path: path.name == "config.json"):
        path.replace(folder / path.name)  # config.json last: it says that all is there
    unfinished.rmdir()
    shutil.rmtree(steps)


@torch.inference_mode()
def poem_nats(model: Any, rows: Sequence[Row]) -> list[float]:
    """-ln p of each text and its end, what stands before it given, in nats."""
    nats = [0.0] * len(rows)
    order = sorted(range(len(rows)), key=lambda number: len(rows[number][0]))
    for first in range(0, len(rows), BATCH):
        numbers = order[first : first + BATCH]
        batch = {
            name: x.to(model.device) for name, x in batch_of([rows[number] for number in numbers]).items()
        }
        goals = batch.pop("labels")[:, 1:]  # (B, L - 1)
        logits = model(**batch).logits[:, :-1].float()  # (B, L - 1, V)
        costs = torch.nn.functional.cross_entropy(logits.mT, goals, ignore_index=-100, reduction="none")
        for number, cost in zip(numbers, costs.double().sum(1).tolist()):
            nats[number] = cost
    return nats
