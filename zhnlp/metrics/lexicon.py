"""Scores of a ranked word list against a gold lexicon: precision, recall, precision at k, average precision."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["evaluate_lexicon", "gold_words"]

_HAN = re.compile(r"[〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")


def evaluate_lexicon(
    predicted: Sequence[str | Mapping],
    gold: Iterable[str],
    *,
    k: int | Sequence[int] = (100, 500, 1000, 3000, 5000),
) -> dict:
    """Score a list of words, best first, against the set of right words.

    ``average_precision = (Σ over hits of hits so far / rank) / number of gold words``: gold words that are not
    in the list count 0. ``precision_at[k]`` is the share of gold words among the first k.

    Args:
        predicted: words ranked best first, or rows with a ``"word"`` or ``"term"`` as zhnlp's tables give them.
            A word met again is counted once, at its first rank, with a warning.
        gold: the right words; repeats count once. See :func:`gold_words`.
        k: list lengths (each ≥ 1) at which precision is read. A k beyond the list is read at the list's length,
            with a warning; ``evaluated_at[k]`` says the length used.

    Returns:
        ``primary_metric`` (always ``"average_precision"``); ``average_precision``, ``precision``, ``recall``,
        ``f1`` in [0, 1] over the whole list; ``precision_at``, ``recall_at`` and ``evaluated_at`` keyed by k;
        ``predicted_words`` and ``gold_words`` (different words), ``hits``, ``duplicates`` (repeats left out).

    Raises:
        TypeError: ``predicted`` has no order (set, mapping), is one string, or holds something else than words.
        ValueError: ``gold`` is empty, or a k is below 1.

    Example:
        >>> score = evaluate_lexicon(["变压器", "的是", "断路器", "了一"], {"变压器", "断路器", "互感器"}, k=(1, 2))
        >>> score["precision"], round(score["recall"], 3), score["precision_at"]
        (0.5, 0.667, {1: 1.0, 2: 0.5})
        >>> round(score["average_precision"], 4)           # (1/1 + 2/3) / 3
        0.5556
    """
    if isinstance(gold, str):
        raise TypeError(
            "got one string as gold: expected a collection of words. Read a file with gold_words(path)."
        )
    right = {word for word in gold if word}
    if not right:
        raise ValueError(
            "gold holds no word, so recall is undefined: check the file and the filters of gold_words()."
        )
    sizes = [k] if isinstance(k, int) else list(k)
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise ValueError(f"got k={k!r}: expected whole numbers of at least 1.")

    given = ranked_words(predicted)
    ranked = list(dict.fromkeys(given))
    duplicates = len(given) - len(ranked)
    if duplicates:
        message = f"{duplicates} of {len(given)} predicted words are repeats; each is counted once, at its first rank."
        warnings.warn(message, stacklevel=2)
    if not ranked:
        warnings.warn(
            "the predicted list is empty: every score is 0. Check the miner's thresholds.", stacklevel=2
        )
    beyond = [size for size in sizes if size > len(ranked)]
    if beyond and ranked:
        message = (
            f"k={beyond} reach beyond the list of {len(ranked)} words: precision is read at {len(ranked)}."
        )
        warnings.warn(message, stacklevel=2)

    hits_by_rank, hits, precision_sum = [0], 0, 0.0
    for rank, word in enumerate(ranked, start=1):
        if word in right:
            hits += 1
            precision_sum += hits / rank
        hits_by_rank.append(hits)
    evaluated_at = {size: min(size, len(ranked)) for size in sizes}
    return {
        "primary_metric": "average_precision",
        "average_precision": precision_sum / len(right),
        "precision": hits / len(ranked) if ranked else 0.0,
        "recall": hits / len(right),
        "f1": 2 * hits / (len(ranked) + len(right)),
        "precision_at": {
            size: hits_by_rank[used] / used if used else 0.0 for size, used in evaluated_at.items()
        },
        "recall_at": {size: hits_by_rank[used] / len(right) for size, used in evaluated_at.items()},
        "evaluated_at": evaluated_at,
        "predicted_words": len(ranked),
        "gold_words": len(right),
        "hits": hits,
        "duplicates": duplicates,
    }


def gold_words(
    source: str | Path | Iterable[str],
    *,
    han_only: bool = True,
    min_length: int = 2,
    max_length: int = 4,
    counts: Mapping[str, int] | None = None,
    min_count: int | None = None,
) -> list[str]:
    """Read the words of a gold lexicon that a miner could have found.

    Args:
        source: a UTF-8 file with one word a line, or the lines themselves. What follows a tab (a count) is left out.
        han_only: keep words of Chinese characters only (extensions and 〇 included).
        min_length: shortest word kept, in characters (≥ 1).
        max_length: longest word kept, in characters (≥ ``min_length``).
        counts: how often each word occurs in the corpus that was mined; needed with ``min_count``.
        min_count: keep words that occur at least so often in ``counts``.

    Returns:
        The words in the order of the source, each once.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: lengths out of range, or ``min_count`` without ``counts`` or the other way round.

    Example:
        >>> gold_words(["云计算\\t120", "5G基站\\t8", "云计算\\t120", "表"])
        ['云计算']
        >>> gold_words(["云计算", "区块链"], counts={"云计算": 7, "区块链": 2}, min_count=5)
        ['云计算']
    """
    if not 1 <= min_length <= max_length:
        raise ValueError(
            f"got min_length={min_length}, max_length={max_length}: expected 1 ≤ min_length ≤ max_length."
        )
    if (counts is None) != (min_count is None):
        given, missing = ("min_count", "counts") if counts is None else ("counts", "min_count")
        raise ValueError(
            f"got {given} without {missing}: pass both to keep the words frequent enough in a corpus."
        )
    lines = source
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.is_file():
            raise FileNotFoundError(
                f"no lexicon file {path}: pass a file with one word a line, or a list of words."
            )
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    words = dict.fromkeys(line.split("\t", 1)[0].strip() for line in lines)
    return [
        word
        for word in words
        if min_length <= len(word) <= max_length
        and (not han_only or _HAN.fullmatch(word))
        and (min_count is None or counts.get(word, 0) >= min_count)
    ]


def ranked_words(predicted: Sequence[str | Mapping]) -> list[str]:
    """The words of a ranked list of words or rows; see `evaluate_lexicon` for what is refused."""
    if isinstance(predicted, (str, set, frozenset, Mapping)):
        raise TypeError(
            f"got a {type(predicted).__name__} as predicted: expected a list of words ranked best first. "
            "Sort it by score and pass the words."
        )
    words = []
    for rank, item in enumerate(predicted, start=1):
        word = (item.get("word") or item.get("term")) if isinstance(item, Mapping) else item
        if not isinstance(word, str) or not word:
            raise TypeError(
                f"got {item!r} at rank {rank}: expected a word, or a row with 'word' or 'term'. "
                "For (word, score) pairs pass [word for word, score in pairs]."
            )
        words.append(word)
    return words
