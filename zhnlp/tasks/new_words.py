"""pipeline("new-words"): raw Chinese text in, a ranked table of words out."""

from __future__ import annotations

import os
import warnings
from typing import Any

from zhnlp.mining.discoverer import WordDiscoverer
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.table import WordTable
from zhnlp.tasks.base import Pipeline
from zhnlp.text import Corpus


class NewWords(Pipeline):
    """Find words in raw text: n-gram cohesion, boundary freedom and minimum-entropy gain.

    Takes the options of `zhnlp.WordDiscoverer`; the most used are:

    Args:
        method: "ngram" (default), "min-entropy", "boundary-entropy", "pmi-cut" or "lm".
        max_length: longest candidate, in symbols (1-12); a Latin or digit run such as GPT-4o is one symbol.
        min_count: occurrences below which a candidate is never scored (1 or more).
        reference: what counts as known: "jieba", a dictionary file, words, or None; ``new_only=True`` drops it.
        memory: ceiling such as "2GB", above which counting runs out of core in ``workdir``.

    Call it on a list of texts, an iterator, a `Corpus`, a pathlib.Path (file or folder), or ``paths="corpus/*.txt"``.
    Returns a `WordTable`: a list of dicts sorted by score, with ``.table`` (Arrow), ``.save(path)`` and
    ``.report(path)``.  ``pipe.discoverer`` keeps what was learnt: ``entropy_report()``, ``to_segmenter()``.

    Example:
        >>> from zhnlp import pipeline
        >>> words = pipeline("new-words", min_count=2)(["深度学习很好"] * 3 + ["深度学习真好"] * 3)
        >>> words[0]["word"], words[0]["count"]
        ('深度学习', 6)

    Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/6920
    """

    task = "new-words"

    def __init__(self, **options: Any):
        self.discoverer = WordDiscoverer(**options)

    def __call__(self, texts: Any = None, *, paths: Any = None, **reading: Any) -> WordTable:
        """Mine one corpus.

        Args:
            texts: a str (one text), an iterable of texts, a Path or list of Paths, a Corpus, a datasets.Dataset.
            paths: files, folders or patterns by name, instead of ``texts``.
            **reading: options of `Corpus.of`, such as ``text_field`` or ``unit``.
        """
        if (texts is None) == (paths is None):
            raise TypeError("new-words got both or neither of texts and paths: expected one of them")
        if paths is not None:
            source = Corpus.from_paths(paths, **reading)
        else:
            _warn_if_name(texts)
            source = Corpus.of(texts, **reading)
        return self.discoverer.fit(source).freeze()

    def to_segmenter(self) -> Segmenter:
        """A segmenter learnt from the corpus that was mined last."""
        return self.discoverer.to_segmenter()


def _warn_if_name(texts: Any) -> None:
    """Warn when what was given as text is the name of a file, which is a common slip."""
    first = texts[0] if isinstance(texts, (list, tuple)) and texts else texts
    if isinstance(first, str) and len(first) < 256 and os.path.exists(first):  # noqa: PTH110 - Path may raise
        warnings.warn(
            f"{first!r} was taken as a text, but there is a file of that name. Next: pass paths=… or a pathlib.Path",
            stacklevel=3,
        )
