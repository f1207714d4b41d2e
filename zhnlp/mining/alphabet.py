"""From text to 16-bit symbols and back: the alphabet of a corpus.

A symbol is one Han character (or kana, or any other letter of a script without blanks), or one whole run of
Latin letters and digits such as ``GPT-4o``.  Everything else separates: 0 stands for any run of separators,
document ends included.  1 stands for the rarest symbols of an alphabet that outgrows 16 bits; it never enters
a word.  Identities from 2 upwards go by falling count, ties by text, so they do not depend on document order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

SEPARATOR = 0
UNKNOWN = 1
FIRST_SYMBOL = 2
MAX_SYMBOLS = 1 << 16
RUN_MODES = ("symbol", "token", "drop")


@dataclass(eq=False)
class Alphabet:
    """The frozen symbols of a corpus: ``texts[i]`` is what symbol ``i`` stands for, ``counts[i]`` how often.

    Example:
        >>> from zhnlp.mining.encode import encode_texts
        >>> alphabet = encode_texts(["用GPT-4o写", "写"]).alphabet
        >>> alphabet.texts[2:], alphabet.counts[2:].tolist()
        (['写', 'GPT-4o', '用'], [2, 1, 1])
    """

    texts: list[str]
    counts: np.ndarray  # (K,) int64; separators are not counted
    runs: str = "symbol"
    dropped: int = 0  # distinct symbols that were folded into UNKNOWN
    index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.index = {text: i for i, text in enumerate(self.texts) if i >= FIRST_SYMBOL}

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Characters in each symbol, (K,) int64; 0 for the separator."""
        lengths = np.fromiter(map(len, self.texts), np.int64, len(self.texts))
        lengths[SEPARATOR] = 0
        return lengths

    @cached_property
    def is_number(self) -> np.ndarray:
        """Whether a symbol is a run of digits and marks only, (K,) bool."""
        numbers = (len(t) > 0 and t[0].isdigit() and t.upper() == t.lower() for t in self.texts)
        return np.fromiter(numbers, bool, len(self.texts))

    @property
    def total(self) -> int:
        """T: the number of symbols of the corpus that are not separators."""
        return int(self.counts[UNKNOWN:].sum())

    def decode(self, symbols: np.ndarray) -> str:
        """The text of a sequence of symbols."""
        return "".join([self.texts[i] for i in symbols])
