"""Stop strings: a text ends where one is complete, on whatever tokens it lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zhnlp.decoding.options import DecodingOptions

Text = Callable[[list[int]], str]


@dataclass(frozen=True)
class StopStrings:
    """Looks for stop strings in what tokens say.

    Args:
        text: tokens that were written → what they say.
        strings: at which a text ends.
        keep: whether the stop string stays.
        least: tokens that a text has at least; a stop string that was complete before is none.

    Example:
        >>> letters = {1: "今天", 2: "好。", 3: "\\n明"}
        >>> stops = StopStrings(lambda tokens: "".join(letters[one] for one in tokens), ["。\\n"])
        >>> stops.find([1, 2]), stops.find([1, 2, 3])
        (None, 3)
        >>> stops.cut([1, 2, 3])  # 好。 goes too far, and what is left of it stands in the text alone
        ([1], '今天好')
    """

    text: Text
    strings: Sequence[str]
    keep: bool = False
    least: int = 0

    @classmethod
    def of(cls, options: DecodingOptions, text: Text | None) -> StopStrings | None:
        """As the options have it; None without stop strings."""
        if not options.stop:
            return None
        return cls(text, options.stop, options.keep_stop, options.min_new_tokens)

    def find(self, tokens: list[int]) -> int | None:
        """Where in the text the first stop string begins, or ends if it is kept; None if there is none."""
        if len(tokens) < self.least:
            return None
        said = self.text(tokens)
        before = len(self.text(tokens[: self.least - 1])) if self.least > 1 else 0
        found = [(said.find(one, max(0, before - len(one) + 1)), one) for one in self.strings]
        places = [(place, one) for place, one in found if place >= 0]
        if not places:
            return None
        place, one = min(places, key=lambda found: (found[0], -len(found[1])))
        return place + len(one) if self.keep else place

    def cut(self, tokens: list[int]) -> tuple[list[int], str]:
        """The tokens that do not go beyond the stop string, and the text exactly up to it."""
        end = self.find(tokens)
        said = self.text(tokens)
        if end is None:
            return tokens, said
        kept = tokens
        while kept and len(self.text(kept)) > end:
            kept = kept[:-1]
        return kept, said[:end]
