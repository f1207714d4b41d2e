"""Offset maps: where each character of a changed text lies in the user's own string."""

from dataclasses import dataclass

import numpy as np


class OffsetMap:
    """Maps spans of a changed text to spans of its source; offsets are in code points, ends exclusive.

    Character ``i`` of the text comes from ``source[starts[i]:ends[i]]``; both arrays never decrease.
    Characters that were made together (a composed letter, a ligature taken apart) share one source span.

    Args:
        starts: (N,) source start of each character.
        ends: (N,) source end of each character, at least its start.
        source_length: length of the source.

    Raises:
        ValueError: the arrays differ in length, decrease or leave the source.

    Example:
        >>> offsets = OffsetMap.from_lengths([1, 2, 1], [1, 1, 3])   # a, b+mark -> 1, ligature -> 3
        >>> offsets.to_source(1, 2), offsets.to_source(2, 4), offsets.from_source(1, 3)
        ((1, 3), (3, 4), (1, 2))
    """

    __slots__ = ("ends", "source_length", "starts")

    def __init__(self, starts: np.ndarray, ends: np.ndarray, source_length: int):
        self.starts = np.asarray(starts, np.int64)
        self.ends = np.asarray(ends, np.int64)
        self.source_length = int(source_length)
        if self.starts.shape != self.ends.shape or self.starts.ndim != 1:
            raise ValueError(
                f"starts of shape {self.starts.shape} and ends of shape {self.ends.shape}, expected two equal (N,)"
            )
        if len(self.starts):
            inside = self.starts[0] >= 0 and self.ends[-1] <= self.source_length
            ordered = (np.diff(self.starts) >= 0).all() and (np.diff(self.ends) >= 0).all()
            if not (inside and ordered and (self.starts <= self.ends).all()):
                raise ValueError(
                    f"offsets must not decrease and must lie in 0..{self.source_length}; "
                    f"got starts {self.starts[:5].tolist()}..., ends {self.ends[:5].tolist()}..."
                )

    @classmethod
    def identity(cls, length: int) -> "OffsetMap":
        """The map of an unchanged text of ``length`` characters."""
        positions = np.arange(length + 1, dtype=np.int64)
        return cls(positions[:-1], positions[1:], length)

    @classmethod
    def from_lengths(cls, source_lengths: np.ndarray, text_lengths: np.ndarray) -> "OffsetMap":
        """The map of a text made piece by piece: piece k took ``source_lengths[k]`` and gave ``text_lengths[k]`` characters."""
        borders = np.concatenate(([0], np.cumsum(np.asarray(source_lengths, np.int64))))
        return cls(
            np.repeat(borders[:-1], text_lengths), np.repeat(borders[1:], text_lengths), int(borders[-1])
        )

    def __len__(self) -> int:
        return len(self.starts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OffsetMap):
            return NotImplemented
        return (
            self.source_length == other.source_length
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.ends, other.ends)
        )

    __hash__ = None

    def __repr__(self) -> str:
        return f"OffsetMap({len(self)} characters from {self.source_length})"

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """The source span that ``text[start:end]`` was made from; an empty span gives an empty span.

        Raises:
            IndexError: not ``0 <= start <= end <= len(self)``.
        """
        self._check(start, end, len(self), "text")
        if start < end:
            return int(self.starts[start]), int(self.ends[end - 1])
        if start < len(self):
            return int(self.starts[start]), int(self.starts[start])
        return self.source_length, self.source_length

    def from_source(self, start: int, end: int) -> tuple[int, int]:
        """The smallest text span that holds every character made from ``source[start:end]``.

        Raises:
            IndexError: not ``0 <= start <= end <= source_length``.
        """
        self._check(start, end, self.source_length, "source")
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left"))
        return first, max(first, last) if start < end else first

    def then(self, later: "OffsetMap") -> "OffsetMap":
        """The map of a second change made on this map's text, straight to this map's source.

        Raises:
            ValueError: ``later`` was made on a text of another length.
        """
        if later.source_length != len(self):
            raise ValueError(
                f"cannot compose: the first map gives {len(self)} characters, the second starts from "
                f"{later.source_length}; were they made on the same text, in this order?"
            )
        # Empty spans point at a place, so one entry more than there are characters.
        starts = np.append(self.starts, self.source_length)
        ends = np.where(later.ends > later.starts, np.append(0, self.ends)[later.ends], starts[later.starts])
        return OffsetMap(starts[later.starts], ends, self.source_length)

    @staticmethod
    def _check(start: int, end: int, length: int, what: str) -> None:
        if not 0 <= start <= end <= length:
            raise IndexError(
                f"span {start}:{end} is not inside the {what} of {length} characters (0 <= start <= end)"
            )


@dataclass(frozen=True)
class Normalised:
    """A changed text together with the map back to its source.

    Example:
        >>> from zhnlp.text import normalise
        >>> result = normalise("价格：㍿１２")
        >>> result.text, result.offsets.to_source(3, 7)
        ('价格:株式会社12', (3, 4))
    """

    text: str
    offsets: OffsetMap

    def __post_init__(self) -> None:
        if len(self.text) != len(self.offsets):
            raise ValueError(
                f"a text of {len(self.text)} characters with a map of {len(self.offsets)}, expected equal lengths"
            )
