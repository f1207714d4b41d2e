"""Rows of fixed length cut from token files, in an order that a seed and a number fix: any row can be made again.

Sources are mixed by weight, each read through in its own shuffled order, again and again with other cuts. Row i is the
same whoever asks and whenever, so a training resumes at row i, and workers need no state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from torch.utils.data import Dataset

from zhnlp.training.pretraining.tokens import TokenFile

_PERIOD = 1000  # rows after which the mix of sources repeats


class PackedBlocks(Dataset):
    """``size`` rows of ``length`` tokens from one or more token files.

    Args:
        files: token files of one tokenizer.
        length: tokens a row, ``frame`` included.
        size: rows in all.
        weights: the share of each file, any positive numbers; None for their sizes.
        frame: ids put before and behind each row, e.g. ([CLS], [SEP]), or () for none.
        seed: of order and cuts.

    An item is ``{"number": i, "ids": (length,) int64, "starts": (length,) bool}``.

    Raises:
        ValueError: a file is shorter than a row, or weights do not fit.
    """

    def __init__(
        self,
        files: Sequence[TokenFile],
        *,
        length: int,
        size: int,
        weights: Sequence[float] | None = None,
        frame: Sequence[int] = (),
        seed: int = 0,
    ):
        self.files, self.length, self.size, self.seed = list(files), length, size, seed
        self.frame = tuple(frame)
        self.inside = length - len(self.frame)
        share = np.array([len(file) for file in files] if weights is None else weights, float)
        if len(share) != len(self.files) or not (share > 0).all():
            raise ValueError(
                f"weights got {weights}: expected {len(self.files)} positive numbers, one a file"
            )
        for file in self.files:
            if len(file) < self.inside:
                raise ValueError(
                    f"{file.folder} has {len(file):,} tokens: expected at least a row of {self.inside}. "
                    "Next: more text, or a smaller length"
                )
        self._period(share / share.sum())

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, number: int) -> dict:
        if not 0 <= number < self.size:
            raise IndexError(f"row {number}: expected 0 to {self.size - 1}")
        source, turn = self._source(number)
        rows = len(self.files[source]) // self.inside
        epoch, place = divmod(turn, rows - 1 if rows > 1 else 1)
        order, shift = self._order(source, epoch)
        begin = int(order[place]) * self.inside + shift
        file = self.files[source]
        ids = np.asarray(file.ids[begin : begin + self.inside], np.int64)
        starts = (
            np.ones(len(ids), bool)
            if file.starts is None
            else np.asarray(file.starts[begin : begin + self.inside])
        )
        if self.frame:
            first, last = self.frame
            ids = np.concatenate(([first], ids, [last]))
            starts = np.concatenate(([True], starts, [True]))
        return {"number": number, "ids": ids, "starts": starts}

    def _period(self, share: np.ndarray) -> None:
        """Which file each of 1,000 rows comes from, again and again, and which of the file's rows it is."""
        bounds = np.round(np.cumsum(share) * _PERIOD).astype(int)
        self._counts = np.diff(bounds, prepend=0)
        if not (self._counts > 0).all():
            raise ValueError(
                f"a share is below 1 in {_PERIOD:,} rows: {share.tolist()}. Next: raise its weight"
            )
        self._sources = np.random.default_rng(self.seed).permutation(
            np.repeat(np.arange(len(share)), self._counts)
        )
        self._turns = np.zeros(_PERIOD, np.int64)
        for source, count in enumerate(self._counts):
            self._turns[self._sources == source] = np.arange(count)

    def _source(self, number: int) -> tuple[int, int]:
        """Which file row ``number`` comes from, and how many rows that file has given before."""
        period, place = divmod(number, _PERIOD)
        source = int(self._sources[place])
        return source, period * int(self._counts[source]) + int(self._turns[place])

    @lru_cache(maxsize=8)  # noqa: B019
    def _order(self, source: int, epoch: int) -> tuple[np.ndarray, int]:
        rows = len(self.files[source]) // self.inside
        rng = np.random.default_rng([self.seed, source, epoch])
        shift = int(rng.integers(self.inside)) if rows > 1 else 0
        return rng.permutation(max(1, rows - 1)), shift
