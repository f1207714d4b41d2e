"""Is an explanation faithful: does the score fall when the characters that it calls important are taken away?

A score is a function of masks: kept (N, U) bool → (N,), U units of the text.  `unit_scores` gives one of a classifier, in
which a unit that is not kept is replaced by the baseline.

Source: Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421 (deletion, insertion); DeYoung et al. 2020,
https://arxiv.org/abs/1911.03429 (comprehensiveness, sufficiency)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from zhnlp.attribution.explainer import Explainer

Score = Callable[[np.ndarray], np.ndarray]
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # of the units, as in ERASER


class Curve(NamedTuple):
    """A score while units are taken away or put back.

    Attributes:
        shares: (N,) of the units that were treated, 0 to 1.
        values: (N,) the score there.
        area: under the curve, by trapezoids; the mean score along the way.
    """

    shares: np.ndarray
    values: np.ndarray
    area: float


def deletion_curve(score: Score, ranking: Sequence[float], *, points: int = 20) -> Curve:
    """The score while units are taken away, the highest ranked first; a small area means a faithful ranking.

    Args:
        score: of masks of kept units.
        ranking: (U,) scores of the units; ties are taken from left to right.
        points: steps of the curve at most.

    Raises:
        ValueError: there is no unit.

    Example:
        >>> curve = deletion_curve(lambda kept: kept @ np.array([1.0, 5.0]), [0.2, 0.9])
        >>> curve.values.tolist(), curve.area
        ([6.0, 1.0, 0.0], 2.0)
    """
    order, counts = _order(ranking), _counts(len(ranking), points)
    kept = np.ones((len(counts), len(order)), bool)
    for row, count in enumerate(counts):
        kept[row, order[:count]] = False
    return _curve(score, kept, counts)


def insertion_curve(score: Score, ranking: Sequence[float], *, points: int = 20) -> Curve:
    """The score while units come back into the baseline, the highest ranked first; a large area means a faithful ranking.

    Args:
        score, ranking, points: as in `deletion_curve`.

    Example:
        >>> insertion_curve(lambda kept: kept @ np.array([1.0, 5.0]), [0.2, 0.9]).values.tolist()
        [0.0, 5.0, 6.0]
    """
    order, counts = _order(ranking), _counts(len(ranking), points)
    kept = np.zeros((len(counts), len(order)), bool)
    for row, count in enumerate(counts):
        kept[row, order[:count]] = True
    return _curve(score, kept, counts)


def comprehensiveness(score: Score, ranking: Sequence[float], shares: Sequence[float] = SHARES) -> float:
    """How much the score falls without the best units, mean over ``shares`` of them; large is faithful.

    Example:
        >>> comprehensiveness(lambda kept: kept @ np.array([1.0, 5.0]), [0.2, 0.9], shares=[0.5])
        5.0
    """
    return _loss(score, ranking, shares, keep_best=False)


def sufficiency(score: Score, ranking: Sequence[float], shares: Sequence[float] = SHARES) -> float:
    """How much the score falls with nothing but the best units, mean over ``shares`` of them; small is faithful.

    Example:
        >>> sufficiency(lambda kept: kept @ np.array([1.0, 5.0]), [0.2, 0.9], shares=[0.5])
        1.0
    """
    return _loss(score, ranking, shares, keep_best=True)


def measure_faithfulness(
    explainer: Explainer,
    texts: Iterable[Any],
    *,
    ruler: Explainer | None = None,
    seed: int = 0,
    orders: int = 5,
    points: int = 20,
) -> dict[str, float]:
    """Means over texts of the four measures, each beside that of random orders: "deletion", "random_deletion" …

    Args:
        explainer: ranks the tokens.
        ruler: an explainer of the same classifier whose baseline takes tokens away and whose output is measured; None for
            ``explainer``. Its output should be "probability", so that areas of texts can be averaged (0 to 1).
        texts: to explain, each for the class that the classifier chooses.
        seed: of the random orders.
        orders: random orders of each text.
        points: of the curves.

    Raises:
        ValueError: there is no text.
    """
    measures = {
        "deletion": lambda score, ranking: deletion_curve(score, ranking, points=points).area,
        "insertion": lambda score, ranking: insertion_curve(score, ranking, points=points).area,
        "comprehensiveness": comprehensiveness,
        "sufficiency": sufficiency,
    }
    generator = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    for text in texts:
        score, ranking = unit_scores(explainer, text, ruler=ruler)
        drawn = [generator.random(len(ranking)) for _ in range(orders)]
        row = {name: measure(score, ranking) for name, measure in measures.items()}
        for name, measure in measures.items():
            row[f"random_{name}"] = float(np.mean([measure(score, one) for one in drawn]))
        rows.append(row)
    if not rows:
        raise ValueError("measure_faithfulness got no text: expected one or more")
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def unit_scores(
    explainer: Explainer, text: Any, target: Any = None, *, ruler: Explainer | None = None
) -> tuple[Score, np.ndarray]:
    """The score of masks over the tokens of a text, a template left in place, and the explainer's scores of these tokens.

    Args:
        explainer, ruler: as in `measure_faithfulness`.
        target: a label; None for the one that the classifier chooses.
    """
    found, ruler = explainer.explain(text, target), ruler or explainer
    prepared, number = ruler.prepare(text), ruler.network.class_number(found["target"])
    literals = len(prepared.reading.units) - prepared.reading.spans

    def score(kept: np.ndarray) -> np.ndarray:
        whole = np.hstack([kept, np.ones((len(kept), literals), bool)])
        return ruler.kept(prepared, number, whole)

    return score, np.array([token["score"] for token in found["tokens"]])


def _order(ranking: Sequence[float]) -> np.ndarray:
    if len(ranking) == 0:
        raise ValueError("a ranking of no unit has no curve: expected one score or more")
    return np.argsort(-np.asarray(ranking, float), kind="stable")


def _counts(units: int, points: int) -> np.ndarray:
    """How many units are treated at each point, 0 and all included."""
    return np.unique(np.linspace(0, units, min(units, points) + 1).round().astype(int))


def _curve(score: Score, kept: np.ndarray, counts: np.ndarray) -> Curve:
    values = np.asarray(score(kept), float)
    shares = counts / kept.shape[1]
    area = float(((values[1:] + values[:-1]) / 2 * np.diff(shares)).sum())
    return Curve(shares, values, area)


def _loss(score: Score, ranking: Sequence[float], shares: Sequence[float], *, keep_best: bool) -> float:
    order = _order(ranking)
    best = np.zeros((len(shares), len(order)), bool)
    for row, share in enumerate(shares):
        best[row, order[: int(np.ceil(share * len(order)))]] = True
    kept = np.vstack([np.ones(len(order), bool), best if keep_best else ~best])
    values = np.asarray(score(kept), float)
    return float(values[0] - values[1:].mean())
