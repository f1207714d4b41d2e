"""Stopping a training whose metric no longer gets better."""

from __future__ import annotations

import math

from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

_LESS = (
    "loss",
    "perplexity",
    "error",
    "nll",
    "bits_per_character",
    "bpc",
    "mae",
    "mse",
    "rmse",
    "wer",
    "cer",
)
_MORE = (
    *(
        "accuracy",
        "f1",
        "precision",
        "recall",
        "score",
        "auc",
        "mrr",
        "map",
        "ndcg",
        "bleu",
        "rouge",
        "exact_match",
    ),
    *("spearman", "pearson", "correlation", "matthews"),
)


def infer_direction(metric: str) -> str:
    """ "min" or "max" by the name of a metric.

    Raises:
        ValueError: the name does not tell.

    Example:
        >>> infer_direction("eval_loss"), infer_direction("eval_news_accuracy")
        ('min', 'max')
    """
    name = metric.lower().replace("-", "_").removesuffix("_score") + "_"
    for direction, words in (("min", _LESS), ("max", _MORE)):
        if any(f"_{word}_" in f"_{name}" or name.rstrip("_").endswith(word) for word in words):
            return direction
    if metric.lower().endswith("score"):
        return "max"
    raise ValueError(
        f"whether more or less of {metric!r} is better cannot be told from its name. "
        'Next: say direction="max" or direction="min"'
    )


class EarlyStopping(TrainerCallback, ExportableState):
    """Stops when a metric of the evaluations has not become better ``patience`` times in a row.

    The best value and the count are kept in the checkpoints, so a resumed training stops where an unbroken one does.

    Args:
        metric: of the evaluation, with or without ``eval_``; any that `compute_metrics` returns.
        patience: evaluations without gain before the end, at least 1.
        min_gain: what counts as better, in units of the metric, ≥ 0.
        direction: "min", "max", or None to tell by the name.

    Raises:
        ValueError: there are no evaluations, or none that has the metric; the message names those there are.
    """

    def __init__(
        self,
        metric: str = "eval_loss",
        *,
        patience: int = 3,
        min_gain: float = 0.0,
        direction: str | None = None,
    ):
        if patience < 1 or min_gain < 0:
            raise ValueError(f"patience is {patience}, min_gain {min_gain}: expected ≥ 1 and ≥ 0")
        if direction not in (None, "min", "max"):
            raise ValueError(f"direction is {direction!r}: expected 'min', 'max' or None")
        self.metric = metric if metric.startswith("eval_") else f"eval_{metric}"
        self.patience, self.min_gain = patience, min_gain
        self.direction = direction or infer_direction(metric)
        self.best: float | None = None
        self.best_step = 0
        self.waited = 0
        self._seen: set[str] | None = None  # names of the evaluations of this step that lacked the metric

    def on_train_begin(self, args, state, control, **kwargs):
        if args.eval_strategy == "no":
            raise ValueError(
                "early stopping needs evaluations, but eval_strategy is 'no'. "
                "Next: TrainingArguments(eval_strategy='steps', eval_steps=…) and Trainer(eval_dataset=…)"
            )

        if self.waited >= self.patience:  # it was over before it was resumed
            control.should_training_stop = True

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        if self.metric not in (metrics or {}):
            self._seen = (self._seen or set()) | set(metrics or {})
            return
        self._seen = None
        value = float(metrics[self.metric])
        gain = (
            0.0 if self.best is None else self.best - value if self.direction == "min" else value - self.best
        )
        if math.isfinite(value) and (self.best is None or gain > self.min_gain):
            self.best, self.best_step, self.waited = value, state.global_step, 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            control.should_training_stop = True

    def on_step_begin(self, args, state, control, **kwargs):
        self._refuse_missing()

    def on_train_end(self, args, state, control, **kwargs):
        self._refuse_missing()

    def _refuse_missing(self) -> None:
        """With several evaluation sets one of them has to have the metric; so this is asked after all of them."""
        if self._seen is not None:
            raise ValueError(
                f"early stopping watches {self.metric!r}, which no evaluation returned: they have "
                f"{', '.join(sorted(self._seen)) or 'nothing'}. Next: name one of these, or add it to compute_metrics"
            )

    def state(self) -> dict:
        """What a checkpoint keeps."""
        return {
            "args": {
                "metric": self.metric,
                "patience": self.patience,
                "min_gain": self.min_gain,
                "direction": self.direction,
            },
            "attributes": {"best": self.best, "best_step": self.best_step, "waited": self.waited},
        }
