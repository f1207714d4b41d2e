"""The encoded documents on the cluster, and sums over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.encode import PADDING, Symbols
from zhnlp.mining.progress import Progress
from zhnlp.mining.spark.arrow import array_of, batches_of, groups_of, rows_of
from zhnlp.mining.spark.dataset import Dataset
from zhnlp.mining.spark.histograms import merged
from zhnlp.mining.spark.symbolise import symbols_of
from zhnlp.mining.sparse_counts import SparseCounts

if TYPE_CHECKING:
    import pyarrow

PARTIAL = {"group": "int", "place": "int", "size": "bigint", "indices": "binary", "values": "binary"}
_MOST_SYMBOLS = 1 << 26  # that a function is given at a time
_SCALAR = -1  # size of a result that is no array; that of `SparseCounts` is -2 less their length

Numbers = dict[tuple[int, str, int], int]


class Work(NamedTuple):
    """A function over the corpus."""

    function: Callable[..., tuple]
    arguments: tuple
    least: tuple[int, ...]
    numbers: Numbers  # piece → number of its first document
    groups: int


def run_function(batches: Iterable[pyarrow.RecordBatch], work: Work) -> Iterator[pyarrow.RecordBatch]:
    """Map: encoded rows to rows `PARTIAL`: what the function makes of the partition, without zeros."""

    def rows():
        found: list[np.ndarray] | None = None
        scalars: set[int] = set()
        for chunk in _chunks(batches):
            results = _run(chunk, work)
            scalars = {place for place, value in enumerate(results) if isinstance(value, (int, np.integer))}
            results = [
                value if isinstance(value, SparseCounts) else np.atleast_1d(np.asarray(value, np.int64))
                for value in results
            ]
            if found is None:
                found = results
            else:
                for place, value in enumerate(results):
                    found[place] = (
                        _least(found[place], value) if place in work.least else found[place] + value
                    )
        for place, values in enumerate(found or ()):
            if isinstance(values, SparseCounts):
                length = values.length
                size, indices, values = -2 - length, values.keys, values.counts
            else:
                length = values.size
                size = _SCALAR if place in scalars else length
                indices = np.flatnonzero(values != (-1 if place in work.least else 0))
                values = values[indices]
            per_group = -(-max(length, 1) // work.groups)
            bounds = np.searchsorted(indices, np.arange(work.groups + 1) * per_group)
            if indices.size == 0:  # the size must be told
                yield place * work.groups, place, size, b"", b""
            for group in range(work.groups):
                own = slice(bounds[group], bounds[group + 1])
                if indices[own].size:
                    yield (
                        place * work.groups + group,
                        place,
                        size,
                        indices[own].astype(np.uint32),
                        values[own],
                    )

    yield from batches_of(PARTIAL, rows())


def sum_results(
    batches: Iterable[pyarrow.RecordBatch], least: tuple[int, ...]
) -> Iterator[pyarrow.RecordBatch]:
    """Reduce: rows `PARTIAL`, sorted by group, to fewer of them."""

    def rows():
        for group, same in groups_of(batches, "group"):
            same = list(same)
            indices = np.concatenate([array_of(row["indices"], np.uint32) for row in same])
            values = np.concatenate([array_of(row["values"], np.int64) for row in same])
            place = same[0]["place"]
            if place in least:
                order = np.lexsort((values, indices))
                indices, values = indices[order], values[order]
                first = np.append(True, indices[1:] != indices[:-1])[: indices.size]
                indices, values = indices[first], values[first]
            else:
                indices, values = merged(indices, values)
            yield group, place, same[0]["size"], indices, values

    yield from batches_of(PARTIAL, rows())


def _chunks(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[list[dict]]:
    waiting, size = [], 0
    for row in rows_of(batches):
        if row["spans"]:
            waiting.append(row)
            size += len(row["symbols"]) // 2
        if size >= _MOST_SYMBOLS:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def _run(rows: list[dict], work: Work) -> list[Any]:
    """The results for some rows, documents numbered as in the whole corpus."""
    first = [work.numbers[row["part"], row["path"], row["start"]] + row["span"] for row in rows]
    order = np.argsort(first)  # so that the least number here is that of the least one there
    rows = [rows[i] for i in order]
    results = list(work.function(symbols_of(rows, None), *work.arguments, threads=1, progress=None))
    if work.least:
        spans = zip(order.tolist(), rows)
        numbers = np.concatenate([first[i] + np.arange(row["spans"]) for i, row in spans])
        for place in work.least:
            found = results[place]
            results[place] = np.where(found >= 0, numbers[found], -1)
    return results


def _least(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where(one < 0, other, np.where(other < 0, one, np.minimum(one, other)))


class ClusterSymbols(Symbols):
    """An encoded corpus that lies on a cluster: no ``array`` here, but `sum_over` all the same.

    Args:
        encoded: rows `zhnlp.mining.spark.symbolise.ENCODED`.
        alphabet: of the corpus.
        numbers: the first document of each piece.
        size: symbols and separators of all documents.
        documents: how many.
        groups: parts that results are cut into to be added up.
    """

    def __init__(
        self, encoded: Dataset, alphabet: Alphabet, numbers: Numbers, size: int, documents: int, groups: int
    ):
        self.encoded, self.alphabet, self.numbers = encoded, alphabet, numbers
        self._size, self._documents, self._groups = size, documents, groups

    @property
    def size(self) -> int:
        """Symbols and separators, padded, for progress."""
        return self._size + 2 * PADDING

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self._documents

    @property
    def array(self) -> np.ndarray:
        """Not here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "the symbols of this corpus lie on a cluster, and what was asked for reads them on one machine. "
            "Next: write it as a function for symbols.sum_over, or count with the local engine (memory=, workdir=)"
        )

    starts = array

    def sum_over(
        self,
        function: Callable[..., tuple],
        *arguments: Any,
        threads: int = 1,
        progress: Progress | None = None,
        least: tuple[int, ...] = (),
    ) -> tuple:
        """See `Symbols.sum_over`; the function sees ``array`` and ``starts``, no alphabet."""
        work = Work(function, arguments, least, self.numbers, self._groups)
        partial = self.encoded.map(run_function, work, schema=PARTIAL)
        summed = partial.shuffle("group").map(sum_results, least, schema=PARTIAL)
        results: dict[int, Any] = {}
        scalars = set()
        for row in summed.rows():
            place, size = row["place"], row["size"]
            indices, values = array_of(row["indices"], np.uint32), array_of(row["values"], np.int64)
            if size < _SCALAR:
                part = SparseCounts(-2 - size, indices.astype(np.int64), values)
                results[place] = results[place] + part if place in results else part
                continue
            if place not in results:
                results[place] = np.full(max(size, 1), -1 if place in least else 0, np.int64)
                scalars |= {place} if size == _SCALAR else set()
            results[place][indices] = values
        if not results:  # not a document: what the function makes of nothing
            empty = Symbols(np.zeros(2 * PADDING, np.uint16), np.zeros(0, np.int64), self.alphabet)
            return function(empty, *arguments, threads=1, progress=None)
        if progress is not None:
            progress.advance(self.size)
        return tuple(int(value[0]) if place in scalars else value for place, value in sorted(results.items()))
