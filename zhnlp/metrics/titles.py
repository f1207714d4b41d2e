"""Scores of generated titles, summaries and other short texts: ROUGE and BLEU of the posts, copying, variety, intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from zhnlp.metrics.bleu import bleu_score
from zhnlp.metrics.bootstrap import bootstrap_interval
from zhnlp.metrics.copying import copied_share, novel_share
from zhnlp.metrics.distinct import distinct_n, repetition, visible
from zhnlp.metrics.eval_packages import rouge_chinese_scores, sacrebleu_scores
from zhnlp.metrics.rouge import NAMES, rouge_scores

SCORES = (*NAMES, "bleu")


def evaluate_titles(
    predictions: Iterable[str],
    references: Iterable[str | Sequence[str]],
    sources: Iterable[str] | None = None,
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
    rouge_version: str = "1.0.1",
    sacrebleu: bool = False,
    rouge_chinese: bool = False,
    items: bool = False,
) -> dict[str, Any]:
    """Score one generated text an item against the right one, character by character.

    ``rouge_l`` (the primary metric), ``rouge_1``, ``rouge_2`` and ``bleu`` are means over the items, in [0, 1], computed as
    in post 6933; an empty prediction scores 0.  Of several references, ROUGE, that of rouge-chinese and ``length_ratio``
    take the one with the best ROUGE-L (the first of equals); BLEU, that of sacrebleu and chrF take all of them together.

    Args:
        predictions: generated texts; "" for none.
        references: the right text of each, or a list of several.
        sources: the text that each was made from.
        confidence: share of the resamples inside each interval, in (0, 1).
        samples: resamples of the bootstrap; 0 for no interval.
        seed: of the resamples.
        rouge_version: the version of the package ``rouge`` that is followed, see `rouge_scores`.
        sacrebleu: score with `sacrebleu_scores` beside.
        rouge_chinese: score with `rouge_chinese_scores` beside.
        items: give the scores of each item too.

    Returns:
        ``primary_metric`` (always ``"rouge_l"``) and the four means; ``intervals``, ``[low, high]`` of each mean, None
        with ``samples=0``; ``confidence``, ``samples``, ``seed``, ``rouge_version``; ``texts``, their number; ``empty``,
        the share of empty predictions; ``mean_length`` in characters that are no white space, and ``length_ratio``,
        their sum over that of the references;
        ``distinct_1``, ``distinct_2``, ``repetition_4``, see `distinct_n` and `repetition`; ``copied``, the share of
        predictions that stand in their source as they are, and ``novel_bigrams``, the share of bigrams that their source
        lacks, both None without ``sources``.  Where asked for: ``sacrebleu``, ``rouge_chinese``, and ``items``, a list of
        ``{"rouge_1", "rouge_2", "rouge_l", "bleu", "reference"}``, the last a number from 0.

    Raises:
        TypeError: one str in place of a list of texts, or a text that is no str, such as None.
        ValueError: lists of differing lengths, no item, an item without a reference, a blank reference, or an option out
            of range.
        ImportError: the extra ``[eval]`` is asked for and missing.

    Example:
        >>> score = evaluate_titles(["天地玄黄", ""], ["天地黄", "宇宙洪荒"], ["天地玄黄之间", "宇宙"])
        >>> round(score["rouge_l"], 4), score["empty"], score["copied"]  # (6/7 + 0) / 2
        (0.4286, 0.5, 0.5)
        >>> score["mean_length"], round(score["length_ratio"], 4)  # 4 characters against 7
        (2.0, 0.5714)

    Source: 苏剑林, https://kexue.fm/archives/6933
    """
    written, right = _texts(predictions, "predictions"), _reference_lists(references)
    read = None if sources is None else _texts(sources, "sources")
    for name, texts in (("references", right), ("sources", read)):
        if texts is not None and len(texts) != len(written):
            raise ValueError(
                f"got {len(written)} predictions and {len(texts)} {name}: expected as many, in the same order; "
                "a generator that was used up before is the usual cause"
            )
    if not written:
        raise ValueError("got no prediction: expected 1 or more")
    rows = [_scored(text, texts, rouge_version) for text, texts in zip(written, right)]
    nearest = [texts[row["reference"]] for texts, row in zip(right, rows)]
    columns = {name: [row[name] for row in rows] for name in SCORES}
    options = {"confidence": confidence, "samples": samples, "seed": seed}
    length = sum(map(len, map(visible, written)))
    found = {
        "primary_metric": "rouge_l",
        **{name: sum(column) / len(rows) for name, column in columns.items()},
        "intervals": {name: list(bootstrap_interval(column, **options)) for name, column in columns.items()}
        if samples
        else None,
        **options,
        "rouge_version": rouge_version,
        "texts": len(rows),
        "empty": sum(not text.strip() for text in written) / len(rows),
        "mean_length": length / len(rows),
        "length_ratio": length / sum(map(len, map(visible, nearest))),
        "distinct_1": distinct_n(written, 1),
        "distinct_2": distinct_n(written, 2),
        "repetition_4": repetition(written, 4),
        "copied": None if read is None else copied_share(written, read),
        "novel_bigrams": None if read is None else novel_share(written, read, 2),
    }
    if sacrebleu:
        found["sacrebleu"] = sacrebleu_scores(written, right)
    if rouge_chinese:
        found["rouge_chinese"] = rouge_chinese_scores(written, nearest)
    if items:
        found["items"] = rows
    return found


def _scored(prediction: str, references: list[str], version: str) -> dict[str, Any]:
    """The four scores of an item and the number of the reference that ROUGE-L likes best."""
    each = [rouge_scores(prediction, reference, version=version) for reference in references]
    best = max(range(len(each)), key=lambda number: each[number]["rouge_l"])
    return {**each[best], "bleu": bleu_score(prediction, references), "reference": best}


def _texts(texts: Iterable[str], name: str) -> list[str]:
    _refuse_string(texts, name)
    listed = list(texts)
    for number, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(
                f"{name} has {text!r} at item {number} (counted from 0): expected a str. Next: '' where no text was written"
            )
    return listed


def _reference_lists(references: Iterable[str | Sequence[str]]) -> list[list[str]]:
    _refuse_string(references, "references")
    found = []
    for number, one in enumerate(references):
        texts = list(one) if isinstance(one, (list, tuple)) else [one]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(
                f"references has {one!r} at item {number} (counted from 0): expected a str, or a list of them"
            )
        if not texts or not all(map(str.strip, texts)):
            raise ValueError(
                f"item {number} (counted from 0) has {'a blank' if texts else 'no'} reference: expected a text to compare "
                "with. Next: leave the item out on both sides"
            )
        found.append(texts)
    return found


def _refuse_string(texts: Any, name: str) -> None:
    if isinstance(texts, (str, bytes)):
        raise TypeError(
            f"got one {type(texts).__name__} as {name}: expected a list (it would be read character by character). "
            f"Next: [{name}] for a single text"
        )
