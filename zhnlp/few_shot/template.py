"""A sentence with a blank: the pattern that turns a text into something a language model can finish.

Literals and fields are made into tokens apart and joined, so that a long text is cut and the template never is.

Source: 苏剑林, https://kexue.fm/archives/7764; soft tokens: https://kexue.fm/archives/8295
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from zhnlp.text.characters import replace_surrogates
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerFast

    from zhnlp.few_shot.prompt import Prompt

SAMPLE = {"text": "今天天气不错", "text_a": "今天天气不错", "text_b": "外面下着大雨", "label": "天气"}
_FIELDS = (("text",), ("text_a", "text_b"))


class Part(NamedTuple):
    """A piece of a template: kind "literal", "field", "label", "mask" or "soft"; its words or name; a number or a switch."""

    kind: str
    value: str = ""
    option: int = 0  # soft: how many tokens; field: 1 where its end is kept


class Template:
    """A sentence with one ``{mask}`` and the fields of a text.

    Args:
        source: such as ``"{text}。总之，很{mask}。"``, or ``"{text_a}？{mask}，{text_b}"`` for pairs. ``{soft}`` or ``{soft:4}``
            are tokens whose embeddings are trained; ``{label}`` is where the description of a label goes, and ``{mask}`` is
            then yes or no; ``{text:end}`` keeps the end of a text that is too long; ``{{`` and ``}}`` are braces.

    Attributes:
        source: the string.
        fields: ``("text",)``, or ``text_a`` and ``text_b`` in the order of the template.
        soft: number of soft tokens.
        has_label: whether there is a ``{label}``.

    Raises:
        TypeError: ``source`` is no str.
        ValueError: no ``{mask}`` or two, no field, a field twice, an unknown one; the message shows the template filled in.

    Example:
        >>> Template("{text}。总之，很{mask}。").render("屏幕清楚", word="好")
        '屏幕清楚。总之，很好。'

    Source: 苏剑林, https://kexue.fm/archives/7764
    """

    def __init__(self, source: str):
        if not isinstance(source, str):
            raise TypeError(
                f"the template is {type(source).__name__}: expected a str such as '{{text}}。总之，很{{mask}}。'"
            )
        self.source = source
        self.parts = _parse(source)
        self.fields = tuple(part.value for part in self.parts if part.kind == "field")
        self.soft = sum(part.option for part in self.parts if part.kind == "soft")
        self.has_label = any(part.kind == "label" for part in self.parts)
        self._check()

    def __repr__(self) -> str:
        return f"Template({self.source!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def render(self, example: str | Mapping[str, str], word: str = "[MASK]", label: str = "") -> str:
        """The template filled in, for people and for errors; a soft token is shown as ``[soft]``."""
        values = {self.fields[0]: example} if isinstance(example, str) else example
        return _render(self.parts, values, word, label)

    def encode(
        self,
        tokenizer: PreTrainedTokenizerFast,
        examples: Sequence[Mapping[str, str]],
        *,
        masks: int = 1,
        limit: int,
        label: str | Sequence[str] = "",
        spare: int | Sequence[int] = 0,
        words: Sequence[Sequence[int]] | None = None,
    ) -> list[Prompt]:
        """A prompt for each example.

        What is too long loses tokens of its fields, at the end (at the beginning for ``{text:end}``); of two fields the
        longer one loses first.

        Args:
            examples: dicts with the fields of the template, as `examples_of` makes them.
            masks: tokens of the blank, 1 or more.
            limit: tokens of a prompt at most, special ones included.
            label: what stands for ``{label}``: one for all, or one for each example.
            spare: tokens of ``limit`` that stay free, as room for a longer label or word that the text is read with too; one
                number for all, or one for each example.
            words: ids that fill the blank of each example instead of mask tokens; ``masks`` then counts for nothing.

        Raises:
            ValueError: the tokenizer has no mask token; or the template alone is longer than ``limit``.

        Example:
            >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
            >>> tokenizer = build_tokenizer(train_char_vocab(["很好网"], min_count=1, latin_pieces=0))
            >>> (prompt,) = Template("{text}很{mask}").encode(tokenizer, [{"text": "网网网"}], limit=6)
            >>> tokenizer.convert_ids_to_tokens(prompt.ids), prompt.slots, prompt.cut
            (['[CLS]', '网', '网', '很', '[MASK]', '[SEP]'], [4], True)
            >>> prompt.offsets
            [None, ('text', 0, 1), ('text', 1, 2), None, None, None]
        """
        from zhnlp.few_shot.prompt import Assembly

        if words is None and tokenizer.mask_token_id is None:
            raise ValueError(
                f"the tokenizer has no mask token for the blank of {self.render(SAMPLE, label=SAMPLE['label'])!r}: expected one "
                "such as [MASK]. Next: a masked model such as zhnlp-mlm-small"
            )
        labels = [label] * len(examples) if isinstance(label, str) else label
        spares = [spare] * len(examples) if isinstance(spare, int) else spare
        fillings = [[tokenizer.mask_token_id] * masks] * len(examples) if words is None else words
        columns = [self._encode_field(tokenizer, name, examples) for name in self.fields]
        rows = zip(*columns, strict=True)
        assembly = Assembly(self, tokenizer, limit)
        return [
            assembly.prompt(row, filling, described, free)
            for row, filling, described, free in zip(rows, fillings, labels, spares, strict=True)
        ]

    @staticmethod
    def _encode_field(tokenizer: Any, name: str, examples: Sequence[Mapping[str, str]]) -> list[Encoding]:
        with untruncated(tokenizer) as backend:
            texts = [replace_surrogates(example[name]) for example in examples]
            return backend.encode_batch(texts, add_special_tokens=False)

    def _check(self) -> None:
        shown = f"the template {self.source!r}, which reads {_render(self.parts, SAMPLE, '[MASK]', SAMPLE['label'])!r},"
        kinds = [part.kind for part in self.parts]
        if (found := kinds.count("mask")) != 1:
            raise ValueError(
                f"{shown} has {found or 'no'} {{mask}}{'s' if found else ''}: expected one blank. Next: write {{mask}} "
                "once, where the label word goes; a word of several characters needs no more"
            )
        if kinds.count("label") > 1:
            raise ValueError(
                f"{shown} has {{label}} {kinds.count('label')} times: expected it once at most. Next: leave the others out"
            )
        if not self.fields:
            raise ValueError(
                f"{shown} has no text: expected {{text}}, or {{text_a}} and {{text_b}}. Next: write {{text}} where "
                "the text goes"
            )
        if tuple(sorted(self.fields)) not in _FIELDS:
            raise ValueError(
                f"{shown} has the fields {', '.join(self.fields)}: expected text once, or text_a and text_b once each. "
                "Next: {text} for single texts, {text_a} and {text_b} for pairs"
            )


def _parse(source: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    try:
        pieces = list(Formatter().parse(source))
    except ValueError as error:
        raise ValueError(
            f"the template {source!r} cannot be read ({error}): expected names in braces such as {{text}}. Next: write "
            "{{ and }} for braces of the text"
        ) from None
    for literal, name, option, conversion in pieces:
        if literal:
            parts.append(Part("literal", literal))
        if name is not None:
            parts.append(_part(source, name, option or "", conversion))
    return tuple(parts)


def _part(source: str, name: str, option: str, conversion: str | None) -> Part:
    if conversion is None:
        if name == "soft" and (option == "" or (option.isdecimal() and int(option) > 0)):
            return Part("soft", option=int(option or 1))
        if name in ("mask", "label") and option == "":
            return Part(name)
        if any(name in names for names in _FIELDS) and option in ("", "end"):
            return Part("field", name, option == "end")
    written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{option}" if option else "") + "}"
    sample = Formatter().vformat("{text}。总之，很{mask}。", (), {**SAMPLE, "mask": "[MASK]"})
    raise ValueError(
        f"the template {source!r} has {written}: expected {{text}}, {{text_a}}, {{text_b}} (or {{text:end}} …), {{mask}}, "
        f"{{label}}, {{soft}} or {{soft:4}}. '{{text}}。总之，很{{mask}}。' for example reads {sample!r}"
    )


def _render(parts: Sequence[Part], values: Mapping[str, str], word: str, label: str) -> str:
    shown = {"mask": lambda part: word, "label": lambda part: label, "literal": lambda part: part.value}
    shown |= {"soft": lambda part: "[soft]" * part.option, "field": lambda part: values[part.value]}
    return "".join(shown[part.kind](part) for part in parts)
