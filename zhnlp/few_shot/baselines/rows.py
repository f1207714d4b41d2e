"""Texts and pairs of texts as rows of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zhnlp.text import replace_surrogates

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast


def texts_of(X: Iterable[Any]) -> list[tuple[str, ...]]:
    """Each example as a tuple of one or two texts: a str, a pair, or a dict with "text" or with "text_a" and "text_b".

    Raises:
        TypeError: one str in place of a list, or an example of another kind.
        ValueError: there is no example, or some are pairs and others not.

    Example:
        >>> texts_of(["好"]), texts_of([{"text_a": "甲", "text_b": "乙"}, ("丙", "丁")])
        ([('好',)], [('甲', '乙'), ('丙', '丁')])
    """
    if isinstance(X, (str, bytes, Mapping)):
        raise TypeError(f"got one {type(X).__name__}: expected a list of texts. Next: put it in brackets")
    if hasattr(X, "columns") and hasattr(X, "to_dict"):  # a table of pandas, which would give its headings
        X = X.to_dict("records")
    rows = [_texts(number, example) for number, example in enumerate(X)]
    if not rows:
        raise ValueError("got no texts: expected at least one")
    odd = next((number for number, row in enumerate(rows) if len(row) != len(rows[0])), 0)
    if odd:
        raise ValueError(
            f"example {odd} has {len(rows[odd])} texts, example 0 has {len(rows[0])}: expected single texts or pairs, not both"
        )
    return rows


def _texts(number: int, example: Any) -> tuple[str, ...]:
    if isinstance(example, str):
        return (str(example),)
    if isinstance(example, Mapping):
        names = ("text",) if "text" in example else ("text_a", "text_b")
        values = tuple(example.get(name) for name in names)
    else:
        values = tuple(example) if isinstance(example, Iterable) else (example,)
    if len(values) in (1, 2) and all(isinstance(value, str) for value in values):
        return tuple(map(str, values))
    raise TypeError(
        f"example {number} is {str(example)[:60]!r} ({type(example).__name__}): expected a str, a pair of str, or a dict with "
        "'text' or 'text_a' and 'text_b'"
    )


def encode(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[tuple[str, ...]], limit: int
) -> list[dict[str, list[int]]]:
    """Rows of ids with special tokens, at most ``limit`` long; of a pair the longer text loses its end first."""
    clean = [[replace_surrogates(text) for text in row] for row in texts]
    columns = [list(column) for column in zip(*clean)]
    found = tokenizer(*columns, truncation=True, max_length=limit, return_attention_mask=False)
    tokenizer.backend_tokenizer.no_truncation()
    return [dict(zip(found.keys(), row)) for row in zip(*found.values())]


def pad_rows(rows: Sequence[Mapping[str, list[int]]], padding: int) -> dict[str, Tensor]:
    """Rows as tensors (B, L) padded on the right, with ``attention_mask``.

    Example:
        >>> batch = pad_rows([{"input_ids": [5, 6]}, {"input_ids": [7]}], 0)
        >>> batch["input_ids"].tolist(), batch["attention_mask"].tolist()
        ([[5, 6], [7, 0]], [[1, 1], [1, 0]])
    """
    from zhnlp.models.batching import pad

    ids, mask = pad([row["input_ids"] for row in rows], padding)
    others = {name: pad([row[name] for row in rows], 0)[0] for name in rows[0] if name != "input_ids"}
    return {"input_ids": ids, "attention_mask": mask, **others}
