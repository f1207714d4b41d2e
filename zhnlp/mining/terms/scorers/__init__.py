"""Scorers of domain terms, one a file: statistics in, one number a candidate out."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer, checked_scores
from zhnlp.mining.terms.scorers.c_value import CValue
from zhnlp.mining.terms.scorers.log_likelihood import LogLikelihood
from zhnlp.mining.terms.scorers.log_odds import LogOdds
from zhnlp.mining.terms.scorers.ratio import Ratio
from zhnlp.mining.terms.scorers.tf_idf import TfIdf
from zhnlp.mining.terms.scorers.weirdness import Weirdness
from zhnlp.mining.terms.statistics import TermStatistics

SCORERS: dict[str, type[Scorer]] = {
    scorer.name: scorer for scorer in (LogOdds, Ratio, LogLikelihood, Weirdness, CValue, TfIdf)
}


def make_scorer(scorer: str | Scorer) -> Scorer:
    """The scorer of that name, or ``scorer`` itself.

    Raises:
        ValueError: the name is not known.

    Example:
        >>> make_scorer("c-value").name
        'c_value'
    """
    if isinstance(scorer, Scorer) or (hasattr(scorer, "name") and callable(getattr(scorer, "score", None))):
        return scorer
    name = str(scorer).replace("-", "_")
    if name not in SCORERS:
        near = difflib.get_close_matches(name, SCORERS, n=1, cutoff=0)
        order = near + [other for other in SCORERS if other not in near]
        raise ValueError(f"scorer={scorer!r} is not known: expected one of {', '.join(map(repr, order))}")
    return SCORERS[name]()


def toy_statistics(**columns: Any) -> TermStatistics:
    """Statistics with the given columns; every other one is 1, totals are 1,000 (for examples and tests).

    Example:
        >>> len(toy_statistics(count=[8, 4]))
        2
    """
    size = max((len(column) for column in columns.values() if np.ndim(column)), default=1)
    given = {}
    for field in dataclasses.fields(TermStatistics):
        value = columns.pop(field.name, None)
        if field.name in ("total", "reference_total"):
            given[field.name] = 1000 if value is None else value
        else:
            given[field.name] = np.ones(size, np.int64) if value is None else np.asarray(value)
    if columns:
        raise TypeError(f"there is no statistic called {next(iter(columns))!r}")
    return TermStatistics(**given)


__all__ = ["SCORERS", "LogOdds", "Scorer", "checked_scores", "make_scorer", "toy_statistics"]
