"""Rows to train on: which passage, which part of it, and what is hidden, drawn anew each time.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.reading.engines.base import Engine, Known, Reading, Row, Tokens
from zhnlp.reading.examples import Example

Span = tuple[int, int]


class Item(NamedTuple):
    """A question to train on: its passages as they are read, and of each the answers in tokens."""

    readings: list[Reading]
    spans: list[list[Span]]


@dataclass(frozen=True)
class Augmentation:
    """How rows are drawn.

    Attributes:
        crop: tokens of a row at most.
        absent: chance of a row that need not have an answer: a passage without one, or a part drawn without looking.
        blank: share of tokens of question and passage whose ids are hidden; what most helped in post 5409.
        blank_rows: chance of a row to have any hidden.
        join: chance of a passage to be put behind another one of its question.
        forget: chance of an answer to lose its label, where there are several.
        shorter: chance of a row to be cut to half of ``crop`` or more, so that lengths differ.
    """

    crop: int = 256
    absent: float = 0.15
    blank: float = 0.1
    blank_rows: float = 0.5
    join: float = 0.0
    forget: float = 0.0
    shorter: float = 0.0

    def __post_init__(self):
        if isinstance(self.crop, bool) or not isinstance(self.crop, int) or self.crop < 2:
            raise ValueError(
                f"crop={self.crop!r} is not possible: expected a whole number of tokens, 2 or more"
            )
        for name in ("absent", "blank", "blank_rows", "join", "forget", "shorter"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ValueError(f"{name}={value!r} is not possible: expected a share from 0 to 1")


def items(
    engine: Engine,
    examples: Sequence[Example],
    progress: Progress | None = None,
    known: Known | None = None,
) -> list[Item]:
    """Examples as the engine reads them, in order; an answer that no token touches is left out."""
    cache: dict[str, Tokens] = {}
    found = []
    for example in examples:
        readings = engine.read(example.question, example.passages, cache, known)
        spans: list[list[Span]] = [[] for _ in readings]
        for number, start, end in example.places:
            span = tokens_of(readings[number].passage.offsets, start, end)
            if span is not None and span not in spans[number]:
                spans[number].append(span)
        found.append(Item(readings, spans))
        if progress is not None:
            progress.advance(1)
    return found


def tokens_of(offsets: np.ndarray, start: int, end: int) -> Span | None:
    """The tokens that characters ``start:end`` touch, end exclusive; None for none.

    Example:
        >>> tokens_of(np.array([[0, 1], [2, 8], [8, 9]]), 2, 9)
        (1, 3)
    """
    touched = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] > start))
    return (int(touched[0]), int(touched[-1]) + 1) if touched.size else None


def draw(item: Item, engine: Engine, how: Augmentation, rng: np.random.Generator) -> Row:
    """A row of a question."""
    answered = [number for number, spans in enumerate(item.spans) if spans]
    blind = rng.random() < how.absent or not answered
    others = [number for number in range(len(item.spans)) if number not in answered]
    choices = (others if others and rng.random() < 0.5 else range(len(item.spans))) if blind else answered
    number = int(choices[rng.integers(len(choices))])
    reading, spans = item.readings[number], item.spans[number]
    if how.join and len(item.readings) > 1 and rng.random() < how.join:
        reading, spans = _joined(item, number, int(rng.integers(len(item.readings) - 1)), rng.random() < 0.5)
    if how.forget and len(spans) > 1:
        kept = [span for span in spans if rng.random() >= how.forget]
        spans = kept or spans[:1]
    most = how.crop
    if how.shorter and rng.random() < how.shorter:
        most = int(rng.integers(most // 2, most + 1))
    most = min(most, engine.most(reading.question) or most)
    first, last = _window(len(reading.passage), spans, most, blind, rng)
    if how.blank and rng.random() < how.blank_rows:
        reading = reading._replace(
            question=_hidden(reading.question, engine.blank, how.blank, rng),
            passage=_hidden(reading.passage, engine.blank, how.blank, rng),
        )
    return Row(reading, first, last, spans)


def _window(length: int, spans: Sequence[Span], most: int, blind: bool, rng: np.random.Generator) -> Span:
    """Tokens to read: all, or ``most`` of them, with an answer inside unless ``blind``."""
    if length <= most:
        return 0, length
    low, high = 0, length - most
    if spans and not blind:
        start, end = spans[rng.integers(len(spans))]
        if end - start <= most:
            low, high = max(low, end - most), min(high, start)
    first = int(rng.integers(low, high + 1))
    return first, first + most


def _hidden(tokens: Tokens, blank: int, share: float, rng: np.random.Generator) -> Tokens:
    hidden = rng.random(len(tokens)) < share
    words = None if tokens.words is None else np.where(hidden, 0, tokens.words)
    return Tokens(np.where(hidden, blank, tokens.ids), words, tokens.offsets)


def _joined(item: Item, number: int, other: int, behind: bool) -> tuple[Reading, list[Span]]:
    """A passage with another one of its question before or behind it; offsets are those of neither."""
    other += other >= number
    order = (number, other) if behind else (other, number)
    one, two = (item.readings[place] for place in order)
    passage = one.passage.before(two.passage)
    features = None if one.features is None else np.concatenate((one.features, two.features))
    shift = len(one.passage)
    spans = item.spans[order[0]] + [(start + shift, end + shift) for start, end in item.spans[order[1]]]
    return Reading(one.question, passage, features), spans
