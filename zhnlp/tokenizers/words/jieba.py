"""jieba's words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from zhnlp.tokenizers.words.base import Span, WordTokenizer


class JiebaWords(WordTokenizer):
    """Words by jieba: the path of the greatest probability in its dictionary, a hidden Markov model for the rest.

    Args:
        dictionary: a dictionary file of jieba's form; None for its own.
        hmm: find words that the dictionary lacks.
        user_words: words that jieba is to know.

    Raises:
        FileNotFoundError: no such dictionary.
        ModuleNotFoundError: jieba is not installed.

    Example:
        >>> JiebaWords().words("我们在 北京大学学习")
        ['我们', '在', '北京大学', '学习']
    """

    def __init__(
        self, dictionary: str | Path | None = None, *, hmm: bool = True, user_words: Iterable[str] = ()
    ):
        import jieba

        if dictionary is not None and not Path(dictionary).is_file():
            raise FileNotFoundError(f"no dictionary {dictionary}: expected a file of lines 'word count tag'")
        self.hmm = hmm
        self._jieba = _initialised(None if dictionary is None else str(Path(dictionary).resolve()))
        if user_words := list(user_words):
            shared, self._jieba = self._jieba, jieba.Tokenizer()
            self._jieba.FREQ, self._jieba.total = dict(shared.FREQ), shared.total
            self._jieba.initialized = True
            for word in user_words:
                self._jieba.add_word(word)

    @property
    def frequencies(self) -> dict[str, int]:
        """How often each word of the dictionary occurs, above 0."""
        return {word: count for word, count in self._jieba.FREQ.items() if count > 0}

    def cut(self, text: str) -> Iterable[Span]:
        return ((start, end) for _, start, end in self._jieba.tokenize(text, HMM=self.hmm))


@lru_cache(maxsize=2)
def _initialised(dictionary: str | None) -> Any:
    """jieba with a dictionary, read once (a second) and silently; nobody adds words to it."""
    import jieba

    quiet = logging.getLogger("jieba")
    level = quiet.level
    quiet.setLevel(logging.WARNING)
    try:
        tokenizer = jieba.Tokenizer(dictionary)
        tokenizer.initialize()
    finally:
        quiet.setLevel(level)
    return tokenizer
