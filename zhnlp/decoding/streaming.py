"""A text handed on while it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zhnlp.decoding.hypotheses import Hypothesis
from zhnlp.decoding.stop import Text


class Stream:
    """Hands on tokens as they are written, or pieces of text that together are the whole text.

    A piece is held back while it may still change: half a character of bytes, blanks at the end, or what may be the
    beginning of a stop string.

    Args:
        say: called with each new token in a list, or each new piece of text.
        text: tokens → what they say; None to hand on tokens.
        stop: strings at which the text ends.

    Example:
        >>> pieces = []
        >>> stream = Stream(pieces.append, lambda tokens: "".join(map(chr, tokens)), stop=["。。"])
        >>> for end in range(1, 5):
        ...     stream.put([ord(one) for one in "好。的。"[:end]])
        >>> stream.finish(Hypothesis([], 0.0, 0.0, True, text="好。的。"))
        >>> pieces
        ['好', '。的', '。']
    """

    def __init__(self, say: Callable[[Any], Any], text: Text | None = None, stop: Sequence[str] = ()):
        self.say, self.text, self.stop = say, text, stop
        self._said: Any = [] if text is None else ""

    def put(self, tokens: list[int]) -> None:
        """Take all tokens written so far, the end token not among them."""
        if self.text is None:
            self._hand_on(tokens)
            return
        said = self.text(tokens)
        if not said.endswith("\ufffd"):
            self._hand_on(said[: len(said) - self._held(said)].rstrip(" "))

    def finish(self, hypothesis: Hypothesis) -> None:
        """Say what was held back."""
        self._hand_on(hypothesis.tokens if self.text is None else hypothesis.text)

    def _held(self, said: str) -> int:
        """Characters at the end with which a stop string may begin."""
        longest = 0
        for stop in self.stop:
            for length in range(min(len(stop) - 1, len(said)), longest, -1):
                if said.endswith(stop[:length]):
                    longest = length
                    break
        return longest

    def _hand_on(self, said: Any) -> None:
        if said[: len(self._said)] == self._said and len(said) > len(self._said):
            self.say(said[len(self._said) :])
            self._said = said
