"""The settings of one few-shot training, and the training itself on groups of samples."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.training.batches import MixedBatches
from zhnlp.few_shot.training.collate import PromptCollator
from zhnlp.few_shot.training.objective import PromptObjective
from zhnlp.few_shot.training.optimise import WEIGHT_DECAY, optimise
from zhnlp.few_shot.training.soft_prompt import frozen
from zhnlp.training.dropout import dropout_on
from zhnlp.training.learning_rates import learning_rate, soft_rate
from zhnlp.training.regularizers.r_drop import RDrop

if TYPE_CHECKING:
    from torch import Tensor

    from zhnlp.few_shot.training.samples import Draw

TEXT_WEIGHT = 0.3  # of the mean over corrupted text, where the mean over label slots weighs 1
GUESSED = 3  # texts with a guessed label beside each labelled one


@dataclass(frozen=True)
class Recipe:
    """How a training goes.

    Attributes:
        epochs: passes over the labelled texts.
        learning_rate: at its highest; None for `learning_rates.learning_rate`, or `soft_rate` where only trainable rows
            learn.
        batch_size: labelled texts a step.
        r_drop: weight of R-Drop on the label slots, 0 for none.
        label_conditioning: weight of ADAPET's second loss.
        text_weight: of `PromptCollator`.
        soft_only: only the rows of trainable tokens learn.
        raw_rows: raw texts a step; None for as many as labelled ones.
        guessed_rows: texts with a guessed label a step; None for three times as many. Training goes on until each of them
            was met once.
        seed: of order, draws and dropout.
        progress: a bar; None for a terminal only.
    """

    epochs: float = 10
    learning_rate: float | None = None
    batch_size: int = 16
    r_drop: float = 0.0
    label_conditioning: float = 0.0
    text_weight: float | None = TEXT_WEIGHT
    soft_only: bool = False
    raw_rows: int | None = None
    guessed_rows: int | None = None
    seed: int = 0
    progress: bool | None = None

    def rate(self, model: Any) -> float:
        """The learning rate meant."""
        if self.learning_rate is not None:
            return self.learning_rate
        return soft_rate(model) if self.soft_only else learning_rate(model)


def train(
    recipe: Recipe,
    model: Any,
    draw: Draw,
    labelled: Sequence[Any],
    *,
    guessed: Sequence[Any] = (),
    raw: Sequence[Any] = (),
    soft_rows: Tensor | None = None,
) -> tuple[Any, Tensor | None]:
    """Train ``model`` in place; returns it in evaluation mode, and the trained rows (K, D) where there are any.

    Each step has ``batch_size`` labelled texts and beside them rows of the other groups (`MixedBatches`), so that the
    labels keep their weight however many unlabelled texts there are.

    Args:
        draw: of rows; its templates have as many trainable tokens as ``soft_rows`` has rows.
        guessed: samples with a guessed label.
        raw: `RawText` of unlabelled texts.
    """
    objective = PromptObjective(model, soft_rows, frozen=recipe.soft_only)
    objective.to(model.device)
    few = min(recipe.batch_size, len(labelled))
    trusted = GUESSED * few if recipe.guessed_rows is None else recipe.guessed_rows
    beside = [(guessed, trusted), (raw, few if recipe.raw_rows is None else recipe.raw_rows)]
    groups = [(labelled, few), *((group, rows) for group, rows in beside if len(group) and rows)]
    batches = MixedBatches(
        [len(group) for group, _ in groups], [rows for _, rows in groups], seed=recipe.seed
    )
    enough = len(guessed) / (max(1, trusted) * len(batches))  # epochs in which each guessed text is met once
    collate = PromptCollator(
        draw,
        draw.maker.tokenizer.pad_token_id or 0,
        text_weight=recipe.text_weight,
        conditioning=recipe.label_conditioning,
    )
    with ExitStack() as stack:
        stack.enter_context(frozen(model, recipe.soft_only))
        if recipe.r_drop:
            stack.enter_context(dropout_on(model))
        optimise(
            objective,
            [sample for group, _ in groups for sample in group],
            collate,
            batches,
            epochs=max(recipe.epochs, ceil(enough)),
            learning_rate=recipe.rate(model),
            parameters=objective.trained(),
            weight_decay=0.0 if recipe.soft_only else WEIGHT_DECAY,
            regularizers=[RDrop(recipe.r_drop)] if recipe.r_drop else [],
            device=model.device,
            seed=recipe.seed,
            progress=recipe.progress,
        )
    trained = None if objective.soft_rows is None else objective.soft_rows.detach().cpu().clone()
    return model.eval(), trained
