"""How likely it is that there is no answer, from a score such as the odds of the best passage: fitted on questions with and without one.

Source: Platt 1999, Probabilistic Outputs for Support Vector Machines; Zadrozny and Elkan 2002, Transforming Classifier Scores
into Accurate Multiclass Probability Estimates (isotonic)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

METHODS = ("platt", "isotonic")
LEAST = 1e-4  # a score below counts as this


@dataclass(frozen=True)
class NoAnswer:
    """The chance that there is no answer, of a best score: never rises with the score.

    Attributes:
        method: "platt": the odds of an answer are e^b · score^a, a the first of ``values`` and b the second.
            "isotonic": straight lines between the points (``scores``, ``values``), flat outside.
        scores, values: see there.

    Example:
        >>> NoAnswer("platt", (), (1.0, 0.0))([1.0, 0.25, 0.0]).round(3).tolist()
        [0.5, 0.8, 1.0]
    """

    method: str
    scores: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, scores: Any) -> np.ndarray:
        """Chances in [0, 1] of scores, in their shape."""
        scores = np.asarray(scores, np.float64)
        if self.method == "isotonic":
            return np.interp(scores, self.scores, self.values)
        power, shift = self.values
        return _sigmoid(-(power * np.log(np.maximum(scores, LEAST)) + shift))

    def to_dict(self) -> dict[str, Any]:
        """What json can write, and `from_dict` reads."""
        return {"method": self.method, "scores": list(self.scores), "values": list(self.values)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> NoAnswer:
        """Read what `to_dict` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            method, scores, values = state["method"], state["scores"], state["values"]
            scores, values = (tuple(map(float, numbers)) for numbers in (scores, values))
            fits = len(values) == 2 and not scores if method == "platt" else len(values) == len(scores) > 0
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{state!r} is no calibration: expected what NoAnswer.to_dict gave") from error
        if method not in METHODS or not fits:
            raise ValueError(f"{state!r} is no calibration: expected what NoAnswer.to_dict gave")
        return cls(method, scores, values)


def fit_no_answer(
    scores: Sequence[float], answered: Iterable[bool], method: str = "platt", *, rounds: int = 100
) -> NoAnswer:
    """Learn the chance of "no answer" from held-out questions.

    Platt's form has two numbers, so a few dozen questions do; it never says 0 or 1.  The isotonic one takes any shape that
    falls, and wants a thousand.  Both hold for the share of questions without an answer that they were fitted with.

    Args:
        scores: of each question, 0 or more, such as the odds of its best passage; 0 where there is none.
        answered: whether the question has an answer in its passages (not: whether the best one is right).
        method: "platt" or "isotonic".
        rounds: of Newton's method, at most.

    Raises:
        ValueError: lists of differing lengths, a score that is negative or not finite, only one kind of question, or another
            method.

    Example:
        >>> chance = fit_no_answer([0.9, 0.8, 0.7, 0.2, 0.1, 0.3], [True, True, False, False, False, True])
        >>> bool(chance(0.9) < 0.5 < chance(0.05))
        True
    """
    scores, answered = np.asarray(scores, np.float64), np.asarray(list(answered), bool)
    if method not in METHODS:
        raise ValueError(f"method got {method!r}: expected one of {', '.join(METHODS)}")
    if scores.ndim != 1 or scores.shape != answered.shape:
        raise ValueError(
            f"got scores of shape {scores.shape} and {len(answered)} questions: expected one best score a question"
        )
    if not (np.isfinite(scores) & (scores >= 0)).all():
        raise ValueError(
            "scores hold a number that is negative or not finite: expected best scores, 0 for no candidate"
        )
    if answered.all() or not answered.any():
        raise ValueError(
            f"got {answered.sum()} questions with an answer and {(~answered).sum()} without: expected some of both. Next: "
            "add questions whose right passage is taken away"
        )
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0, y_max=1, increasing=False).fit(scores, ~answered)
        return NoAnswer(
            method, *(tuple(map(float, part)) for part in (fitted.X_thresholds_, fitted.y_thresholds_))
        )
    return NoAnswer(method, (), _platt(np.log(np.maximum(scores, LEAST)), answered, rounds))


def _platt(x: np.ndarray, answered: np.ndarray, rounds: int) -> tuple[float, float]:
    """a and b of σ(a x + b), a ≥ 0, of greatest likelihood, with Platt's targets a little inside 0 and 1."""
    yes, no = answered.sum(), (~answered).sum()
    target = np.where(answered, (yes + 1) / (yes + 2), 1 / (no + 2))
    middle, scale = x.mean(), max(float(x.std()), 1e-12)
    columns = np.stack(((x - middle) / scale, np.ones_like(x)))  # (2, N)
    weights = np.array([0.0, np.log((yes + 1) / (no + 1))])

    def loss(weights: np.ndarray) -> float:
        logits = weights @ columns
        return float((np.logaddexp(0, logits) - target * logits).sum())

    for _ in range(rounds):
        chance = _sigmoid(weights @ columns)
        slope = columns @ (chance - target)
        curve = (columns * (chance * (1 - chance))) @ columns.T + 1e-9 * np.eye(2)
        step, share = np.linalg.solve(curve, slope), 1.0
        while share > 1e-6 and loss(weights - share * step) > loss(weights):
            share /= 2
        weights = weights - share * step
        if np.abs(share * step).max() < 1e-9:
            break
    if weights[0] < 0:  # scores that say the contrary: the share of questions is all there is to say
        weights = np.array([0.0, np.log(target.mean() / (1 - target.mean()))])
    power = float(weights[0] / scale)
    return power, float(weights[1] - power * middle)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)
