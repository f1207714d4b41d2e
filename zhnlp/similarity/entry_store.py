"""Questions, answers and ids of an index as JSON lines with offsets: in memory as bytes, on disk as a file that is not read."""

from __future__ import annotations

import json
from array import array
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.text.files import atomic_file


class EntryStore:
    """Rows with an id, a question and an answer; rows of one id are a group, whose answer is kept once.

    Example:
        >>> store = EntryStore()
        >>> store.append("refund", "怎么退款", "在订单页申请。")
        >>> store.append("refund", "如何退钱", None)
        >>> store[1]
        {'id': 'refund', 'question': '如何退钱', 'answer': '在订单页申请。'}
        >>> store.firsts.tolist()
        [0, 0]
    """

    def __init__(self):
        self._saved: np.ndarray = np.empty(0, np.uint8)
        self._saved_ends: np.ndarray = np.empty(0, np.int64)
        self._saved_firsts: np.ndarray = np.empty(0, np.int64)
        self._lines, self._ends, self._firsts = bytearray(), array("q"), array("q")
        self._grouped: bool | None = None
        self._rows: dict[Hashable, int] | None = {}  # id -> first row; None until it is needed

    def __len__(self) -> int:
        return len(self._saved_ends) + len(self._ends)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """id, question and answer of a row."""
        entry = self._read(row)
        first = int(self._first(row))
        answer = entry.get("answer") if first == row else self._read(first).get("answer")
        return {"id": entry["id"], "question": entry["question"], "answer": answer}

    @property
    def firsts(self) -> np.ndarray:
        """(N,) of int64: the first row of the group of each."""
        if not len(self._firsts):
            return self._saved_firsts
        return np.concatenate([self._saved_firsts, np.array(self._firsts, np.int64)])

    def firsts_of(self, rows: np.ndarray) -> np.ndarray:
        """`firsts` of some rows alone."""
        saved = len(self._saved_firsts)
        if not len(self._firsts):
            return np.asarray(self._saved_firsts[rows])
        found = np.frombuffer(self._firsts, np.int64)[np.maximum(rows - saved, 0)]
        if saved:
            found = np.where(rows < saved, self._saved_firsts[np.minimum(rows, saved - 1)], found)
        return found

    @property
    def grouped(self) -> bool:
        """Whether any row shares its id with another."""
        if self._grouped is None:
            self._grouped = bool((self._saved_firsts != np.arange(len(self._saved_firsts))).any())
        return self._grouped

    @property
    def nbytes(self) -> int:
        """Bytes of all lines, on disk or in memory."""
        return len(self._saved) + len(self._lines)

    def row_of(self, id: Hashable) -> int | None:
        """The first row of an id, removed or not; None where there is none."""
        if self._rows is None:
            firsts = self.firsts
            self._rows = {
                self._read(row)["id"]: row for row in np.flatnonzero(firsts == np.arange(len(firsts)))
            }
        return self._rows.get(id)

    def forget(self, id: Hashable) -> None:
        """Give an id free for another group; its rows stay."""
        self.row_of(id)
        self._rows.pop(id, None)

    def append(self, id: Hashable, question: str, answer: str | None) -> None:
        """Take a row; ``answer`` counts in the first row of an id alone."""
        row = len(self)
        first = self.row_of(id)
        entry = {"id": id, "question": question}
        if first is None:
            first = self._rows[id] = row
            entry["answer"] = answer
        elif not self.grouped:
            self._grouped = True
        self._lines += json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        self._ends.append(len(self._saved) + len(self._lines))
        self._firsts.append(first)

    def truncate(self, count: int) -> None:
        """Forget all but the first ``count`` rows; those that were loaded stay."""
        kept = max(count - len(self._saved_ends), 0)
        del self._ends[kept:], self._firsts[kept:]
        del self._lines[(self._ends[-1] - len(self._saved) if kept else 0) :]
        if self._rows is not None:
            self._rows = {id: row for id, row in self._rows.items() if row < count}

    def save(self, lines: Path, ends: Path, firsts: Path, keep: np.ndarray) -> None:
        """Write the rows where ``keep`` (N,) is True, always whole groups: a JSONL file, and where each line ends."""
        new = np.cumsum(keep) - 1  # row -> row among the kept ones
        with atomic_file(firsts) as temporary, temporary.open("wb") as file:
            np.save(file, new[self.firsts[keep]])
        sizes = np.diff(self._all_ends(), prepend=0)
        with atomic_file(ends) as temporary, temporary.open("wb") as file:
            np.save(file, np.cumsum(sizes[keep]))
        with atomic_file(lines) as temporary, temporary.open("wb") as file:
            if keep.all():
                for begin in range(0, len(self._saved), 1 << 24):
                    file.write(self._saved[begin : begin + (1 << 24)].tobytes())
                file.write(self._lines)
            else:
                file.writelines(self._line(row) for row in np.flatnonzero(keep))

    @classmethod
    def load(cls, lines: Path, ends: Path, firsts: Path) -> EntryStore:
        """What `save` wrote, memory-mapped.  Raises ValueError where the files do not belong together."""
        store = cls()
        store._saved_ends = np.load(ends, mmap_mode="r", allow_pickle=False)
        store._saved_firsts = np.load(firsts, mmap_mode="r", allow_pickle=False)
        size = lines.stat().st_size
        if len(store._saved_ends):
            store._saved = np.memmap(lines, np.uint8, "r")
        last = int(store._saved_ends[-1]) if len(store._saved_ends) else 0
        if size != last or len(store._saved_ends) != len(store._saved_firsts):
            raise ValueError(
                f"{lines} has {size:,} bytes, {ends.name} speaks of {last:,}: expected the files of one save. Next: build the index again"
            )
        store._rows = None
        return store

    def _first(self, row: int) -> int:
        saved = len(self._saved_firsts)
        return self._saved_firsts[row] if row < saved else self._firsts[row - saved]

    def _all_ends(self) -> np.ndarray:
        return np.concatenate([self._saved_ends, np.array(self._ends, np.int64)])

    def _line(self, row: int) -> bytes:
        saved = len(self._saved_ends)
        if row < saved:
            begin = int(self._saved_ends[row - 1]) if row else 0
            return self._saved[begin : int(self._saved_ends[row])].tobytes()
        begin = self._ends[row - saved - 1] if row > saved else len(self._saved)
        return bytes(self._lines[begin - len(self._saved) : self._ends[row - saved] - len(self._saved)])

    def _read(self, row: int) -> dict[str, Any]:
        return json.loads(self._line(int(row)).decode("utf-8", "surrogatepass"))
