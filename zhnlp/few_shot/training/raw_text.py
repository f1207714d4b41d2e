"""Unlabelled texts as a model reads them, without a template; what is too long goes on in another row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zhnlp.few_shot.prompt import special_tokens
from zhnlp.few_shot.training.rows import RawText
from zhnlp.text.characters import replace_surrogates
from zhnlp.tokenizers.untruncated import untruncated


def raw_texts(texts: Iterable[str | Mapping[str, str]], tokenizer: Any, *, limit: int) -> list[RawText]:
    """Rows of at most ``limit`` tokens; the fields of an example follow one another, no text is cut off.

    Args:
        texts: strings, or examples whose values are.

    Raises:
        ValueError: there is no text.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["很好网"], min_count=1, latin_pieces=0))
        >>> [len(row.ids) for row in raw_texts(["很好很好网", ""], tokenizer, limit=5)]
        [5, 4]
    """
    texts = [replace_surrogates(text if isinstance(text, str) else "".join(text.values())) for text in texts]
    before, after = special_tokens(tokenizer)
    special = set(tokenizer.all_special_ids)
    room = limit - len(before) - len(after)
    if room < 1:
        raise ValueError(
            f"a row of {limit} tokens holds no text: expected max_length of {limit - room + 1} or more"
        )
    with untruncated(tokenizer) as backend:
        encodings = backend.encode_batch(texts, add_special_tokens=False)
    rows = []
    for encoding in encodings:
        for begin in range(0, len(encoding.ids), room):
            ids = encoding.ids[begin : begin + room]
            free = [token not in special for token in ids]
            if any(free):
                rows.append(
                    RawText(
                        (*before, *ids, *after),
                        (*[False] * len(before), *free, *[False] * len(after)),
                    )
                )
    if not rows:
        raise ValueError(
            f"{len(texts):,} unlabelled texts hold no character that the vocabulary knows: expected raw text to learn from"
        )
    return rows
