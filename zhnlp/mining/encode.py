"""An encoded corpus: its 16-bit symbols, where its documents begin, and the sums that are made over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.alphabet import MAX_SYMBOLS, RUN_MODES, Alphabet
from zhnlp.mining.encoder import MAX_RUN, Encoder

if TYPE_CHECKING:
    from zhnlp.mining.progress import Progress

__all__ = ["MAX_RUN", "PADDING", "RUN_MODES", "Encoder", "SymbolStore", "Symbols", "encode_texts"]

PADDING = 16  # separators before and after the symbols, so that the kernel never tests a bound


@dataclass(eq=False)
class Symbols:
    """An encoded corpus: padded symbols, where each document begins among them, and the alphabet.

    ``array`` is (M,) uint16 with `PADDING` separators at both ends; ``starts`` is (D,) int64 and counts from the
    first symbol behind the padding.
    """

    array: np.ndarray
    starts: np.ndarray
    alphabet: Alphabet

    @property
    def total(self) -> int:
        """T: the number of symbols that are not separators."""
        return self.alphabet.total

    @property
    def size(self) -> int:
        """Symbols and separators, for progress."""
        return self.array.size

    @property
    def documents(self) -> int:
        """How many documents there are; of plain text, blank lines are counted."""
        return self.starts.size

    def sum_over(
        self,
        function: Callable[..., tuple],
        *arguments: Any,
        threads: int = 1,
        progress: Progress | None = None,
        least: tuple[int, ...] = (),
    ) -> tuple:
        """``function(symbols, *arguments, threads=…, progress=…)`` over all the corpus, wherever it lies.

        A corpus that lies in parts gives each of them to ``function`` and adds up the results, which must not depend
        on how documents are grouped.  So whatever reads the symbols of a corpus should be such a function.

        Args:
            function: of a module, not inside another function; returns a tuple of int64 arrays, ints and `SparseCounts`.
            *arguments: plain values, arrays and named tuples of them.
            least: places in that tuple of arrays of document numbers, -1 for none: the least counts, not the sum.
        """
        return function(self, *arguments, threads=threads, progress=progress)

    def release(self, begin: int, end: int) -> None:
        """Say that ``array[begin:end]`` is not needed for now; symbols that lie on disk then give their memory back."""

    @property
    def span(self) -> tuple[int, int]:
        """Where the padded array begins and ends to hold text."""
        return PADDING, self.array.size - PADDING


class SymbolStore:
    """Collects encoded blocks in memory and freezes them into `Symbols`."""

    def __init__(self, runs: str = "symbol"):
        self.encoder = Encoder(runs)
        self._chunks: list[np.ndarray] = []
        self._starts: list[np.ndarray] = []
        self._written = 0

    def add(self, text: str, ends: np.ndarray) -> None:
        """Encode and keep one block of documents."""
        symbols, starts = self.encoder.add(text, ends)
        self._starts.append(starts + self._written)
        self._written += symbols.size
        narrow = self.encoder.counts.size <= MAX_SYMBOLS
        self._chunks.append(symbols.astype(np.uint16 if narrow else np.uint32))

    def freeze(self, keep: bool = False) -> Symbols:
        """The symbols so far; unless ``keep``, the store is emptied chunk by chunk to save memory."""
        alphabet, renumber = self.encoder.alphabet()
        array = np.zeros(self._written + 2 * PADDING, np.uint16)
        at = PADDING
        for i, chunk in enumerate(self._chunks):
            array[at : at + chunk.size] = renumber[chunk]
            at += chunk.size
            if not keep:
                self._chunks[i] = np.empty(0, np.uint16)
        starts = np.concatenate(self._starts) if self._starts else np.zeros(0, np.int64)
        return Symbols(array, starts, alphabet)


def encode_texts(texts: Iterable[str], runs: str = "symbol") -> Symbols:
    """Encode a few texts held in memory, a document each.

    Example:
        >>> encode_texts(["5G基站，5G基站"]).array[PADDING:-PADDING].tolist()
        [2, 3, 4, 0, 2, 3, 4, 0]
    """
    store = SymbolStore(runs)
    for text in texts:
        store.add(text, np.array([len(text)]))
    return store.freeze()
