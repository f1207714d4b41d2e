"""Names and numbers written as the source writes them: GPT-4o, not gpt - 4o.

A tokenizer may have folded case and width and set blanks between pieces; what was written is looked up in the source and cut
from it.
"""

from __future__ import annotations

import re
import unicodedata

_WRITTEN = re.compile(r"[^\W\d_]|\d", re.ASCII)  # a Latin letter or a digit
_RUN = re.compile(
    r"[!-~\uff01-\uff5e](?:[ !-~\uff01-\uff5e]*[!-~\uff01-\uff5e])?"
)  # ASCII, also full-width, and blanks


def restore_spelling(written: str, source: str) -> str:
    """``written`` with its Latin words and numbers spelt as in ``source``, where they stand there.

    A run of Latin letters, digits and signs is compared without case, width and blanks; where the whole run is not in the
    source, its parts between blanks are tried.  What the source lacks stays as it is, and so does all else.

    Example:
        >>> restore_spelling("openai发布gpt - 4o , 降价50 %", "OpenAI 今天发布 GPT-4o，价格下降50%。")
        'OpenAI发布GPT-4o， 降价50%'
    """
    index = _Index(source)
    return _RUN.sub(lambda found: _restored(found[0], index), written) if index.keys else written


def _restored(run: str, index: _Index) -> str:
    whole = index.find(run)
    if whole is not None:
        return whole
    parts = re.split(r"( +)", run)
    if len(parts) == 1:
        return run
    for length in range(len(parts) - 2, 0, -2):  # the longest stretch of neighbours first
        for begin in range(0, len(parts) - length + 1, 2):
            found = index.find("".join(parts[begin : begin + length]))
            if found is not None:
                before, after = "".join(parts[:begin]), "".join(parts[begin + length :])
                return _rest(before, index) + found + _rest(after, index)
    return run


def _rest(text: str, index: _Index) -> str:
    return _RUN.sub(lambda found: _restored(found[0], index), text)


class _Index:
    """A source without case, width and blanks, and where each character of that stood."""

    def __init__(self, source: str):
        self.source = source
        folded = [
            (key, place)
            for place, character in enumerate(source)
            if not character.isspace()
            for key in unicodedata.normalize("NFKC", character).casefold()
        ]
        self.keys = "".join(key for key, _ in folded)
        self.places = [place for _, place in folded]

    def find(self, text: str) -> str | None:
        """The text as the source has it, as whole words; None where it is not there."""
        key = "".join(unicodedata.normalize("NFKC", text).casefold().split())
        if not _WRITTEN.search(key):
            return None
        begin = self.keys.find(key)
        while begin >= 0:
            first, last = self.places[begin], self.places[begin + len(key) - 1]
            if not _inside_word(self.source, first, last):
                return self.source[first : last + 1]
            begin = self.keys.find(key, begin + 1)
        return None


def _inside_word(source: str, first: int, last: int) -> bool:
    """Whether the stretch begins or ends in the middle of a Latin word or number."""

    def joined(left: int, right: int) -> bool:
        if left < 0 or right >= len(source):
            return False
        pair = unicodedata.normalize("NFKC", source[left]) + unicodedata.normalize("NFKC", source[right])
        return len(pair) == 2 and all(map(_WRITTEN.match, pair)) and pair[0].isdigit() == pair[1].isdigit()

    return joined(first - 1, first) or joined(last, last + 1)
