"""One short training: AdamW, linear warm-up and decay, bf16 where it is fast, nothing written to the user's folders."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from zhnlp.models.precision import fast_dtype
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

WARMUP = 0.1  # of the steps
WEIGHT_DECAY = 0.01


def optimise(
    objective: Any,
    dataset: Sequence[Any],
    collate: Callable[[list], dict],
    batches: Iterable[Sequence[int]],
    *,
    epochs: float,
    learning_rate: float,
    parameters: Sequence[torch.nn.Parameter] | None = None,
    weight_decay: float = WEIGHT_DECAY,
    regularizers: Sequence[Any] = (),
    device: torch.device | str = "cpu",
    seed: int = 0,
    progress: bool | None = None,
) -> float:
    """Train ``objective`` in place, in float32 weights; returns the mean loss of the training in nats.

    The random numbers of the caller stay where they are.

    Args:
        objective: a module that returns ``{"loss", "logits"}`` for a batch.
        batches: indices into ``dataset``, with ``set_epoch``.
        parameters: those that learn; None for all of the objective.
        progress: a bar on stderr; None for a terminal only.

    Raises:
        FloatingPointError: the loss became nan or infinite.
    """
    from transformers import TrainingArguments

    device = torch.device(device)
    learnt = list(objective.parameters()) if parameters is None else list(parameters)
    with tempfile.TemporaryDirectory() as folder, own_randomness(seed):
        settings = TrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            lr_scheduler_type="linear",
            warmup_steps=WARMUP,
            max_grad_norm=1.0,
            bf16=fast_dtype(device) == torch.bfloat16,
            use_cpu=device.type == "cpu",
            remove_unused_columns=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=progress is False,
            seed=seed,
            data_seed=seed,
        )
        settings._n_gpu = min(1, settings.n_gpu)  # a few rows are not worth several devices
        trainer = Trainer(
            model=objective,
            args=settings,
            train_dataset=dataset,
            data_collator=collate,
            batch_sampler=batches,
            optimizers=(adamw(learnt, learning_rate, weight_decay), None),
            regularizers=regularizers,
            log=False,
        )
        result = trainer.train()
    objective.eval()
    return float(result.training_loss)


def quiet_bar(progress: bool | None) -> bool | None:
    """What many trainings in a row show: nothing unless a bar was asked for."""
    return False if progress is None else progress
