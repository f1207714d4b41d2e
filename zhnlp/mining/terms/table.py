"""The ranked table of domain terms."""

from __future__ import annotations

from typing import ClassVar, TypedDict

from zhnlp.mining.contexts import Example
from zhnlp.mining.table import RankedTable

COLUMNS = {  # of the terms: key -> kind of its values
    "term": "text",
    "count": "whole",
    "reference_count": "whole",
    "document_count": "whole",
    "score": "real",
    "ratio": "real",
    "log_likelihood": "real",
    "weirdness": "real",
    "c_value": "real",
    "tf_idf": "real",
    "similarity": "real",
    "cluster": "whole",
    "depth": "whole",
    "nested": "texts",
    "variants": "texts",
    "known": "flag",
    "x": "real",
    "y": "real",
    "example": "example",
}


class TermRow(TypedDict):
    """A domain term; the scores are those of `zhnlp.mining.terms.scorers`, entropies and logarithms in nats.

    ``document_count`` is of documents in which the term stands as a phrase, both ends at borders of words.
    ``similarity`` (cosine), ``cluster``, ``depth`` and the place on the map are None without word vectors; ``known``
    says whether the general dictionary lists the term; ``nested`` are terms of the table inside it, ``variants``
    other spellings that occur (case, width, traditional characters).
    """

    term: str
    count: int
    reference_count: int
    document_count: int
    score: float
    ratio: float
    log_likelihood: float
    weirdness: float
    c_value: float
    tf_idf: float
    similarity: float | None
    cluster: int | None
    depth: int | None
    nested: list[str]
    variants: list[str]
    known: bool
    x: float | None
    y: float | None
    example: Example | None


class TermTable(RankedTable):
    """Rows of terms (see `TermRow`) sorted by falling score, ties by falling count, then by term.

    Example:
        >>> table = TermTable([{"term": "主变压器", "count": 3, "score": 1.5, "nested": ["变压器"]}])
        >>> table.terms, table.table.num_rows
        (['主变压器'], 1)
    """

    columns: ClassVar = COLUMNS
    report_kind: ClassVar = "terms"

    @property
    def terms(self) -> list[str]:
        """The terms, best first."""
        return self.words
