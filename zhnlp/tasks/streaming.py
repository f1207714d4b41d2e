"""Text handed on while it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class TextStreamer:
    """What ``generate`` gives token by token, as pieces of text that together are the whole text.

    A piece is held back while its characters may still change: half a character of bytes, or blanks at the end.

    Args:
        decode: ids so far to text.
        say: called with each new piece.
    """

    def __init__(self, decode: Callable[[list[int]], str], say: Callable[[str], Any]):
        self.decode, self.say = decode, say
        self._ids: list[int] = []
        self._said = ""
        self._prompt = True

    def put(self, ids: Any) -> None:
        """Take the next tokens; the first that come are the prompt."""
        if self._prompt:
            self._prompt = False
            return
        self._ids += ids.flatten().tolist()
        text = self.decode(self._ids)
        if not text.endswith("\ufffd"):
            self._hand_on(text.rstrip(" "))

    def end(self) -> None:
        """``generate`` has finished."""

    def finish(self) -> None:
        """Say what was held back."""
        self._hand_on(self.decode(self._ids))

    def _hand_on(self, text: str) -> None:
        if text.startswith(self._said) and len(text) > len(self._said):
            self.say(text[len(self._said) :])
            self._said = text
