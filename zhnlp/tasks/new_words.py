"""pipeline("new-words"): raw Chinese text in, a ranked table of words out."""

from __future__ import annotations

from typing import Any

from zhnlp.mining.discoverer import WordDiscoverer
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.table import WordTable
from zhnlp.tasks.base import Pipeline
from zhnlp.tasks.sources import choose_source


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
            texts: an iterable of texts, a Path or list of Paths, names of files that are there, a Corpus, a
                datasets.Dataset, a str (one text).
            paths: files, folders or patterns by name, instead of ``texts``.
            **reading: options of `Corpus.of`, such as ``text_field`` or ``unit``.
        """
        source, reading = choose_source(self.task, texts, paths, self.discoverer.engine, **reading)
        return self.discoverer.fit(source, **reading).freeze()

    def to_segmenter(self) -> Segmenter:
        """A segmenter learnt from the corpus that was mined last."""
        return self.discoverer.to_segmenter()
