"""Our own ranked terms: the table of `DomainTermMiner`, and the ranking of each of its columns alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCORERS = ("ratio", "log_likelihood", "weirdness", "c_value", "tf_idf")


def mine_terms(domain: Path, reference: Path, **options: Any) -> list[dict]:
    """Rows of the miner at its defaults but for ``options``, best first."""
    from zhnlp.mining.terms import DomainTermMiner

    return list(DomainTermMiner(reference=reference, progress=False, **options).fit(domain).freeze())


def by_column(rows: list[dict], column: str) -> list[str]:
    """The terms by one column, highest first; those without a value last."""

    def key(row: dict) -> tuple[bool, float, str]:
        return row[column] is None, -(row[column] or 0.0), row["term"]

    return [row["term"] for row in sorted(rows, key=key)]
