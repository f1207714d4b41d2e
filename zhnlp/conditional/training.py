"""Training of a conditional model on labelled texts: batches of like lengths, the best pass by the loss of held-out texts.

The post trained on train, valid and test together and chose nothing; here texts are held out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.conditional.attributes import Attributes, Row
from zhnlp.models.batching import pad
from zhnlp.training.by_epoch import epoch_arguments
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.callbacks.samples import Samples
from zhnlp.training.dropout import dropout_on
from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

if TYPE_CHECKING:
    from zhnlp.conditional.reader import TextReader
    from zhnlp.models.conditional import ConditionalLM

METRIC = "eval_loss"
Example = tuple[list[int], Row]  # ids of a text with begin and end, and what is said of it


@dataclass(frozen=True)
class ConditionalTraining:
    """How a conditional model is trained.

    Attributes:
        epochs: passes over the texts, at most.
        batch_size: texts a step.
        learning_rate: the highest; it rises over a tenth of the steps and then falls to zero.
        drop: chance of a text to lose its label, so that guidance has a null model.
        dropout: of a network that has none of its own, for the time of the training.
        patience: epochs without a lower loss of held-out texts before the end; None for none.
        regularizers: of `zhnlp.training.regularizers`.
        weight_decay: of matrices.
        samples: texts written and printed after each epoch.
        out: folder of checkpoints and ``log.jsonl``, in which a second call continues; None for none.
        seed: of order, draws and dropout.
        progress: bars and samples; None on a terminal only.
        arguments: of transformers' TrainingArguments, which go before these.
    """

    epochs: float = 10
    batch_size: int = 32
    learning_rate: float = 5e-4
    drop: float = 0.1
    dropout: float = 0.0
    patience: int | None = 2
    regularizers: Sequence[Regularizer] = ()
    weight_decay: float = 0.01
    samples: int = 2
    out: Path | None = None
    seed: int = 0
    progress: bool | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self):
        for name in ("epochs", "learning_rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ValueError(f"{name}={value!r} is not possible: expected a number above 0")
        for name, most in (("drop", 1.0), ("dropout", 0.99)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
                raise ValueError(f"{name}={value!r} is not possible: expected 0 to {most}")
        for name, least in (("batch_size", 1), ("samples", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )


def batch_of(examples: Sequence[Example], reader: TextReader, attributes: Attributes) -> dict[str, Any]:
    """The tensors of a batch, padded on the right, with labels and conditions."""
    filler = reader.tokenizer.pad_token_id
    ids, mask = pad([row for row, _ in examples], reader.end if filler is None else filler)
    labels, _ = pad([reader.labels(row) for row, _ in examples], -100)
    given = attributes.tensors([said for _, said in examples])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "given": given}


def train(
    module: ConditionalLM,
    examples: Sequence[Example],
    valid: Sequence[Example],
    settings: ConditionalTraining,
    *,
    collate: Callable[[Sequence[Example]], dict[str, Any]],
    show: Callable[[int], list[str]],
) -> list[dict[str, float]]:
    """Train in place and leave the best weights there; returns the evaluations, one a pass.

    Args:
        valid: held-out texts; none for a training that ends after its epochs.
        collate: makes a batch.
        show: at most so many texts to look at.

    Raises:
        FloatingPointError: the loss became nan or infinite.
    """
    module.drop, chooses = settings.drop, bool(valid)
    with ExitStack() as stack:
        stack.enter_context(own_randomness(settings.seed))
        if settings.dropout:
            stack.enter_context(dropout_on(module, settings.dropout))
        folder = settings.out or stack.enter_context(tempfile.TemporaryDirectory())
        callbacks = []
        if chooses and settings.patience is not None:
            callbacks.append(EarlyStopping(METRIC, patience=settings.patience))
        if settings.samples and settings.progress is not False:
            callbacks.append(Samples(lambda _: show(settings.samples), seed=settings.seed))
        trainer = Trainer(
            model=module,
            args=epoch_arguments(settings, folder, module.device, METRIC if chooses else None, greater=False),
            train_dataset=list(examples),
            eval_dataset=list(valid) or None,
            data_collator=collate,
            batch_sampler=LengthGroupedBatches(
                [len(ids) for ids, _ in examples], settings.batch_size, seed=settings.seed
            ),
            optimizers=(adamw(module.parameters(), settings.learning_rate, settings.weight_decay), None),
            regularizers=settings.regularizers,
            callbacks=callbacks,
            log=settings.out is not None,
        )
        trainer.train(resume_from_checkpoint="auto" if settings.out is not None else None)
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        history = [line for line in trainer.state.log_history if METRIC in line]
    module.eval()
    return [{name.removeprefix("eval_"): value for name, value in line.items()} for line in history]
