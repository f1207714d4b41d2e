"""Datasets on Spark: record batches through ``mapInArrow``, which spills, retries and is what clusters run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zhnlp.mining.spark.dataset import Dataset, Function

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_BATCH = "spark.sql.execution.arrow.maxRecordsPerBatch"
_LARGE_ROWS = 64  # rows that hold arrays of megabytes are handed to Python a few at a time


class Frame(Dataset):
    """A Spark DataFrame.

    Args:
        frame: the rows.
        partitions: that a shuffle makes.
        large: whether rows hold arrays.
        handles: broadcast arguments of the functions that make the rows.
    """

    def __init__(self, frame: DataFrame, partitions: int, large: bool = False, handles: tuple = ()):
        self.frame, self.partitions, self.large, self.handles = frame, partitions, large, handles
        self._kept = False

    def _with(self, frame: DataFrame, *handles: Any) -> Frame:
        return Frame(frame, self.partitions, self.large, (() if self._kept else self.handles) + handles)

    def map(self, function: Function, *arguments: Any, schema: dict[str, str]) -> Frame:
        """Lazily; the arguments are broadcast."""
        handle = self.frame.sparkSession.sparkContext.broadcast(arguments) if arguments else None
        names = ", ".join(f"`{name}` {kind}" for name, kind in schema.items())
        frame = self.frame.mapInArrow(_call(function, handle), names)
        return self._with(frame, *(() if handle is None else (handle,)))

    def shuffle(self, key: str) -> Frame:
        """By the hash of ``key``, each partition sorted."""
        return self._with(self.frame.repartition(self.partitions, key).sortWithinPartitions(key))

    def union(self, others: list[Frame]) -> Frame:
        """Columns have the same order in all."""
        frame = self.frame
        for other in others:
            frame = frame.union(other.frame)
        return self._with(frame, *(handle for other in others for handle in other.handles))

    def keep(self) -> Frame:
        """In memory, and on disk where it is short; made anew when a machine is lost."""
        from pyspark import StorageLevel

        with _few_rows(self.frame.sparkSession, self.large):
            kept = self._with(self.frame.persist(StorageLevel.MEMORY_AND_DISK))
        kept.large = kept._kept = True
        return kept

    def drop(self) -> None:
        """Free the memory and the disk of `keep`."""
        self.frame.unpersist()
        self._forget()

    def _forget(self) -> None:
        for handle in self.handles:
            handle.unpersist()  # comes back if a task that is made anew needs it

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """Whole rows of what was kept come a partition at a time, so that the driver need not hold all.

        What was not kept can be asked for once: its broadcast arguments are freed.
        """
        frame = self.frame.select(*columns) if columns else self.frame
        with _few_rows(frame.sparkSession, self.large):
            rows = frame.toLocalIterator(True) if self._kept and not columns else frame.collect()
        if not self._kept:
            self._forget()
        for row in rows:
            yield row.asDict()


def _call(function: Function, handle: Any) -> Callable:
    def run(batches):
        return function(batches, *(handle.value if handle is not None else ()))

    return run


@contextmanager
def _few_rows(session: SparkSession, large: bool) -> Iterator[None]:
    """Small batches while a plan is made; the setting is read then."""
    if not large:
        yield
        return
    before = session.conf.get(_BATCH)
    session.conf.set(_BATCH, _LARGE_ROWS)
    try:
        yield
    finally:
        session.conf.set(_BATCH, before)
