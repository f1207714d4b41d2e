"""Encode whole texts with a tokenizer that may remember a truncation or padding of an earlier call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from transformers import PreTrainedTokenizerFast

BATCH = 1_000_000  # characters that are encoded together


@contextmanager
def untruncated(tokenizer: PreTrainedTokenizerFast) -> Iterator[Tokenizer]:
    """The tokenizer's backend without truncation and padding, which are put back at the end.

    Example:
        >>> from transformers import BertTokenizer
        >>> tokenizer = BertTokenizer(vocab={"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "好": 5})
        >>> _ = tokenizer("好好好", truncation=True, max_length=3)
        >>> with untruncated(tokenizer) as backend:
        ...     backend.encode("好好好", add_special_tokens=False).ids
        [5, 5, 5]
        >>> tokenizer.backend_tokenizer.truncation["max_length"]
        3
    """
    backend = tokenizer.backend_tokenizer
    truncation, padding = backend.truncation, backend.padding
    backend.no_truncation()
    backend.no_padding()
    try:
        yield backend
    finally:
        if truncation is not None:
            backend.enable_truncation(**truncation)
        if padding is not None:
            backend.enable_padding(**padding)


def encode_whole(
    tokenizer: PreTrainedTokenizerFast, texts: Iterable[str], *, offsets: bool = False
) -> Iterator[tuple[str, Encoding]]:
    """Each text with its encoding, whole and without special tokens, in order; texts are read a million characters ahead.

    Args:
        offsets: whether encodings have them; without it is twice as fast.

    Raises:
        ValueError: one of the texts is no str.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["电网"], min_count=1, latin_pieces=0))
        >>> [(text, encoding.tokens) for text, encoding in encode_whole(tokenizer, ["电网", "网"], offsets=True)]
        [('电网', ['电', '网']), ('网', ['网'])]
    """
    for batch in _batches(texts):
        with untruncated(tokenizer) as backend:
            encode = backend.encode_batch if offsets else backend.encode_batch_fast
            encodings = encode(batch, add_special_tokens=False)
        yield from zip(batch, encodings)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"the corpus holds {type(text).__name__}: expected texts (str)")
        batch.append(text)
        size += len(text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
