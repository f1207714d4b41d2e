"""One training of a small network on few rows, with the trainer of zhnlp and nothing left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers
from torch import nn

from zhnlp.mining.progress import Progress
from zhnlp.models.loading import choose_device, dtype_of
from zhnlp.models.precision import fast_dtype
from zhnlp.training import Trainer
from zhnlp.training.seeds import own_randomness


def train(
    network: nn.Module,
    rows: Sequence[Any],
    collate: Callable[[list[Any]], dict[str, Any]],
    *,
    epochs: float,
    learning_rate: float,
    batch_size: int,
    warmup: float,
    weight_decay: float,
    seed: int,
    device: Any = None,
    dtype: Any = None,
    progress: bool | None = None,
) -> None:
    """Train ``network`` in place: AdamW, a rate that rises over ``warmup`` of the steps and falls to zero, norm of gradients 1.

    Args:
        dtype: "float32" or "bfloat16" of the arithmetic; None for bfloat16 where the processor has it.  Weights and
            optimizer stay in float32.
        seed: of order and dropout; the caller's generators are left as they were.
    """
    where = choose_device(device)
    low = autocast_dtype(where, dtype) is torch.bfloat16
    steps = -(-len(rows) // batch_size) * epochs
    with tempfile.TemporaryDirectory(prefix="zhnlp-") as folder, own_randomness(seed):
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            per_device_train_batch_size=batch_size,
            warmup_steps=round(warmup * steps),
            weight_decay=weight_decay,
            lr_scheduler_type="linear",
            bf16=low,
            use_cpu=where.type == "cpu",
            seed=seed,
            data_seed=seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            disable_tqdm=not Progress(progress).enabled,
        )
        trainer = Trainer(
            model=network, args=arguments, train_dataset=_Rows(rows), data_collator=collate, log=False
        )
        if not Progress(progress).enabled:
            _silence(trainer)
        trainer.train()
    network.eval()


def autocast_dtype(device: torch.device, dtype: Any) -> torch.dtype:
    """The numbers to compute in: those asked for, else the fast ones of the processor."""
    if dtype is None:
        return fast_dtype(device)
    return dtype_of(dtype) if isinstance(dtype, str) else dtype


class _Rows(torch.utils.data.Dataset):
    def __init__(self, rows: Sequence[Any]):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Any:
        return self.rows[number]


def _silence(trainer: Trainer) -> None:
    from zhnlp.training.callbacks import ProgressBar

    trainer.pop_callback(ProgressBar)
