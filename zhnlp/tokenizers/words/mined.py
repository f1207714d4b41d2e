"""Words of a mined lexicon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zhnlp.tokenizers.words.base import Span, WordTokenizer


class MinedWords(WordTokenizer):
    """Words by a lexicon that was mined from your own text: what ``pipeline("new-words")`` found.

    Args:
        segmenter: whatever has ``segment(text)`` → ``[{"start", "end"}, …]``: a `zhnlp.mining.segmenter.Segmenter`,
            ``pipeline("new-words")(…).to_segmenter()``, or a word-segmentation pipeline's ``.segmenter``.

    Raises:
        TypeError: ``segmenter`` has no ``segment``.

    Example:
        >>> from zhnlp.mining.segmenter import Segmenter
        >>> MinedWords(Segmenter.from_counts({"变压器": 9, "检修": 5})).spans("变压器 检修")
        [(0, 3), (4, 6)]
    """

    def __init__(self, segmenter: Any):
        if not callable(getattr(segmenter, "segment", None)):
            raise TypeError(
                f"segmenter got {type(segmenter).__name__}: expected something with segment(text). "
                "Next: zhnlp.mining.segmenter.Segmenter.load(file)"
            )
        self.segmenter = segmenter

    def cut(self, text: str) -> Iterable[Span]:
        return ((word["start"], word["end"]) for word in self.segmenter.segment(text))
