"""The arguments of a training on a set of one's own: a warm-up, a falling rate, and the best pass kept."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from transformers import TrainingArguments

from zhnlp.models.precision import fast_dtype


class Settings(Protocol):
    """What is read of a training's settings."""

    epochs: float
    batch_size: int
    learning_rate: float
    out: Any
    seed: int
    progress: bool | None
    arguments: dict[str, Any] | None


def epoch_arguments(
    settings: Settings, folder: Any, device: torch.device, metric: str | None, *, greater: bool
) -> TrainingArguments:
    """TrainingArguments that evaluate after each pass, where there is a ``metric`` to choose the best one by.

    Args:
        folder: of checkpoints; kept only where ``settings.out`` is set.
        metric: name of the figure; None for a training without held-out texts.
        greater: whether more of it is better.
    """
    chooses = metric is not None
    made = {
        "output_dir": str(folder),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.1,
        "max_grad_norm": 1.0,
        "bf16": fast_dtype(device) == torch.bfloat16,
        "use_cpu": device.type == "cpu",
        "remove_unused_columns": False,
        "prediction_loss_only": True,
        "eval_strategy": "epoch" if chooses else "no",
        "save_strategy": "epoch" if chooses or settings.out is not None else "no",
        "save_total_limit": 2,
        "save_only_model": settings.out is None,
        "load_best_model_at_end": chooses,
        "metric_for_best_model": metric,
        "greater_is_better": greater if chooses else None,
        "logging_strategy": "epoch",
        "report_to": "none",
        "disable_tqdm": settings.progress is False,
        "seed": settings.seed,
        "data_seed": settings.seed,
        **(settings.arguments or {}),
    }
    return TrainingArguments(**made)
