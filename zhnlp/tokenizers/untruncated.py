"""Encode whole texts with a tokenizer that may remember a truncation or padding of an earlier call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast


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
