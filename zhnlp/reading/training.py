"""Training of an engine on questions: rows drawn anew in each pass, answers of held-out questions scored, the best pass kept.

Post 6906 stops by the set that it reports; here questions are held out for that.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zhnlp.reading.engines.base import Engine, Module
from zhnlp.reading.rows import Augmentation, Item, draw
from zhnlp.training.by_epoch import epoch_arguments
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.callbacks.ema_callback import EMACallback
from zhnlp.training.callbacks.samples import Samples
from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

METRIC = "f1"
SCHEDULES = ("two-stage", "linear")


@dataclass(frozen=True)
class ReadingTraining:
    """How an engine is trained.

    Attributes:
        epochs: passes over the questions, at most.
        batch_size: rows a step.
        learning_rate: the highest.
        body_rate: the highest of an encoder that comes trained; None for the same, 0 to leave it as it is.
        schedule: "two-stage": the highest rate, then a tenth of it (both posts); "linear": falls to zero.
        second_stage: share of the steps after which the rate drops, in (0, 1].
        warmup: share of the steps over which the rate rises.
        ema: decay of the average of weights that is scored and kept, with a warm-up; None for none.
        patience: passes without a better F1 of held-out questions before the end; None for none.
        augmentation: how rows are drawn; a dict of values of `Augmentation` will do.
        regularizers: of `zhnlp.training.regularizers`.
        weight_decay: of matrices.
        samples: held-out questions printed with their answers after each pass.
        out: folder of checkpoints and ``log.jsonl``, in which a second call continues; None for none.
        seed: of order, draws and dropout.
        progress: bars and samples; None on a terminal only.
        arguments: of transformers' TrainingArguments, which go before these.
    """

    epochs: float = 20
    batch_size: int = 32
    learning_rate: float = 1e-3
    body_rate: float | None = None
    schedule: str = "two-stage"
    second_stage: float = 0.75
    warmup: float = 0.02
    ema: float | None = 0.999
    patience: int | None = None
    augmentation: Any = field(default_factory=Augmentation)
    regularizers: Sequence[Regularizer] = ()
    weight_decay: float = 0.01
    samples: int = 3
    out: Path | None = None
    seed: int = 0
    progress: bool | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self):
        for name in ("epochs", "learning_rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ValueError(f"{name}={value!r} is not possible: expected a number above 0")
        for name, least in (("batch_size", 1), ("samples", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )
        if self.body_rate is not None and not 0 <= self.body_rate < 1:
            raise ValueError(f"body_rate={self.body_rate!r} is not possible: expected 0 to below 1, or None")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule got {self.schedule!r}: expected one of {', '.join(SCHEDULES)}")
        if not 0 < self.second_stage <= 1 or not 0 <= self.warmup < 1:
            raise ValueError(
                f"second_stage={self.second_stage!r}, warmup={self.warmup!r} is not possible: expected shares of the steps"
            )
        if isinstance(self.augmentation, dict):
            object.__setattr__(self, "augmentation", Augmentation(**self.augmentation))


def rate_factor(step: int, steps: int, settings: ReadingTraining) -> float:
    """What the learning rate is multiplied with at a step, counted from 0.

    Example:
        >>> how = ReadingTraining(warmup=0.1, second_stage=0.5)
        >>> [rate_factor(step, 10, how) for step in (0, 1, 4, 5, 9)]
        [0.5, 1.0, 1.0, 0.1, 0.1]
    """
    rise = int(settings.warmup * steps)
    if step < rise:
        return (step + 1) / (rise + 1)
    if settings.schedule == "linear":
        return max(0.0, (steps - step) / max(1, steps - rise))
    return 1.0 if step < settings.second_stage * steps else 0.1


def train(
    engine: Engine,
    items: Sequence[Item],
    valid: Sequence[Item],
    settings: ReadingTraining,
    *,
    score: Callable[[], dict[str, float]],
    show: Callable[[int], list[str]],
) -> list[dict[str, float]]:
    """Train in place and leave the best weights there; returns the evaluations, one a pass.

    Args:
        valid: held-out questions; none for a training that ends after its epochs.
        score: answers held-out questions and scores them; ``f1`` is what is chosen by.
        show: held-out questions with answers, at most so many lines.

    Raises:
        ValueError: there are no questions with an answer.
        FloatingPointError: the loss became nan or infinite.
    """
    if not any(any(item.spans) for item in items):
        raise ValueError("no question has an answer in its passages: expected some to learn from")
    chooses, how = bool(valid), settings.augmentation

    def collate(rows: Sequence[Item]) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng(
            np.random.randint(0, 2**31, size=4)
        )  # numpy's own, which the loader seeds
        return engine.batch([draw(item, engine, how, rng) for item in rows])

    module = Module(engine.network)
    lengths = [min(max(len(one.passage) for one in item.readings), how.crop) for item in items]
    batches = LengthGroupedBatches(lengths, settings.batch_size, seed=settings.seed)
    steps = max(1, round(len(batches) * settings.epochs))
    with ExitStack() as stack:
        stack.enter_context(own_randomness(settings.seed))
        if settings.body_rate == 0 and engine.body is not None:
            stack.enter_context(_still(engine.body))
        folder = settings.out or stack.enter_context(tempfile.TemporaryDirectory())
        callbacks: list[Any] = []
        if settings.ema is not None:
            callbacks.append(EMACallback(settings.ema, at_end="average"))
        if chooses and settings.patience is not None:
            callbacks.append(EarlyStopping(METRIC, patience=settings.patience, direction="max"))
        if chooses and settings.samples and settings.progress is not False:
            callbacks.append(Samples(lambda _: show(settings.samples), seed=settings.seed))
        optimizer = _optimizer(engine, settings)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, steps, settings)
        )
        trainer = _ReadingTrainer(
            model=module,
            args=epoch_arguments(settings, folder, engine.device, METRIC if chooses else None, greater=True),
            train_dataset=list(items),
            eval_dataset=list(valid) or None,
            data_collator=collate,
            batch_sampler=batches,
            optimizers=(optimizer, schedule),
            regularizers=settings.regularizers,
            callbacks=callbacks,
            log=settings.out is not None,
        )
        trainer.score = score
        trainer.train(resume_from_checkpoint="auto" if settings.out is not None else None)
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        history = [line for line in trainer.state.log_history if f"eval_{METRIC}" in line]
    engine.network.eval()
    return [{name.removeprefix("eval_"): value for name, value in line.items()} for line in history]


@contextmanager
def _still(body: torch.nn.Module) -> Iterator[None]:
    """Nothing of it learns, and no gradient is computed for it."""
    learning = [one for one in body.parameters() if one.requires_grad]
    body.requires_grad_(False)
    try:
        yield
    finally:
        for one in learning:
            one.requires_grad_(True)


def _optimizer(engine: Engine, settings: ReadingTraining) -> torch.optim.AdamW:
    """AdamW with the rate of an encoder that comes trained, and that of what begins from nothing."""
    if settings.body_rate is None or engine.body is None:
        return adamw(engine.network.parameters(), settings.learning_rate, settings.weight_decay)
    body = {id(one) for one in engine.body.parameters()}
    new = (one for one in engine.network.parameters() if id(one) not in body)
    made = adamw(new, settings.learning_rate, settings.weight_decay)
    if not settings.body_rate:
        return made
    for group in adamw(engine.body.parameters(), settings.body_rate, settings.weight_decay).param_groups:
        made.add_param_group(group)
    return made


class _ReadingTrainer(Trainer):
    """Adds the scores of answers to each evaluation."""

    score: Callable[[], dict[str, float]]

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **options: Any) -> Any:
        found = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **options)
        self.model.eval()
        found.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in self.score().items()})
        return found
