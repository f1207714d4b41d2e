"""Phrases that must occur: how far a hypothesis is with them, and what it has to write next.

Source: Post & Vilar 2018, https://arxiv.org/abs/1804.06609 (dynamic beam allocation: `zhnlp.decoding.forced_beams`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhnlp.decoding.options import Phrase


@dataclass(frozen=True)
class Progress:
    """How far a text is with the phrases it must hold.

    Attributes:
        begun: tokens of each phrase that stand at the end of the text; its length once it has occurred.
        met: tokens of the phrases that have occurred, and of the one that is begun furthest.
        missing: tokens that are at most still needed.
    """

    begun: tuple[int, ...]
    met: int
    missing: int


class ForcedPhrases:
    """Follows a text token by token and knows which phrases it lacks; overlapping phrases may share tokens.

    Example:
        >>> forced = ForcedPhrases([(1, 1, 2), (5,)])
        >>> progress = forced.start
        >>> for token in (1, 1, 1, 2):  # of 1 1 1 the last two begin the phrase
        ...     progress = forced.advance(progress, token)
        >>> progress, forced.next_tokens(progress)
        (Progress(begun=(3, 0), met=3, missing=1), [5])
    """

    def __init__(self, phrases: Sequence[Phrase]):
        self.phrases = tuple(phrases)
        self._falls = [_falls(phrase) for phrase in self.phrases]
        self.start = self._progress([0] * len(self.phrases))

    def advance(self, progress: Progress, token: int) -> Progress:
        """After one more token."""
        begun = []
        for phrase, falls, length in zip(self.phrases, self._falls, progress.begun):
            if length < len(phrase):
                while length and phrase[length] != token:
                    length = falls[length - 1]
                length += phrase[length] == token
            begun.append(length)
        return self._progress(begun)

    def next_tokens(self, progress: Progress) -> list[int]:
        """Tokens that go on with a phrase, or begin one."""
        lacking = (
            phrase[length] for phrase, length in zip(self.phrases, progress.begun) if length < len(phrase)
        )
        return list(dict.fromkeys(lacking))

    def feasible_tokens(self, progress: Progress, left: int) -> list[int] | None:
        """Tokens after which ``left`` - 1 more are enough for what is missing; None where any token is."""
        lacking = [phrase for phrase, begun in zip(self.phrases, progress.begun) if begun < len(phrase)]
        if sum(map(len, lacking)) < left:
            return None
        known = dict.fromkeys(token for phrase in lacking for token in phrase)
        return [token for token in known if self.advance(progress, token).missing < left]

    def _progress(self, begun: list[int]) -> Progress:
        lengths = [len(phrase) for phrase in self.phrases]
        furthest = max((b for b, length in zip(begun, lengths) if b < length), default=0)
        met = sum(length for b, length in zip(begun, lengths) if b == length) + furthest
        return Progress(tuple(begun), met, sum(lengths) - met)


def _falls(phrase: Phrase) -> list[int]:
    """For each beginning of the phrase the length of its longest proper end that is a beginning too (Knuth, Morris, Pratt)."""
    falls, length = [0], 0
    for token in phrase[1:]:
        while length and phrase[length] != token:
            length = falls[length - 1]
        length += phrase[length] == token
        falls.append(length)
    return falls
