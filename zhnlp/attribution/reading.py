"""A text as a classifier reads it: sequences of tokens, and which of them stand for which characters.

A prompt classifier reads one text several times (a view for each template and length of label word); a character is then a
place in each of them, and its score is the sum over these places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

KEPT = -1  # the unit of a place that stays as it is in every baseline


class Span(NamedTuple):
    """Characters ``start:end`` of a field of the user's own text."""

    field: str
    start: int
    end: int


class Literal(NamedTuple):
    """A token that is not of the user's text, such as one of a template; equal ones of several views are one unit.

    Attributes:
        text: what people see.
        key: tells it from others.
        template: that it belongs to; empty for none.
    """

    text: str
    key: Any
    template: str = ""


@dataclass
class View:
    """One sequence that a network reads.

    Attributes:
        ids: (L,) of its tokens, special ones too.
        means: (L,) what each place stands for: a `Span`, a `Literal`, or None for a special token, which stays in the
            baseline.
        inputs: what else the network is given, (L,) each, such as token_type_ids.
        extra: what else the classifier has to know of the view.
        units: (L,) the unit of each place, or `KEPT`; set by `Reading`.
    """

    ids: Sequence[int]
    means: Sequence[Span | Literal | None]
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    extra: Any = None
    units: list[int] = field(default_factory=list)


@dataclass
class Reading:
    """A text in all its views, and the units that get a score: spans of the text first, literals behind them.

    Tokens whose spans overlap (the bytes of one character) are one unit, so spans are disjoint and in order.

    Args:
        fields: name → the user's own string.
        views: of the text.
        cut: whether the classifier leaves characters out because the text is too long.

    Example:
        >>> bytes_of_a_character = [Span("text", 0, 1), Span("text", 1, 2), Span("text", 1, 2)]
        >>> reading = Reading({"text": "电网"}, [View([1, 5, 6, 7, 2], [None, *bytes_of_a_character, None])])
        >>> reading.units, reading.views[0].units
        ([Span(field='text', start=0, end=1), Span(field='text', start=1, end=2)], [-1, 0, 1, 1, -1])
    """

    fields: Mapping[str, str]
    views: Sequence[View]
    cut: bool = False
    units: list[Span | Literal] = field(init=False)

    def __post_init__(self) -> None:
        meant = [means for view in self.views for means in view.means if means is not None]
        spans = _disjoint((means for means in meant if isinstance(means, Span)), list(self.fields))
        literals = list(dict.fromkeys(means for means in meant if isinstance(means, Literal)))
        self.units = [*spans, *literals]
        numbers = {unit: number for number, unit in enumerate(self.units)}
        order = {name: number for number, name in enumerate(self.fields)}
        starts = [(order[span.field], span.start) for span in spans]
        for view in self.views:
            view.units = [
                KEPT
                if means is None
                else numbers[means]
                if isinstance(means, Literal)
                else bisect_right(starts, (order[means.field], means.start)) - 1
                for means in view.means
            ]

    @property
    def spans(self) -> int:
        """How many units are spans of the text; they come first."""
        return sum(isinstance(unit, Span) for unit in self.units)

    @property
    def positions(self) -> int:
        """Positions of all views together: what one row costs."""
        return sum(len(view.ids) for view in self.views)


def _disjoint(spans: Iterable[Span], fields: Sequence[str]) -> list[Span]:
    """Spans by field and place, overlapping ones made one."""
    found: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (fields.index(span.field), span.start, span.end)):
        if found and found[-1].field == span.field and span.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, span.end))
        else:
            found.append(span)
    return found
