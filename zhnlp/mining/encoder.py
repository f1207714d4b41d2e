"""From text to symbols, streaming: blocks of text in, provisional identities out, and the alphabet at the end.

Provisional identities go by first appearance, so one pass is enough; `Encoder.alphabet` then orders them by
count and says how to renumber them, so that the symbols do not depend on the order of documents.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, MAX_SYMBOLS, RUN_MODES, SEPARATOR, UNKNOWN, Alphabet
from zhnlp.mining.jit import compiled
from zhnlp.mining.runs import ATOM, DIGIT, INNER, LETTER, character_classes, mark_joins, piece_end, run_end
from zhnlp.text.width import width_table

MAX_RUN = 64  # characters; a longer run (base64, a hash) is the unknown symbol


class _Tables(NamedTuple):
    """The growing tables of an encoder, as one argument for compiled code."""

    single: np.ndarray  # (0x110000,) int32: identity of a code point, 0 if unseen
    slots: np.ndarray  # (2^h,) int32: open addressing over runs, -1 if free
    run_end: np.ndarray  # (R + 1,) int64: run r is run_points[run_end[r]:run_end[r + 1]]
    run_identity: np.ndarray  # (R,) int32
    run_points: np.ndarray  # (P,) uint32
    owner: np.ndarray  # (I,) int32: the code point of an identity, or -1 - run
    counts: np.ndarray  # (I,) int64
    used: np.ndarray  # (4,) int64: identities, runs, run points, previous identity


@compiled
def _hash(points, start, end):
    value = np.uint64(14695981039346656037)
    for i in range(start, end):
        value = (value ^ np.uint64(points[i])) * np.uint64(1099511628211)
        value ^= value >> np.uint64(29)
    return value


@compiled
def _find_run(tables, length):
    """Slot of the run that lies unregistered behind the last one in ``run_points``, or of a free slot."""
    first = tables.used[2]
    mask = np.int64(tables.slots.size - 1)
    slot = np.int64(_hash(tables.run_points, first, first + length) & np.uint64(mask))
    while tables.slots[slot] >= 0:
        run = tables.slots[slot]
        other = tables.run_end[run]
        same = tables.run_end[run + 1] - other == length
        j = 0
        while same and j < length:
            same = tables.run_points[other + j] == tables.run_points[first + j]
            j += 1
        if same:
            break
        slot = (slot + 1) & mask
    return slot


@compiled
def _insert_runs(tables):
    """Enter every run anew after ``slots`` has grown."""
    mask = np.int64(tables.slots.size - 1)
    for run in range(tables.used[1]):
        slot = np.int64(
            _hash(tables.run_points, tables.run_end[run], tables.run_end[run + 1]) & np.uint64(mask)
        )
        while tables.slots[slot] >= 0:
            slot = (slot + 1) & mask
        tables.slots[slot] = run


@compiled
def _encode_block(points, begin, ends, document, token, drop, classes, fold, tables, out, starts, written):
    """Encode ``points[begin:]`` behind ``out[:written]``; stops early where a table must grow first.

    ``starts[k]`` becomes where document k begins in ``out``.  Returns (next point, written, document).
    """
    size = points.size
    used = tables.used
    identities, previous = used[0], used[3]
    i = begin
    while i < size:
        while document < ends.size and i >= ends[document]:  # document ends before point i
            if previous != 0:
                out[written] = 0
                written += 1
                previous = 0
            document += 1
            if document < ends.size:
                starts[document] = written
        kind = classes[points[i]]
        if token and kind >= INNER and mark_joins(points, i, classes):
            kind = ATOM
        if kind == ATOM:
            point = fold[points[i]]
            identity = tables.single[point]
            if identity == 0:
                if identities >= tables.owner.size:
                    break
                identity = identities
                tables.single[point] = identity
                tables.owner[identity] = point
                identities += 1
            i += 1
        elif LETTER <= kind <= DIGIT and not drop:
            end = piece_end(points, i, classes) if token else run_end(points, i, classes)
            length = end - i
            runs, filled = used[1], used[2]
            full = identities >= tables.owner.size or runs + 1 >= tables.run_identity.size
            if full or filled + MAX_RUN > tables.run_points.size or 2 * runs + 2 > tables.slots.size:
                break
            slot = 0
            if length <= MAX_RUN:
                for j in range(length):
                    tables.run_points[filled + j] = fold[points[i + j]]
                slot = _find_run(tables, length)
            if length > MAX_RUN:
                identity = 1
            elif tables.slots[slot] >= 0:
                identity = tables.run_identity[tables.slots[slot]]
            else:
                identity = identities
                tables.slots[slot] = runs
                tables.run_identity[runs] = identity
                tables.run_end[runs + 1] = filled + length
                tables.owner[identity] = -1 - runs
                used[1], used[2] = runs + 1, filled + length
                identities += 1
            i = end
        else:
            if previous != 0:
                out[written] = 0
                written += 1
                previous = 0
            i += 1
            continue
        out[written] = identity
        written += 1
        previous = identity
        tables.counts[identity] += 1
    used[0], used[3] = identities, previous
    return i, written, document


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """``array``, or a copy at least twice as large when it holds fewer than ``size`` entries."""
    if size <= array.size:
        return array
    larger = np.zeros(max(size, 2 * array.size), array.dtype)
    larger[: array.size] = array
    return larger


class Encoder:
    """Turn blocks of text into provisional identities, learning the alphabet on the way.

    Args:
        runs: "symbol" makes one symbol of a whole run of Latin letters, digits and inner marks (GPT-4o, 2.4GHz,
            C++); "token" one of each part of it that is all letters or all digits, and of each mark between them; "drop"
            treats runs as separators.

    Raises:
        ValueError: ``runs`` is not one of the three.
    """

    def __init__(self, runs: str = "symbol"):
        if runs not in RUN_MODES:
            raise ValueError(f"runs={runs!r} is not known: expected one of {', '.join(map(repr, RUN_MODES))}")
        self.runs = runs
        self._tables = _Tables(
            single=np.zeros(0x110000, np.int32),
            slots=np.full(1 << 12, -1, np.int32),
            run_end=np.zeros(1 << 11, np.int64),
            run_identity=np.zeros(1 << 11, np.int32),
            run_points=np.zeros(1 << 14, np.uint32),
            owner=np.zeros(1 << 14, np.int32),
            counts=np.zeros(1 << 14, np.int64),
            used=np.array([FIRST_SYMBOL, 0, 0, SEPARATOR]),
        )

    def add(self, text: str, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encode documents that stand one behind the other in ``text`` and end at ``ends`` (exclusive, rising).

        Returns the provisional identities, (M,) int32, and where each document begins among them, (D,) int64.
        """
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ends = np.ascontiguousarray(ends, np.int64)
        out = np.empty(points.size + 1, np.int32)
        starts = np.zeros(ends.size, np.int64)
        modes = self.runs == "token", self.runs == "drop"
        i = written = document = 0
        while True:
            i, written, document = _encode_block(
                points,
                i,
                ends,
                document,
                *modes,
                character_classes(),
                width_table(),
                self._tables,
                out,
                starts,
                written,
            )
            if i >= points.size:
                break
            self._grow()
        if self._tables.used[3] != SEPARATOR:  # the last document of the block ends here
            out[written] = SEPARATOR
            written += 1
            self._tables.used[3] = SEPARATOR
        starts[document + 1 :] = written
        return out[:written], starts

    def _grow(self) -> None:
        old = self._tables
        identities, runs, filled, _ = old.used.tolist()
        slots = old.slots
        if 2 * runs + 2 > slots.size:
            slots = np.full(4 * slots.size, -1, np.int32)
        self._tables = old._replace(
            slots=slots,
            run_end=_with_room(old.run_end, runs + 2),
            run_identity=_with_room(old.run_identity, runs + 2),
            run_points=_with_room(old.run_points, filled + MAX_RUN),
            owner=_with_room(old.owner, identities + 1),
            counts=_with_room(old.counts, identities + 1),
        )
        if slots is not old.slots:
            _insert_runs(self._tables)

    @property
    def counts(self) -> np.ndarray:
        """How often each provisional identity has occurred, (I,) int64."""
        return self._tables.counts[: int(self._tables.used[0])]

    @property
    def nbytes(self) -> int:
        """Memory of the tables, in bytes; it grows with the number of distinct runs."""
        return sum(table.nbytes for table in self._tables)

    def state(self) -> dict[str, np.ndarray]:
        """All the encoder knows between two blocks, to be kept and given to `restore` later."""
        return self._tables._asdict()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a `state` of an encoder with the same ``runs``."""
        self._tables = _Tables(**state)

    def texts(self, identities: np.ndarray | None = None) -> list[str]:
        """What provisional identities stand for (default: all); 0 stands for a separator, 1 for the unknown."""
        tables = self._tables
        owner = tables.owner[: int(tables.used[0])]
        owner = owner if identities is None else owner[identities]
        runs = -1 - owner[owner < 0].astype(np.int64)
        begins, ends = tables.run_end[runs], tables.run_end[runs + 1]
        joined = "".join(
            [
                tables.run_points[a:b].tobytes().decode("utf-32-le")
                for a, b in zip(begins.tolist(), ends.tolist())
            ]
        )
        ends = np.cumsum(ends - begins).tolist()
        pieces = map(joined.__getitem__, map(slice, [0, *ends], ends))
        texts = [chr(point) if point >= 0 else next(pieces) for point in owner.tolist()]
        if identities is None:
            texts[:FIRST_SYMBOL] = [" ", "�"]
        return texts

    def alphabet(self) -> tuple[Alphabet, np.ndarray]:
        """The alphabet so far, and the final symbol of each provisional identity, (I,) uint16."""
        counts = self.counts
        distinct, room = counts.size - FIRST_SYMBOL, MAX_SYMBOLS - FIRST_SYMBOL
        order = np.arange(FIRST_SYMBOL, counts.size)
        if distinct > room:  # no text is made of the symbols that are too rare to be kept
            order = order[counts[order] >= np.partition(counts[order], distinct - room)[distinct - room]]
        texts = self.texts(order)
        by_text = np.array(sorted(range(len(texts)), key=texts.__getitem__), np.int64)
        by_count = by_text[np.argsort(-counts[order[by_text]], kind="stable")][:room]
        kept = order[by_count]
        renumber = np.full(counts.size, UNKNOWN, np.uint16)
        renumber[SEPARATOR] = SEPARATOR
        renumber[kept] = np.arange(FIRST_SYMBOL, FIRST_SYMBOL + kept.size, dtype=np.uint16)
        final_counts = np.bincount(renumber, weights=counts, minlength=FIRST_SYMBOL).astype(np.int64)
        final_texts = [" ", "�"] + [texts[i] for i in by_count.tolist()]
        return Alphabet(final_texts, final_counts, self.runs, dropped=distinct - kept.size), renumber
