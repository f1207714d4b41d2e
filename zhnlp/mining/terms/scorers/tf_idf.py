"""Domain TF-IDF with dispersion: frequent here, rare elsewhere, and spread over many documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class TfIdf(Scorer):
    """ln(1 + d) · ln(O / (o + 1)), d the documents with the candidate: boilerplate that one document repeats sinks.

    The inverse frequency is that of the reference, in symbols, since inside a domain its own terms are everywhere; the
    document count stands for the term frequency.  0 or more.

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> scores = TfIdf().score(toy_statistics(count=[9, 9], document_count=[9, 1], reference_count=[0, 0]))
        >>> bool(scores[0] > scores[1])
        True
    """

    name: ClassVar[str] = "tf_idf"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        rarity = np.log(max(statistics.reference_total, 1) / (statistics.reference_count + 1.0))
        return np.log1p(statistics.document_count) * np.maximum(rarity, 0.0)
