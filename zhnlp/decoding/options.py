"""How to decode: every option in one frozen record that refuses what cannot be done."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Phrase: TypeAlias = tuple[int, ...]


class PerRow(tuple):
    """One value for each row of the prefix, for an option that otherwise holds for all of them.

    Example:
        >>> DecodingOptions(end=3, max_new_tokens=PerRow([5, 9]), forbidden=PerRow([[7], []])).forbidden
        (((7,),), ())
    """


@dataclass(frozen=True)
class DecodingOptions:
    """How the next token is chosen, and when a text ends.

    ``max_new_tokens``, ``forced``, ``forbidden``, ``allowed`` and ``seed`` may be `PerRow`.

    Attributes:
        end: id of the token that ends a text, or several; none where a text goes on to its limit.
        max_new_tokens: tokens to write at most, the end token included.
        min_new_tokens: tokens that a text has at least, the end token not counted.
        beams: hypotheses kept a row; 1 for greedy search, or for sampling.
        num_return: results a row, best first; at most ``beams``, any number when sampling.
        length_penalty: a score is the sum of log p over length to this power; 0: the sum, 1: the mean.
        early_stopping: a row is finished when as many texts as beams have ended and, if False, the best unended one, by its length
            so far, would not be better; if "never", not even by the best length it can reach; if True, at once.
        coverage: weight of the coverage penalty, 0 or more; needs the attention of the step.
        no_repeat_ngram: no n-gram of this length comes twice; 0: any may.
        repetition_penalty: above 1 makes tokens that were there already less likely.
        forced: phrases (ids) that each must occur in what is written; for greedy search and beams.
        forbidden: phrases that must not occur; an id by itself is a phrase of one.
        allowed: the only ids that are written, besides those of ``end``; None for all.
        count_prefix: whether the prefix counts for n-grams, repetition and the beginnings of forbidden phrases.
        sample: draw the next token by its probability instead of taking the best.
        temperature: above 0; smaller is safer and duller.
        top_k: draw among the likeliest so many; 0: all.
        top_p: draw among the likeliest that together have this probability, the one that crosses it included.
        seed: of what is drawn: row i of the prefix has the i-th stream of random numbers of this seed; with `PerRow` each row
            has the first stream of its own seed.  None: a seed of torch's generator.
        stop: strings at which a text ends; needs ``text``.
        keep_stop: whether the stop string stays in the text.

    Raises:
        TypeError: a value of the wrong kind.
        ValueError: one out of its range, or two that do not go together.

    Example:
        >>> DecodingOptions(end=3, max_new_tokens=20, beams=4, num_return=2).end
        (3,)
        >>> DecodingOptions(end=3, max_new_tokens=20, num_return=2)
        Traceback (most recent call last):
        ...
        ValueError: num_return=2 of 1 beam: expected 1, as greedy search finds one text. Next: beams=2, or sample=True
    """

    end: int | Sequence[int] | None
    max_new_tokens: int | PerRow
    min_new_tokens: int = 0
    beams: int = 1
    num_return: int = 1
    length_penalty: float = 1.0
    early_stopping: bool | str = False
    coverage: float = 0.0
    no_repeat_ngram: int = 0
    repetition_penalty: float = 1.0
    forced: Iterable[Any] = ()
    forbidden: Iterable[Any] = ()
    allowed: Iterable[Any] | None = None
    count_prefix: bool = True
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | PerRow | None = None
    stop: str | Sequence[str] = ()
    keep_stop: bool = False

    def __post_init__(self):
        self._normalise()
        for name, least in _COUNTS.items():
            values = getattr(self, name)
            for value in values if isinstance(values, PerRow) else [values]:
                if not _is_id(value) or value < least:
                    raise ValueError(
                        f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                    )
        for name, (low, high, said) in _RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not low < value <= high or math.isinf(value):
                raise ValueError(f"{name}={value!r} is not possible: expected {said}")
        if self.early_stopping not in (False, True, "never"):
            raise ValueError(
                f"early_stopping={self.early_stopping!r} is not known: expected False, True or 'never'"
            )
        longest = max(self.max_new_tokens) if isinstance(self.max_new_tokens, PerRow) else self.max_new_tokens
        if self.min_new_tokens > longest:
            raise ValueError(
                f"min_new_tokens={self.min_new_tokens} is above max_new_tokens={longest}: expected at most that"
            )
        for seed in self.seed if isinstance(self.seed, PerRow) else [self.seed]:
            if not (seed is None or (_is_id(seed) and 0 <= seed < 2**64)):
                raise ValueError(f"seed={seed!r} is not possible: expected 0 to {2**64 - 1:,}, or None")
        self._check_together()

    def _normalise(self) -> None:
        """Ids and phrases as tuples."""
        put = object.__setattr__
        end = () if self.end is None else [self.end] if _is_id(self.end) else self.end
        put(self, "end", _ids(end, "end"))
        for name in ("forced", "forbidden"):
            value = getattr(self, name)
            put(
                self,
                name,
                PerRow(_phrases(one, name) for one in value)
                if isinstance(value, PerRow)
                else _phrases(value, name),
            )
        if isinstance(self.allowed, PerRow):
            put(self, "allowed", PerRow(_ids(one, "allowed") for one in self.allowed))
        elif self.allowed is not None:
            put(self, "allowed", _ids(self.allowed, "allowed"))
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)
        if not all(isinstance(one, str) and one for one in stop):
            raise ValueError(
                f"stop={self.stop!r} is not possible: expected a string of a character or more, or several"
            )
        put(self, "stop", stop)

    def _check_together(self) -> None:
        """Refuse options that contradict one another, or that do nothing."""
        if self.sample and self.beams > 1:
            raise ValueError(
                f"beams={self.beams} with sample=True: expected one of them. Next: num_return={self.beams} to draw several texts"
            )
        if not self.sample and self.num_return > self.beams:
            if self.beams == 1:
                raise ValueError(
                    f"num_return={self.num_return} of 1 beam: expected 1, as greedy search finds one text. Next: "
                    f"beams={self.num_return}, or sample=True"
                )
            raise ValueError(f"num_return={self.num_return} of beams={self.beams}: expected at most as many")
        drawn = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
        idle = [
            f"{name}={getattr(self, name)}" for name, value in drawn.items() if getattr(self, name) != value
        ]
        if idle and not self.sample:
            raise ValueError(f"{', '.join(idle)} without sample=True does nothing: expected both or neither")
        if self.sample and any(self.forced):
            raise ValueError(
                "forced= with sample=True: expected one of them. Next: sample=False with beams=4 or more"
            )


_COUNTS = {
    "max_new_tokens": 1,
    "min_new_tokens": 0,
    "beams": 1,
    "num_return": 1,
    "no_repeat_ngram": 0,
    "top_k": 0,
}
_RANGES = {  # above, up to
    "length_penalty": (-math.inf, math.inf, "a number"),
    "coverage": (-5e-324, math.inf, "0 or more"),
    "repetition_penalty": (0.0, math.inf, "a number above 0; 1 changes nothing"),
    "temperature": (0.0, math.inf, "a number above 0. Next: sample=False always takes the likeliest token"),
    "top_p": (0.0, 1.0, "a number above 0, at most 1"),
}


def _is_id(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and not getattr(value, "ndim", 0)


def _ids(values: Any, name: str) -> Phrase:
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    if set(map(type, values)) - {int} or min(values, default=0) < 0:
        for value in values:
            if not _is_id(value) or value < 0:
                raise ValueError(f"{name} holds {value!r}: expected ids of tokens, 0 or more")
    return tuple(map(int, values))


def _phrases(values: Iterable[Any], name: str) -> tuple[Phrase, ...]:
    if isinstance(values, (str, bytes)):
        raise TypeError(
            f"{name} is a {type(values).__name__}: expected phrases as ids. Next: encode them with the tokenizer"
        )
    phrases = []
    for value in values:
        if isinstance(value, (str, bytes)):
            raise TypeError(
                f"{name} holds {value!r}: expected phrases as ids. Next: encode it with the tokenizer"
            )
        phrase = _ids([value] if _is_id(value) else value, name)
        if not phrase:
            raise ValueError(f"{name} holds an empty phrase: expected a token or more in each")
        phrases.append(phrase)
    return tuple(dict.fromkeys(phrases))
