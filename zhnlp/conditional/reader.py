"""Texts as a causal model reads them, between a begin and an end token; and tokens back to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from zhnlp.models.length_limit import length_limit
from zhnlp.text import replace_surrogates
from zhnlp.text.sentences import find_cut
from zhnlp.tokenizers.join import join_chinese
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class TextReader:
    """Turns texts into ids, and ids into texts.

    Args:
        tokenizer: of a causal model.
        config: of the model.
        max_length: characters of a text; a longer one is cut behind a line, sentence or comma, and ends there.

    Raises:
        ValueError: ``max_length`` is below 1, or the tokenizer has no token to begin or to end with.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["电网检修。"], min_count=1, min_sign=1, latin_pieces=0), form="causal-lm")
        >>> reader = TextReader(tokenizer, max_length=6)
        >>> [row] = reader.read(["电网。检修电网电网"])
        >>> reader.text(row), row[0] == reader.begin, row[-1] == reader.end
        ('电网。', True, True)
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, config: Any = None, *, max_length: int = 128):
        if isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1:
            raise ValueError(
                f"max_length={max_length!r} is not possible: expected characters of a text, 1 or more"
            )
        self.tokenizer, self.max_length = tokenizer, max_length
        self.limit = length_limit(tokenizer, config)
        self.end = _first(tokenizer.eos_token_id, tokenizer.sep_token_id)
        self.begin = _first(tokenizer.bos_token_id, tokenizer.cls_token_id, self.end)
        if self.end is None:
            raise ValueError("the tokenizer has neither eos nor [SEP]: expected a token that ends a text")
        with untruncated(tokenizer) as backend:
            ids = backend.encode("的的", add_special_tokens=False).ids
        self._puts_blanks = " " in tokenizer.decode(ids)

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text with begin and end; the end is missing where the positions of the model do not suffice.

        Raises:
            TypeError: a text is no str.
        """
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"text {number} is {type(text).__name__}: expected str")
        heads = [replace_surrogates(text).strip() for text in texts]
        heads = [text[: find_cut(text, 0, self.max_length)] for text in heads]
        with untruncated(self.tokenizer) as backend:
            encodings = backend.encode_batch(heads, add_special_tokens=False)
        return [[self.begin, *one.ids, self.end][: self.limit] for one in encodings]

    def prompt(self, text: str) -> list[int]:
        """Ids that a text begins with, as it stands: the begin token, and those of the prompt, however many they are."""
        with untruncated(self.tokenizer) as backend:
            return [self.begin, *backend.encode(replace_surrogates(text), add_special_tokens=False).ids]

    def labels(self, ids: Sequence[int]) -> list[int]:
        """The ids, -100 for the first one, which nothing predicts, and for [UNK], which is not to be written."""
        unknown = self.tokenizer.unk_token_id
        return [-100, *(-100 if token == unknown else token for token in ids[1:])]

    def never(self, vocabulary: int) -> list[int]:
        """Ids below ``vocabulary`` that are not written: special tokens, and those that the tokenizer lacks."""
        special = {token for token in self.tokenizer.all_special_ids if token < vocabulary}
        return sorted({*special, *range(len(self.tokenizer), vocabulary)} - {self.end})

    def text(self, tokens: Iterable[int]) -> str:
        """What tokens say, without blanks between Chinese characters."""
        said = self.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return (join_chinese(said) if self._puts_blanks else said).strip()


def _first(*ids: int | None) -> int | None:
    return next((one for one in ids if one is not None), None)
