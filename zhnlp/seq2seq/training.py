"""Training of an engine on pairs: batches of like lengths, titles of held-out pairs scored after each epoch, the best kept.

The post chose by the training loss (5861) or on the set that it reported (7259); here the choice falls on pairs that were
held out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhnlp.seq2seq.engines.base import Engine, Pair
from zhnlp.training.by_epoch import epoch_arguments
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.callbacks.samples import Samples
from zhnlp.training.dropout import dropout_on
from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.regularizers.r_drop import RDrop
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

METRIC = "rouge_l"


@dataclass(frozen=True)
class TitleTraining:
    """How an engine is trained.

    Attributes:
        epochs: passes over the pairs, at most.
        batch_size: pairs a step.
        learning_rate: the highest; it rises over a tenth of the steps and then falls to zero.
        patience: epochs without a better ROUGE-L on held-out pairs before the end; None for none.
        regularizers: of `zhnlp.training.regularizers`; with R-Drop a network without dropout gets 0.1 for the time.
        weight_decay: of matrices.
        samples: held-out titles printed after each epoch.
        out: folder of checkpoints and ``log.jsonl``, in which a second call continues; None for none.
        seed: of order, draws and dropout.
        progress: bars and samples; None on a terminal only.
        arguments: of transformers' TrainingArguments, which go before these.
    """

    epochs: float = 10
    batch_size: int = 32
    learning_rate: float = 5e-4
    patience: int | None = 2
    regularizers: Sequence[Regularizer] = ()
    weight_decay: float = 0.01
    samples: int = 3
    out: Path | None = None
    seed: int = 0
    progress: bool | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self):
        for name, value, least in (("epochs", self.epochs, 0), ("learning_rate", self.learning_rate, 0)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not least < value < 1e6:
                raise ValueError(f"{name}={value!r} is not possible: expected a number above {least}")
        for name, value, least in (("batch_size", self.batch_size, 1), ("samples", self.samples, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )


def train(
    engine: Engine,
    pairs: Sequence[Pair],
    valid: Sequence[Pair],
    settings: TitleTraining,
    *,
    score: Callable[[], dict[str, float]],
    show: Callable[[int], list[str]],
) -> list[dict[str, float]]:
    """Train in place and leave the best weights there; returns the evaluations, one a pass.

    Args:
        valid: held-out pairs; none for a training that ends after its epochs.
        score: writes held-out titles and scores them; ``rouge_l`` is what is chosen by.
        show: held-out titles beside their references, at most so many lines.

    Raises:
        ValueError: there are no pairs.
        FloatingPointError: the loss became nan or infinite.
    """
    if not pairs:
        raise ValueError("there are no pairs to train on: expected articles with their titles, one or more")
    module, chooses = engine.module, bool(valid)
    with ExitStack() as stack:
        stack.enter_context(own_randomness(settings.seed))
        if any(isinstance(one, RDrop) for one in settings.regularizers):
            stack.enter_context(dropout_on(module))
        folder = settings.out or stack.enter_context(tempfile.TemporaryDirectory())
        callbacks = []
        if chooses and settings.patience is not None:
            callbacks.append(EarlyStopping(METRIC, patience=settings.patience, direction="max"))
        if chooses and settings.samples and settings.progress is not False:
            callbacks.append(Samples(lambda _: show(settings.samples), seed=settings.seed))
        trainer = _TitleTrainer(
            model=module,
            args=epoch_arguments(settings, folder, engine.device, METRIC if chooses else None, greater=True),
            train_dataset=list(pairs),
            eval_dataset=list(valid) or None,
            data_collator=engine.collate,
            batch_sampler=LengthGroupedBatches(
                [engine.length(pair) for pair in pairs], settings.batch_size, seed=settings.seed
            ),
            optimizers=(adamw(module.parameters(), settings.learning_rate, settings.weight_decay), None),
            regularizers=settings.regularizers,
            callbacks=callbacks,
            log=settings.out is not None,
        )
        trainer.score = score
        trainer.train(resume_from_checkpoint="auto" if settings.out is not None else None)
        trainer.accelerator.unwrap_model(
            trainer.model, keep_fp32_wrapper=False
        )  # no bf16 where titles are scored
        history = [line for line in trainer.state.log_history if f"eval_{METRIC}" in line]
    module.eval()
    return [{name.removeprefix("eval_"): value for name, value in line.items()} for line in history]


class _TitleTrainer(Trainer):
    """Adds the scores of written titles to each evaluation."""

    score: Callable[[], dict[str, float]]

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **options: Any) -> Any:
        found = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **options)
        self.model.eval()
        found.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in self.score().items()})
        return found
