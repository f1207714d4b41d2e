"""Flooding: the training loss is kept from falling below a level."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from zhnlp.training.regularizers.base import Regularizer, logits_of

LEVELS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def flood(loss: Tensor, level: float) -> Tensor:
    """|L − b| + b, element by element: the loss itself above the level b, its mirror image below; in nats.

    Example:
        >>> import torch
        >>> flood(torch.tensor([0.5, 0.25]), level=0.375).tolist()
        [0.5, 0.5]
    """
    return (loss - level).abs() + level


class FloodingLoss(Regularizer):
    """Descend above the level b, ascend below it, so that the training loss hovers at b.

    Helps a model that over-fits; hurts one whose training loss has not reached b by far yet: choose b by validation
    (`find_flood_level`).

    Args:
        level: b ≥ 0, in nats; 0 changes nothing.
        per_sample: flood each sample's loss, then average (iFlood), instead of the mean of the batch. Called as a function
            it then wants the losses of the samples (``reduction="none"``); as a part of a trainer it takes them from
            logits (B, C) and ``inputs["labels"]`` (B,).

    Raises:
        ValueError: the level is negative, or ``per_sample`` got a mean and no logits of a classifier.

    Example:
        >>> import torch
        >>> FloodingLoss(0.375)(torch.tensor([0.5, 0.125])).item()  # the mean .3125 is below
        0.4375
        >>> FloodingLoss(0.375, per_sample=True)(torch.tensor([0.5, 0.125])).item()
        0.5625

    Source: 苏剑林, https://kexue.fm/archives/7643; Ishida et al. 2020, https://arxiv.org/abs/2002.08709
    """

    def __init__(self, level: float, per_sample: bool = False):
        if not level >= 0:
            raise ValueError(f"level got {level!r}: expected nats, 0 or more")
        self.level, self.per_sample = float(level), per_sample

    def __call__(self, loss: Tensor) -> Tensor:
        """Flooded loss, 0-d, of the batch's mean (or of the samples' losses, which are averaged)."""
        if not self.per_sample:
            return flood(loss.mean(), self.level)
        if loss.ndim == 0:
            raise ValueError(
                "per_sample flooding got the mean of a batch: expected one loss a sample. Next: reduction='none'"
            )
        return flood(loss, self.level).mean()

    def loss(self, model: Any, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        return self(self._samples(inputs, outputs) if self.per_sample else loss)

    def _samples(self, inputs: Any, outputs: Any) -> Tensor:
        labels = inputs.get("labels") if hasattr(inputs, "get") else None
        logits = None if outputs is None else logits_of(outputs)
        if labels is None or logits is None or logits.ndim != 2 or labels.shape != logits.shape[:1]:
            raise ValueError(
                "per_sample flooding needs the logits (B, C) of a classifier and labels (B,) in the inputs: expected "
                "outputs and inputs['labels']. Next: per_sample=False, which floods the mean of the batch"
            )
        return F.cross_entropy(logits, labels, reduction="none")


def find_flood_level(
    validate: Callable[[float], float], levels: Iterable[float] = LEVELS, *, higher_is_better: bool = False
) -> tuple[float, dict[float, float]]:
    """Train once a level and take the best on validation data: (level, {level: score}).

    Args:
        validate: trains with a level, a fresh model each time, and returns the validation loss (or an accuracy, with
            ``higher_is_better``).
        levels: in nats; 0, no flooding, is always tried too. Equal scores: the lowest.

    Raises:
        ValueError: a level is negative or all scores are NaN.

    Example:
        >>> find_flood_level(lambda level: abs(level - 0.1), levels=[0.1, 0.3])
        (0.1, {0.0: 0.1, 0.1: 0.0, 0.3: 0.19999999999999998})
    """
    levels = sorted({0.0, *map(float, levels)})
    if levels[0] < 0:
        raise ValueError(f"levels hold {levels[0]!r}: expected nats, 0 or more")
    scores = {level: float(validate(level)) for level in levels}
    known = {level: score for level, score in scores.items() if score == score}
    if not known:
        raise ValueError(
            f"validate gave NaN for every level ({', '.join(map(str, levels))}): expected a loss or accuracy"
        )
    best = (max if higher_is_better else min)(known, key=known.get)
    return best, scores
