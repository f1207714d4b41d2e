"""Training of an encoder of sentences on groups, pairs, triples or texts; the best pass is kept by what the encoder is for.

Source: 苏剑林, https://kexue.fm/archives/5743 (groups), 8348 (texts), 8847 (pairs)
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from transformers.trainer_utils import EvalLoopOutput

from zhnlp.models.gru_encoder import GRUEncoder
from zhnlp.similarity.examples import Examples
from zhnlp.similarity.joined_groups import join_pairs
from zhnlp.similarity.objectives import CLASSES, LOSSES, Objective
from zhnlp.training.by_epoch import epoch_arguments
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.dropout import dropout_on
from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.seeds import derive_seed, own_randomness
from zhnlp.training.trainer import Trainer

if TYPE_CHECKING:
    from zhnlp.similarity.encoder import SentenceEncoder

HELD_OUT, MOST_HELD_OUT, LEAST = 0.05, 1000, 200  # rows that `fit` keeps out; none of fewer than LEAST
DROPOUT = {"texts": 0.3}  # of a network that has none: two readings of a text must differ (post 8348)


@dataclass(frozen=True)
class SimilarityTraining:
    """How an encoder is trained.

    Attributes:
        loss: a name of `LOSSES` for the form of the examples; None for the first there.
        options: of that loss: ``scale``, ``margin`` …
        epochs: passes over the examples, at most.
        batch_size: rows a step.
        learning_rate: the highest; it rises over a tenth of the steps and then falls to zero. None for 1e-3 of the post's GRU, 5e-3 of
            one that corrects characters, by the size of others.
        sample: groups that a step of a softmax compares with; None for all.
        dropout: of a network that has none of its own, for the time of the training; None for 0.3 on texts alone, else none.
        patience: passes without a better figure before the end; None for none.
        regularizers: of `zhnlp.training.regularizers`.
        weight_decay: of matrices.
        out: folder of checkpoints and ``log.jsonl``, in which a second call continues; None for none.
        seed: of order, draws and dropout.
        progress: a bar; None on a terminal only.
        arguments: of transformers' TrainingArguments, which go before these.
    """

    loss: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    epochs: float = 5
    batch_size: int = 64
    learning_rate: float | None = None
    sample: int | None = None
    dropout: float | None = None
    patience: int | None = 2
    regularizers: Sequence[Regularizer] = ()
    weight_decay: float = 0.01
    out: str | Path | None = None
    seed: int = 0
    progress: bool | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self):
        for name in ("epochs", "learning_rate"):
            value = getattr(self, name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6
            ):
                raise ValueError(f"{name}={value!r} is not possible: expected a number above 0")
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(
                f"batch_size={self.batch_size!r} is not possible: expected a whole number, 2 or more"
            )


def train(
    encoder: SentenceEncoder, examples: Examples, valid: Examples | None, settings: SimilarityTraining
) -> list[dict[str, float]]:
    """Train the encoder's network in place and leave the best weights there; returns the figures, one dict a pass.

    Args:
        valid: what to choose the pass by: graded pairs by Spearman, groups by hit@1, triples by the share whose right text is
            nearer; None trains to the end.

    Raises:
        ValueError: the loss is not one for the examples, or there is too little to learn from.
        FloatingPointError: the loss became nan or infinite.
    """
    loss = settings.loss or LOSSES[examples.form][0]
    rows, labels, count = rows_of(examples, loss, settings.seed)
    rate = settings.learning_rate or _rate(encoder)
    settings = replace(settings, learning_rate=rate)
    with ExitStack() as stack:
        stack.enter_context(own_randomness(settings.seed))
        objective = Objective(
            encoder.network,
            examples.form,
            loss,
            labels=count,
            size=encoder.size,
            sample=settings.sample,
            **settings.options,
        ).to(encoder.network.device)
        dropout = DROPOUT.get(examples.form) if settings.dropout is None else settings.dropout
        if dropout:
            stack.enter_context(dropout_on(encoder.network, dropout))
        folder = settings.out or stack.enter_context(tempfile.TemporaryDirectory())
        chooses = valid is not None
        metric, score = scorer(encoder, valid) if chooses else (None, None)
        callbacks = []
        if chooses and settings.patience is not None:
            callbacks.append(EarlyStopping(metric, patience=settings.patience, direction="max"))
        ids = [list(row) for row in zip(*(_ids(encoder, column) for column in zip(*rows)))]
        data = [{"ids": row, "label": label} for row, label in zip(ids, labels)]
        trainer = _Trainer(
            model=objective,
            args=epoch_arguments(settings, folder, encoder.network.device, metric, greater=True),
            train_dataset=data,
            eval_dataset=data[:1] if chooses else None,
            data_collator=lambda batch: collate(batch, encoder.tokenizer.pad_token_id or 0),
            batch_sampler=LengthGroupedBatches(
                [max(map(len, row)) for row in ids],
                settings.batch_size,
                seed=settings.seed,
                drop_last=len(data) > settings.batch_size,
            ),
            optimizers=(adamw(objective.parameters(), rate, settings.weight_decay), None),
            regularizers=settings.regularizers,
            callbacks=callbacks,
            log=settings.out is not None,
        )
        trainer.score = score
        trainer.train(resume_from_checkpoint="auto" if settings.out is not None else None)
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        history = [line for line in trainer.state.log_history if f"eval_{metric}" in line]
    encoder.network.eval()
    return [{name.removeprefix("eval_"): value for name, value in line.items()} for line in history]


def _rate(encoder: SentenceEncoder) -> float:
    from zhnlp.training.learning_rates import fine_tuning_rate

    transformer = encoder.network.transformer
    if isinstance(transformer, GRUEncoder):
        return 1e-3 if transformer.config.state_size is None else 5e-3
    return fine_tuning_rate(transformer)


# --- what a row is -----------------------------------------------------------------------------------------------------


def rows_of(examples: Examples, loss: str, seed: int = 0) -> tuple[list[tuple[str, ...]], list[float], int]:
    """Texts of each row, its label as a number, and how many different labels there are.

    A loss among the texts of a batch gets groups as pairs, each text with another of its group; a contrast of pairs gets those that
    mean the same, with a number that texts joined by them share; the two readings of a text alone are that text twice.

    Raises:
        ValueError: nothing is left to learn from, or CoSENT is given pairs without grades.
    """
    if examples.form == "groups":
        return _of_groups(examples, loss, seed)
    if examples.form == "pairs":
        return _of_pairs(examples, loss)
    if examples.form == "triples":
        return list(zip(*examples.columns)), [0.0] * len(examples), 1
    texts = examples.columns[0]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return [(text, text) for text in texts], [numbers[text] for text in texts], len(numbers)


def _of_groups(examples: Examples, loss: str, seed: int) -> tuple[list[tuple[str, ...]], list[float], int]:
    numbers = {label: number for number, label in enumerate(dict.fromkeys(examples.labels))}
    if len(numbers) < 2:
        raise ValueError(
            f"{len(examples):,} texts are of one group: expected two groups or more to tell apart"
        )
    labels = [numbers[label] for label in examples.labels]
    texts = examples.columns[0]
    if loss in CLASSES:
        return [(text,) for text in texts], labels, len(numbers)
    members: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        members.setdefault(label, []).append(row)
    rows, kept = [], []
    random = np.random.default_rng(derive_seed(seed, "partners"))
    for label, own in members.items():
        if len(own) > 1:
            order = random.permutation(own).tolist()
            for place, row in enumerate(order):
                rows.append((texts[row], texts[order[(place + 1) % len(order)]]))
                kept.append(label)
    if not rows:
        raise ValueError(
            f"no group has two texts, so there is nothing for {loss!r} to bring together: expected some. Next: loss='am-softmax'"
        )
    return rows, kept, len(numbers)


def _of_pairs(examples: Examples, loss: str) -> tuple[list[tuple[str, ...]], list[float], int]:
    rows = list(zip(*examples.columns))
    if loss != "contrast":
        if examples.labels is None:
            raise ValueError(
                f"{loss!r} needs grades, and the pairs have none: expected 0 and 1, or grades. Next: loss='contrast'"
            )
        grades = sorted(set(examples.labels))
        if len(grades) < 2:
            raise ValueError(f"all {len(rows):,} pairs have the label {grades[0]:g}: expected two or more")
        if loss != "sbert":
            return rows, [float(label) for label in examples.labels], len(grades)
        numbers = {grade: number for number, grade in enumerate(grades)}
        return rows, [numbers[label] for label in examples.labels], len(grades)
    groups = join_pairs(examples)
    numbers = dict(zip(groups.columns[0], groups.labels))
    labels = [1.0] * len(rows) if examples.labels is None else examples.labels
    kept = [row for row, label in zip(rows, labels) if label > 0 and row[0] != row[1]]
    if len(kept) < 2:
        raise ValueError(
            f"{len(rows):,} pairs hold {len(kept)} of different texts that mean the same: expected two or more to contrast"
        )
    return kept, [numbers[first] for first, _ in kept], len(set(groups.labels))


def _ids(encoder: SentenceEncoder, texts: Sequence[str]) -> list[list[int]]:
    from zhnlp.similarity.reading import ids_of

    return ids_of(encoder.tokenizer, texts, encoder.max_length)[0]


def collate(batch: Sequence[dict[str, Any]], pad: int) -> dict[str, Tensor]:
    """Ids and mask (k B, L), column after column, and labels (B,)."""
    from zhnlp.similarity.reading import matrix

    columns = zip(*(one["ids"] for one in batch))
    ids, mask = matrix([row for column in columns for row in column], pad)
    labels = torch.tensor([one["label"] for one in batch])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


# --- choosing a pass ---------------------------------------------------------------------------------------------------


def scorer(encoder: SentenceEncoder, valid: Examples) -> tuple[str, Callable[[], dict[str, float]]]:
    """The metric to choose by, and a function that measures it.

    Raises:
        ValueError: the examples say nothing of what is right: texts alone, or pairs without grades.
    """
    from zhnlp.metrics import evaluate_retrieval, evaluate_similarity

    def vectors(column: int) -> np.ndarray:
        return encoder.encode(valid.columns[column], normalize=True)

    if valid.form == "groups":
        names = ("hit@1", "mrr")

        def score() -> dict[str, float]:
            found = evaluate_retrieval(vectors(0), valid.labels)
            return {name.replace("@", "_"): found[name] for name in names}

        return "hit_1", score
    if valid.form == "pairs" and valid.labels is not None:

        def score() -> dict[str, float]:
            found = evaluate_similarity((vectors(0) * vectors(1)).sum(1), valid.labels)
            return {name: found[name] for name in ("spearman", "pearson")}

        return "spearman", score
    if valid.form == "triples":

        def score() -> dict[str, float]:
            anchor, right, wrong = (vectors(column) for column in range(3))
            return {"accuracy": float(((anchor * right).sum(1) > (anchor * wrong).sum(1)).mean())}

        return "accuracy", score
    raise ValueError(
        f"{valid.form} without grades cannot choose a pass: expected groups, graded pairs or triples as valid. Next: valid=False"
    )


def split(examples: Examples, seed: int) -> tuple[Examples, Examples | None]:
    """What to train on and what is held out: whole groups, or rows; nothing of few rows, of texts alone, or of pairs without grades."""
    graded = examples.form != "texts" and not (examples.form == "pairs" and examples.labels is None)
    if len(examples) < LEAST or not graded:
        return examples, None
    random = np.random.default_rng(derive_seed(seed, "held out"))
    wanted = min(MOST_HELD_OUT, round(HELD_OUT * len(examples)))
    if examples.form != "groups":
        order = random.permutation(len(examples)).tolist()
        return examples.take(sorted(order[wanted:])), examples.take(sorted(order[:wanted]))
    names = list(dict.fromkeys(examples.labels))
    sizes = dict.fromkeys(names, 0)
    for label in examples.labels:
        sizes[label] += 1
    held, count = set(), 0
    for place in random.permutation(len(names)).tolist():
        if count >= wanted or len(held) + 2 >= len(names):
            break
        if sizes[names[place]] > 1:
            held.add(names[place])
            count += sizes[names[place]]
    if len(held) < 2:
        return examples, None
    rows = {
        side: [r for r, label in enumerate(examples.labels) if (label in held) is side]
        for side in (False, True)
    }
    return examples.take(rows[False]), examples.take(rows[True])


class _Trainer(Trainer):
    """An evaluation is the encoder's own figure, not a loss."""

    score: Callable[[], dict[str, float]]

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **options: Any) -> EvalLoopOutput:
        self.model.eval()
        figures = {f"{metric_key_prefix}_{name}": value for name, value in self.score().items()}
        return EvalLoopOutput(predictions=None, label_ids=None, metrics=figures, num_samples=1)
