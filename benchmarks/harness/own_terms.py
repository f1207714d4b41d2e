"""Our own ranked terms: the table of `DomainTermMiner`, and the ranking of each scorer alone over the same candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhnlp.mining.terms.miner import DomainTermMiner
from zhnlp.mining.terms.scorers import SCORERS

SINGLE = tuple(name for name in SCORERS if name != "log_odds")


def mine_terms(domain: Path, reference: Path | None, **options: Any) -> tuple[DomainTermMiner, list[dict]]:
    """A miner at its defaults but for ``options``, and its rows, best first."""
    miner = DomainTermMiner(reference=reference, progress=False, **options)
    return miner, list(miner.fit(domain).freeze())
