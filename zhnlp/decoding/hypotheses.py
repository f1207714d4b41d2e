"""A text that was written, and the best few of a row."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass


@dataclass
class Hypothesis:
    """A text that was written.

    Attributes:
        tokens: without the prefix, the end token and, unless it is kept, a stop string.
        score: what results are sorted by: the sum of log p over length to the length penalty, the end included in both,
            less the coverage penalty; with beams log p is as repetition penalty and processors left it.
        log_probability: of the tokens and the end by the model itself, in nats.
        ended: whether the end token or a stop string was written; otherwise there was no room for more.
        text: of the tokens, where `generate` was given ``text``.
        length: tokens that were written, the end and what a stop string cut off among them.
    """

    tokens: list[int]
    score: float
    log_probability: float
    ended: bool
    text: str | None = None
    length: int = 0


class NBest:
    """The best hypotheses of a row, at most ``size``; of two with the same score the earlier stands first.

    Example:
        >>> best = NBest(2)
        >>> for score in (-3.0, -1.0, -2.0):
        ...     best.add(Hypothesis([], score, score, True))
        >>> [one.score for one in best], best.worst, best.full
        ([-1.0, -2.0], -2.0, True)
    """

    def __init__(self, size: int):
        self.size = size
        self._kept: list[Hypothesis] = []

    def __iter__(self):
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def full(self) -> bool:
        return len(self._kept) >= self.size

    @property
    def worst(self) -> float:
        """The least score that is kept."""
        return self._kept[-1].score

    def takes(self, score: float) -> bool:
        """Whether a hypothesis with this score would be kept."""
        return not self.full or score > self.worst

    def add(self, hypothesis: Hypothesis) -> None:
        """Keep it, if it is good enough."""
        insort(self._kept, hypothesis, key=lambda one: -one.score)
        del self._kept[self.size :]
