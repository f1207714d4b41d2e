"""The one way in which model tasks make batches: by length, within a budget of tokens, in the caller's order.

Texts are taken in windows.  Within a window they are sorted by length and cut into batches of nearly equal lengths, so that
almost nothing is padding; results go back in the order of the input.  Windows begin small, so that a stream gives its
first results soon, and never grow beyond a bound, so that an endless stream needs bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zhnlp.models.batching import batches_by_length

FIRST_WINDOW = 32  # texts
LAST_WINDOW = 4096  # texts
WINDOW_CHARACTERS = 4_000_000  # of texts that wait together

T = TypeVar("T")


@dataclass
class Row:
    """One text as a model reads it.

    Attributes:
        ids: of its tokens.
        source: what the task needs to know of it again.
        cut: whether tokens were left out.
        positions: of the network that it takes, against the token budget; None for one a token.
    """

    ids: list[int]
    source: Any = None
    cut: bool = False
    positions: int | None = None


@dataclass
class BatchReport:
    """What went through a pipeline since it was made: counts, and how much of the work was padding."""

    texts: int = 0
    empty: int = 0
    cut: int = 0
    batches: int = 0
    tokens: int = 0
    padding: int = field(default=0)

    @property
    def waste(self) -> float:
        """Share of padding in all positions that were computed, 0 to 1."""
        return self.padding / max(1, self.tokens + self.padding)


def windows(
    items: Iterable[T], *, first: int = FIRST_WINDOW, last: int = LAST_WINDOW, size: Callable[[T], int] = len
) -> Iterator[list[T]]:
    """Cut a stream into lists of ``first`` items, then twice as many each time up to ``last``.

    A window also ends when its items together reach `WINDOW_CHARACTERS` by ``size``.

    Example:
        >>> [len(window) for window in windows(["电"] * 20, first=2, last=8)]
        [2, 4, 8, 6]
    """
    window: list[T] = []
    most, total = min(first, last), 0
    for item in items:
        window.append(item)
        total += size(item)
        if len(window) >= most or total >= WINDOW_CHARACTERS:
            yield window
            window, total, most = [], 0, min(2 * most, last)
    if window:
        yield window


def run_in_batches(
    items: Iterable[Any],
    encode: Callable[[list[Any]], list[Row]],
    run: Callable[[list[Row]], Sequence[Any]],
    *,
    empty: Callable[[Row], Any],
    report: BatchReport,
    token_budget: int,
    batch_size: int | None = None,
    first: int = FIRST_WINDOW,
) -> Iterator[Any]:
    """The results of a stream of items, in its order.

    Args:
        encode: rows of a window of items.
        run: results of a batch of rows, in the order of the batch.
        empty: the result of a row without tokens, which no model sees.
        report: is counted up.
        token_budget, batch_size: as in `batches_by_length`.
        first: items of the first window.
    """
    for window in windows(items, first=first, size=_size):
        rows = encode(window)
        results: list[Any] = [None] * len(rows)
        report.texts += len(rows)
        report.cut += sum(row.cut for row in rows)
        full = [number for number, row in enumerate(rows) if row.ids]
        for number, row in enumerate(rows):
            if not row.ids:
                results[number] = empty(row)
                report.empty += 1
        full.sort(key=lambda number: -len(rows[number].ids))
        lengths = [len(rows[number].ids) for number in full]
        sizes = [rows[number].positions or length for number, length in zip(full, lengths)]
        for batch in batches_by_length(sizes, token_budget=token_budget, batch_size=batch_size):
            own = [full[number] for number in batch]
            real = sum(lengths[number] for number in batch)
            report.batches += 1
            report.tokens += real
            report.padding += len(batch) * max(lengths[number] for number in batch) - real
            for number, result in zip(own, run([rows[number] for number in own]), strict=True):
                results[number] = result
        yield from results


def _size(item: Any) -> int:
    return (
        len(item)
        if isinstance(item, str)
        else sum(map(_size, item))
        if isinstance(item, (list, tuple))
        else 1
    )
