"""Where a corpus is read and counted: in this process (memory, or disk where memory is short), or on a Spark cluster.

Every engine gives the same trie and the same sums over the corpus, bit for bit.
"""

from __future__ import annotations

from typing import Any

from zhnlp.mining.engines.base import Engine, Job

ENGINES = ("local", "spark")


def make_engine(name: str, job: Job, *, spark: Any = None) -> Engine:
    """The engine called ``name``.

    Args:
        name: "local" or "spark".
        job: what is counted, and how.
        spark: the session for "spark"; None takes the active one, or starts one.

    Raises:
        ValueError: the name is not known, or an option belongs to the other engine.
    """
    if name not in ENGINES:
        raise ValueError(f"engine={name!r} is not known: expected one of {', '.join(map(repr, ENGINES))}")
    if name == "local":
        if spark is not None:
            raise ValueError('a Spark session was given for the local engine: say engine="spark" too')
        from zhnlp.mining.engines.local import LocalEngine

        return LocalEngine(job)
    from zhnlp.mining.spark.engine import SparkEngine

    return SparkEngine(job, spark)


__all__ = ["ENGINES", "Engine", "Job", "make_engine"]
