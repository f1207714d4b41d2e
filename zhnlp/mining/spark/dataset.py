"""What the engine asks of a cluster: map over partitions, shuffle by a key, keep, collect.

`Partitions` does it in this process; the tests run on it, and it shows all that another cluster would have to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from zhnlp.mining.spark.arrow import rows_of

if TYPE_CHECKING:
    import pyarrow

Function = Callable[..., Iterator["pyarrow.RecordBatch"]]


class Dataset:
    """Record batches in partitions."""

    def map(self, function: Function, *arguments: Any, schema: dict[str, str]) -> Dataset:
        """``function(batches, *arguments)`` on each partition."""
        raise NotImplementedError

    def shuffle(self, key: str) -> Dataset:
        """All rows with the same ``key`` (an int) in one partition, rows of a partition sorted by it."""
        raise NotImplementedError

    def union(self, others: list[Dataset]) -> Dataset:
        """The partitions of this and of ``others``."""
        raise NotImplementedError

    def keep(self) -> Dataset:
        """The same, made once and kept until `drop`."""
        raise NotImplementedError

    def drop(self) -> None:
        """Give back what was kept."""

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """The rows, or some columns of them, here."""
        raise NotImplementedError


class Partitions(Dataset):
    """Partitions in memory."""

    def __init__(self, partitions: Iterable[Iterable[pyarrow.RecordBatch]], shuffled: int = 3):
        self.partitions = [list(batches) for batches in partitions]
        self.shuffled = shuffled

    def map(self, function: Function, *arguments: Any, schema: dict[str, str]) -> Partitions:
        """At once."""
        done = [list(function(iter(batches), *arguments)) for batches in self.partitions]
        for batch in (batch for batches in done for batch in batches):
            if batch.schema.names != list(schema):
                raise TypeError(
                    f"{function.__name__} gave columns {batch.schema.names}, expected {list(schema)}"
                )
        return Partitions(done, self.shuffled)

    def shuffle(self, key: str) -> Partitions:
        """By a plain sort."""
        import pyarrow

        batches = [batch for partition in self.partitions for batch in partition]
        if not batches:
            return Partitions([[]], self.shuffled)
        table = pyarrow.Table.from_batches(batches)
        parts = []
        for part in range(self.shuffled):
            mine = [value % self.shuffled == part for value in table.column(key).to_pylist()]
            parts.append(table.filter(pyarrow.array(mine)).sort_by(key).to_batches(max_chunksize=2))
        return Partitions(parts, self.shuffled)

    def union(self, others: list[Partitions]) -> Partitions:
        """One list of partitions."""
        return Partitions(
            [*self.partitions, *(part for other in others for part in other.partitions)], self.shuffled
        )

    def keep(self) -> Partitions:
        """They are."""
        return self

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """In the order of the partitions."""
        for row in rows_of(batch for partition in self.partitions for batch in partition):
            yield {name: row[name] for name in columns} if columns else row
