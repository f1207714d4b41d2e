"""Prompts: the tokens of a template and of a text, joined into one row that fits the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.template import SAMPLE, Template
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from tokenizers import Encoding


@dataclass
class Prompt:
    """One text in its template, as a model reads it.

    Attributes:
        ids: of all tokens, special ones too; soft tokens have the id of a placeholder.
        slots: places of the blank's tokens.
        soft: places of the soft tokens, in order.
        free: whether a token may be corrupted to train on it: never special, blank or soft ones.
        cut: whether a field lost characters.
        offsets: of each token (field, start, end) in the user's own string; None for the template's and special tokens.
    """

    ids: list[int]
    slots: list[int]
    soft: list[int]
    free: list[bool]
    cut: bool
    offsets: list[tuple[str, int, int] | None]


class Assembly:
    """Joins encoded fields to the tokens of one template; ``limit`` counts special tokens too."""

    def __init__(self, template: Template, tokenizer: Any, limit: int):
        self.template, self.tokenizer, self.limit = template, tokenizer, limit
        self.before, self.after = special_tokens(tokenizer)
        self.special = set(tokenizer.all_special_ids)
        self.placeholder = soft_placeholder(tokenizer)
        self._literals: dict[str, list[int]] = {}

    def prompt(
        self, fields: Sequence[Encoding], filling: Sequence[int], label: str, spare: int = 0
    ) -> Prompt:
        """One row: ``filling`` are the ids of the blank, ``label`` what stands for {label}; ``spare`` tokens stay free."""
        pieces = self._pieces(label)
        taken = len(self.before) + len(self.after) + self.template.soft + len(filling)
        room = self.limit - spare - taken - self.words(label)
        if room < len(fields):
            raise ValueError(self._no_room(label, len(filling), self.limit - room))
        keep = _shares([len(field.ids) for field in fields], room)
        cut = any(kept < len(field.ids) for kept, field in zip(keep, fields))
        row = Prompt(list(self.before), [], [], [False] * len(self.before), cut, [None] * len(self.before))
        spans = iter(zip(fields, keep))
        for piece in pieces:
            if isinstance(piece, list):
                self._add(row, piece)
            elif piece.kind == "mask":
                self._add(row, filling, slots=row.slots)
            elif piece.kind == "soft":
                self._add(row, [self.placeholder] * piece.option, slots=row.soft)
            else:
                field, kept = next(spans)
                span = slice(len(field.ids) - kept, None) if piece.option else slice(0, kept)
                row.ids += field.ids[span]
                row.free += [token not in self.special for token in field.ids[span]]
                row.offsets += [(piece.value, start, end) for start, end in field.offsets[span]]
        self._add(row, self.after)
        return row

    def _add(self, row: Prompt, ids: Sequence[int], slots: list[int] | None = None) -> None:
        """Tokens that are not the user's; ``slots`` is told where they stand, and such tokens are not free."""
        if slots is not None:
            slots += range(len(row.ids), len(row.ids) + len(ids))
        row.ids += ids
        row.free += [slots is None and token not in self.special for token in ids]
        row.offsets += [None] * len(ids)

    def _pieces(self, label: str) -> list[Any]:
        """The parts of the template, neighbouring words of it as one list of ids."""
        pieces: list[Any] = []
        words = ""
        for part in self.template.parts:
            if part.kind in ("literal", "label"):
                words += part.value if part.kind == "literal" else label
                continue
            if words:
                pieces.append(self._ids(words))
                words = ""
            pieces.append(part)
        return [*pieces, self._ids(words)] if words else pieces

    def words(self, label: str) -> int:
        """Tokens of the template's own words and the label."""
        return sum(len(ids) for ids in self._pieces(label) if isinstance(ids, list))

    def _ids(self, words: str) -> list[int]:
        if words not in self._literals:
            self._literals[words] = encode_bare(self.tokenizer, words)
        return self._literals[words]

    def _no_room(self, label: str, blank: int, needed: int) -> str:
        shown = self.template.render(SAMPLE, word="[MASK]" * blank, label=label)
        return (
            f"the template {shown!r} without its text takes {needed:,} tokens of {self.limit:,}: nothing of a text would be "
            "read. Expected a shorter template, shorter label words or a larger max_length"
        )


def spare_tokens(template: Template, tokenizer: Any, labels: Sequence[str]) -> list[int]:
    """How many tokens each label is shorter in the template than the longest: left free, every one is read with as much text.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["科技体育新闻"], min_count=1, latin_pieces=0))
        >>> spare_tokens(Template("{text}{label}{mask}"), tokenizer, ["科技", "体育新闻", "科"])
        [2, 0, 3]
    """
    assembly = Assembly(template, tokenizer, 0)
    lengths = [assembly.words(label) for label in labels]
    return [max(lengths) - length for length in lengths]


def encode_bare(tokenizer: Any, words: str) -> list[int]:
    """The ids of some words, whole and without special tokens; a blank that the tokenizer puts before them is left out."""
    from zhnlp.text.characters import replace_surrogates

    with untruncated(tokenizer) as backend:
        encoding = backend.encode(replace_surrogates(words), add_special_tokens=False)
    added = encoding.tokens[:1] == ["▁"] and len(encoding.ids) > 1 and not words[:1].isspace()
    return encoding.ids[1:] if added else encoding.ids


def special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The ids that a tokenizer puts before and after a text.

    Example:
        >>> from transformers import BertTokenizer
        >>> special_tokens(BertTokenizer(vocab={"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "的": 5}))
        ([2], [3])
    """
    with untruncated(tokenizer) as backend:
        whole = backend.encode("的")
    inside = [place for place, special in enumerate(whole.special_tokens_mask) if not special]
    first, last = (inside[0], inside[-1] + 1) if inside else (len(whole.ids), len(whole.ids))
    return whole.ids[:first], whole.ids[last:]


def soft_placeholder(tokenizer: Any) -> int:
    """The id that stands where a soft token is: [unused1] where there is one, else the mask, else the unknown token."""
    vocabulary = tokenizer.get_vocab()
    if "[unused1]" in vocabulary:
        return vocabulary["[unused1]"]
    known = (tokenizer.mask_token_id, tokenizer.unk_token_id, tokenizer.eos_token_id)
    return next((token for token in known if token is not None), 0)


def _shares(lengths: Sequence[int], room: int) -> list[int]:
    """How many tokens each field keeps: of two the longer one loses until both are equal, then both do."""
    if sum(lengths) <= room:
        return list(lengths)
    if len(lengths) == 1:
        return [room]
    first, second = lengths
    half = room - room // 2
    if first >= second:
        kept = max(half, room - second)
        return [kept, room - kept]
    kept = max(half, room - first)
    return [room - kept, kept]
