"""pipeline("word-segmentation"): cut text into words by a lexicon, mined or given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from zhnlp.mining.segmenter import Segmenter
from zhnlp.tasks.base import Pipeline


class Word(TypedDict):
    """A word of a text: ``text[start:end] == word``."""

    word: str
    start: int
    end: int


class WordSegmentation(Pipeline):
    """Segment text by the unigram model of a lexicon: the cut with the least total information (Viterbi).

    Args:
        lexicon: a file (.dict, .txt, .csv, .jsonl, .parquet), words, {word: count}, the table of
            ``pipeline("new-words")``, that pipeline itself after it has mined (best: its words are then weighed by
            how they segment the corpus), a `Segmenter`, or None for jieba's dictionary.
        user_words: words, or {word: weight}, that are to win over their parts.
        runs: what becomes of Latin and digit runs, "symbol", "token" or "drop", as the lexicon was mined.
        model: another name for ``lexicon``, as ``pipeline(task, model)`` has it.

    One text gives a list of ``{"word", "start", "end"}`` with offsets into your own string; blanks are left out.

    Raises:
        ValueError: the lexicon is empty or cannot be read.

    Example:
        >>> from zhnlp import pipeline
        >>> cut = pipeline("word-segmentation", lexicon={"变压器": 9, "检修": 5, "变": 1})
        >>> [word["word"] for word in cut("变压器，检修 5G")]
        ['变压器', '，', '检修', '5G']

    Source: 苏剑林, https://kexue.fm/archives/5476
    """

    task = "word-segmentation"

    def __init__(
        self,
        lexicon: Any = None,
        *,
        user_words: Iterable[str] | Mapping[str, float | None] | None = None,
        runs: str = "symbol",
        model: str | Path | None = None,
    ):
        if lexicon is not None and model is not None:
            raise TypeError(
                "word-segmentation got both lexicon and model: expected one, they are the same thing"
            )
        self.segmenter = make_segmenter(model if lexicon is None else lexicon, runs=runs)
        if user_words is not None:
            self.segmenter.add_words(user_words)

    def run(self, text: str) -> list[Word]:
        """The words of one text."""
        return self.segmenter.segment(text)

    def evaluate(self, gold: Iterable[Any], *, train_words: Iterable[str] | None = None) -> dict[str, Any]:
        """SIGHAN scores on sentences segmented by hand, each a list of words or a str with blanks."""
        from zhnlp.metrics import evaluate_segmentation

        gold = [sentence.split() if isinstance(sentence, str) else list(sentence) for sentence in gold]
        predicted = [self.segmenter.words("".join(sentence)) for sentence in gold]
        return evaluate_segmentation(gold, predicted, train_words=train_words)


def make_segmenter(lexicon: Any, runs: str = "symbol") -> Segmenter:
    """A segmenter from whatever stands for a lexicon; ``runs`` is for words and files."""
    if isinstance(lexicon, Segmenter):
        return lexicon
    if hasattr(lexicon, "to_segmenter"):
        return lexicon.to_segmenter()
    if lexicon is None:
        from zhnlp.mining.reference import jieba_dictionary

        return Segmenter.load(jieba_dictionary(), runs=runs)
    if isinstance(lexicon, (str, Path)):
        return Segmenter.load(lexicon, runs=runs)
    if isinstance(lexicon, bytes) or not isinstance(lexicon, Iterable):
        raise TypeError(
            f"lexicon got {type(lexicon).__name__}: expected a file, words, {{word: count}} or a table of new-words"
        )
    counts = dict(lexicon) if isinstance(lexicon, Mapping) else _counts(lexicon)
    if not counts:
        raise ValueError(
            "the lexicon holds no word: expected one or more. Next: lower min_count if it was mined, "
            "or leave lexicon out for jieba's dictionary"
        )
    wrong = next((word for word in counts if not isinstance(word, str)), None)
    if wrong is not None or None in counts:
        raise TypeError(f"lexicon has the word {wrong!r}: expected str")
    return Segmenter.from_counts(counts, runs=runs)


def _counts(lexicon: Iterable[Any]) -> dict[Any, float]:
    """Words, or rows of a table, with a count each; 1 where there is none."""
    counts: dict[Any, float] = {}
    for number, entry in enumerate(lexicon):
        if not isinstance(entry, Mapping):
            counts[entry] = 1
        elif isinstance(word := entry.get("word", entry.get("term")), str):
            counts[word] = entry.get("count", 1)
        else:
            raise ValueError(
                f"lexicon, row {number} has the keys {', '.join(map(str, entry))}: expected word and count"
            )
    return counts
