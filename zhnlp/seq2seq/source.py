"""From an article to what a network reads: cut at a sentence, unknown characters in copy slots; and titles back to text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.seq2seq.copy_slots import CopySlots, Dealt
from zhnlp.seq2seq.spelling import restore_spelling
from zhnlp.text import replace_surrogates
from zhnlp.text.sentences import split_sentences
from zhnlp.tokenizers.join import join_chinese
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerFast

READ = 16  # characters of an article that are looked at for each token that is wanted
LATEST = 0.5  # a cut at a sentence keeps at least so much of what fits


@dataclass
class Source:
    """An article as a network reads it.

    Attributes:
        text: as it was given.
        ids: without special tokens.
        slots: what its copy slots stand for.
        cut: whether the end of the article was left out.
    """

    text: str
    ids: list[int]
    slots: Dealt
    cut: bool


class SourceReader:
    """Turns articles and titles into ids, and ids into titles.

    Args:
        max_source: tokens of an article, special ones not counted.
        max_target: tokens of a title, its end not counted.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["电网检修。今天开始"], min_count=1, min_sign=1, latin_pieces=0))
        >>> slots = CopySlots.add(tokenizer, 2)
        >>> reader = SourceReader(tokenizer, slots, max_source=7, max_target=5)
        >>> source = reader.read(["㸃电网检修。今天开始"])[0]
        >>> source.cut, len(source.ids), source.slots.surfaces[slots.ids[0]]
        (True, 6, '㸃')
        >>> reader.text(reader.target("检修㸃", source), source)
        '检修㸃'
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, slots: CopySlots, *, max_source: int, max_target: int
    ):
        self.tokenizer, self.slots = tokenizer, slots
        self.max_source, self.max_target = max_source, max_target

    def read(self, texts: Sequence[str]) -> list[Source]:
        """Articles as the network reads them; longer ones end behind a sentence."""
        texts = [replace_surrogates(text) for text in texts]
        heads = [text[: self.max_source * READ] for text in texts]
        sources = []
        for text, head, encoding in zip(texts, heads, self._encode(heads)):
            count = self._fitting(head, encoding)
            dealt = self.slots.deal()
            ids = [_either(dealt.give, *pair) for pair in self._tokens(head, encoding, count)]
            sources.append(Source(text, ids, dealt, count < len(encoding.ids) or len(head) < len(text)))
        return sources

    def target(self, title: str, source: Source) -> list[int]:
        """The ids of a title without its end, at most ``max_target``; slots where the source has them."""
        title = replace_surrogates(title)
        encoding = next(iter(self._encode([title])))
        pairs = self._tokens(title, encoding, self.max_target)
        return [_either(source.slots.find, *pair) for pair in pairs]

    def text(self, tokens: Iterable[int], source: Source) -> str:
        """The title that tokens stand for, names and numbers as in the source."""
        pieces, run = [], []
        for token in tokens:
            if token in source.slots.surfaces:
                pieces += [self._decode(run), source.slots.surfaces[token]]
                run = []
            else:
                run.append(token)
        return restore_spelling("".join([*pieces, self._decode(run)]).strip(), source.text)

    def never(self) -> list[int]:
        """Ids that are never written: special tokens, [UNK] and the slots among them."""
        return sorted(set(self.tokenizer.all_special_ids) | set(self.slots.ids))

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        with untruncated(self.tokenizer) as backend:
            return backend.encode_batch(list(texts), add_special_tokens=False)

    def _tokens(self, text: str, encoding: Encoding, count: int) -> Iterable[tuple[int, str]]:
        """Each token with its surface where it is unknown, else with ""."""
        unknown = self.tokenizer.unk_token_id
        for token, (begin, end) in zip(encoding.ids[:count], encoding.offsets[:count]):
            yield token, text[begin:end] if token == unknown else ""

    def _fitting(self, text: str, encoding: Encoding) -> int:
        """Tokens that are read: all, or those up to the last sentence end that fits."""
        if len(encoding.ids) <= self.max_source:
            return len(encoding.ids)
        ends = [end for _, end in encoding.offsets[: self.max_source]]
        for _, stop in reversed(split_sentences(text[: ends[-1] + 1])[:-1]):
            count = int(np.searchsorted(ends, stop, side="right"))
            if count <= self.max_source:
                return count if count >= LATEST * self.max_source else self.max_source
        return self.max_source

    def _decode(self, ids: Sequence[int]) -> str:
        return join_chinese(self.tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""


def _either(slot_of: Callable[[str], int | None], token: int, surface: str) -> int:
    """The slot of what the vocabulary cannot write, where it has one; else the token."""
    slot = slot_of(surface) if surface else None
    return token if slot is None else slot


def check_lengths(max_source: Any, max_target: Any, limit: int | None, special: int) -> None:
    """Refuse lengths that are no whole numbers, or more than the network has positions for.

    Raises:
        ValueError: of one of them.
    """
    for name, value in (("max_source", max_source), ("max_target", max_target)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(
                f"{name}={value!r} is not possible: expected a whole number of tokens, 1 or more"
            )
    if limit is not None and max_source + max_target + special > limit:
        raise ValueError(
            f"max_source={max_source} and max_target={max_target} need {max_source + max_target + special:,} positions, the model has "
            f"{limit:,}. Next: max_source={max(1, limit - special - max_target)}"
        )
