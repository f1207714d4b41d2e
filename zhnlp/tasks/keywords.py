"""pipeline("keywords"): what a text is about, in a few terms."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zhnlp.mining.terms.keywords.extractor import Keyword, KeywordExtractor
from zhnlp.mining.terms.keywords.statistics import make_extractor, save_collection
from zhnlp.tasks.base import Pipeline


class Keywords(Pipeline):
    """Find the keywords of a text: terms of one to five words, ranked, each with its place.

    No label, model or download is needed: candidates are weighed by how often, how early and how free they stand in the
    text, by how their words hold together, and by how rare they are elsewhere.

    Args:
        statistics: what is known of other texts: None for what ships; a table of ``pipeline("domain-terms")``, its rows
            or a file of it, whose terms are preferred; paths of a corpus to learn document frequencies from; or a file
            that `save` wrote.
        top: keywords of a text at most (1 or more).
        model: another name for ``statistics``, as ``pipeline(task, model)`` has it.

    One text gives a list of ``{"term", "score", "start", "end", "count"}``, best first: ``text[start:end]`` is the term
    where it first occurs, ``count`` how often it occurs, ``score`` (0 to 1) on abstracts about the chance that authors
    name it.  A part of a better term is left out unless it occurs by itself.  ``fit(texts)`` learns, without labels,
    what is common in your collection.

    Raises:
        ValueError: ``top`` is below 1, or a table is damaged or empty.
        FileNotFoundError: there is no such file.

    Example:
        >>> from zhnlp import pipeline
        >>> text = "避雷器限制过电压。避雷器的接地电阻要小，接地电阻每年测量。"
        >>> found = pipeline("keywords", top=2)(text)
        >>> [(row["term"], row["start"], row["end"], row["count"]) for row in found]
        [('避雷器', 0, 3, 2), ('接地电阻', 13, 17, 2)]

    Source: 苏剑林, https://kexue.fm/archives/6540 (terms against a reference); Witten et al. 1999 (KEA)
    """

    task = "keywords"

    def __init__(self, statistics: Any = None, *, top: int = 5, model: str | Path | None = None):
        if statistics is not None and model is not None:
            raise TypeError("keywords got both statistics and model: expected one, they are the same thing")
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise ValueError(f"top={top!r} is not possible: expected 1 or more keywords")
        self.top = top
        self.extractor: KeywordExtractor = make_extractor(model if statistics is None else statistics)

    def run(self, text: str) -> list[Keyword]:
        """The keywords of one text."""
        return self.extractor.extract(text, self.top)

    def fit(self, texts: Iterable[str]) -> Keywords:
        """Learn how common words and phrases are in a collection (a list, an iterator, a `Corpus`); returns the pipeline."""
        self.extractor.fit(texts)
        return self

    def evaluate(self, texts: Iterable[str], gold: Iterable[Iterable[str]]) -> dict[str, Any]:
        """Precision, recall and F1 of the first ``top`` keywords against those that authors gave."""
        from zhnlp.metrics.keywords import evaluate_keywords

        return evaluate_keywords((self.run(text) for text in texts), gold, k=self.top)

    def save(self, path: str | Path) -> Path:
        """Write what `fit` learnt as JSON lines; ``statistics=path`` reads it back."""
        return save_collection(self.extractor.background, path)
