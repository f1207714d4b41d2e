"""From questions with passages to answers: windows, batches, chances, candidates, votes.

W windows of a question, S tokens of the longest of them.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypedDict

import numpy as np

from zhnlp.models.batching import batches_by_length, default_budget
from zhnlp.reading.best_spans import best_spans
from zhnlp.reading.engines.base import Engine, Known, Reading, Row, RowLogits, Tokens
from zhnlp.reading.long_passages import merge_windows, windows
from zhnlp.reading.no_answer import NoAnswer
from zhnlp.reading.spans import Spans, candidates, cut, sigmoid_chances, softmax_chances, span_scores
from zhnlp.reading.votes import RULES, Vote, vote
from zhnlp.text.width import fold_characters

QUESTIONS_AT_ONCE = 64
KEPT = 20  # candidates of a passage that vote
LOWEST = -1e5


class ReadAnswer(TypedDict):
    """What a question is answered with.

    Attributes:
        answer: ``passages[passage][start:end]``; "" for none.
        passage: its number; None for none.
        score: of the vote, 0 to 1 under "smooth_square" of one passage; of "" the chance that there is no answer.
        no_answer: chance that the passages hold no answer: calibrated, or what the passage that most likely has one leaves over
            ("softmax"), or the best single score ("sigmoid", whose passages have no chance apart from their spans).
        candidates: answers by falling score, each with the places that support it.
    """

    answer: str
    start: int
    end: int
    passage: int | None
    score: float
    no_answer: float
    candidates: list[Vote]


@dataclass(frozen=True)
class Answering:
    """How answers are chosen.

    Attributes:
        threshold: chances of a start and of an end must be above it, 0 to below 1.
        max_answer_length: characters of the longest answer.
        vote: rule over passages, see `zhnlp.reading.votes.vote_score`.
        top_k: candidates that are given.
        no_answer: calibrated chance of no answer above which "" is the answer; 1 for never.
        window, stride: tokens of a passage that are read at once, and from one such part to the next.
    """

    threshold: float = 0.1
    max_answer_length: int = 12
    vote: str = "smooth_square"
    top_k: int = 5
    no_answer: float = 1.0
    window: int = 512
    stride: int = 256

    def __post_init__(self):
        for name in ("max_answer_length", "top_k", "window", "stride"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value!r} is not possible: expected a whole number, 1 or more")
        if not 0 <= self.threshold < 1 or not 0 <= self.no_answer <= 1:
            raise ValueError(
                f"threshold={self.threshold!r}, no_answer={self.no_answer!r} is not possible: expected chances, 0 to 1"
            )
        if self.vote not in RULES:
            raise ValueError(f"vote got {self.vote!r}: expected one of {', '.join(RULES)}")
        if self.stride > self.window:
            raise ValueError(
                f"stride={self.stride} is above window={self.window}: tokens would be left out. Next: half of it"
            )


def answers(
    engines: Sequence[Engine],
    questions: Sequence[str],
    passages: Sequence[Sequence[str]],
    how: Answering,
    calibration: NoAnswer | None = None,
    known: Known | None = None,
) -> Iterator[ReadAnswer]:
    """An answer for each question, in order, some questions read together.

    Args:
        engines: that read texts alike; their chances are averaged.
        calibration: of the odds that there is an answer, see `PassageReader.calibrate`.
        known: remembers what was read, for questions that are put again; None to forget it.
    """
    for first in range(0, len(questions), QUESTIONS_AT_ONCE):
        part = slice(first, first + QUESTIONS_AT_ONCE)
        yield from _together(engines, questions[part], passages[part], how, calibration, known)


def _together(
    engines: Sequence[Engine],
    questions: Sequence[str],
    passages: Sequence[Sequence[str]],
    how: Answering,
    calibration: NoAnswer | None,
    known: Known | None,
) -> Iterator[ReadAnswer]:
    engine, cache = engines[0], {}
    readings = [engine.read(question, texts, cache, known) for question, texts in zip(questions, passages)]
    rows: list[Row] = []
    places: list[list[list[int]]] = []  # question → passage → numbers of its rows
    for of_question in readings:
        places.append([])
        for reading in of_question:
            cuts = _windows(engine, reading, how)
            places[-1].append(list(range(len(rows), len(rows) + len(cuts))))
            rows += [Row(reading, *one) for one in cuts]
    said = [_logits(one, rows) for one in engines]
    for texts, of_question, numbers in zip(passages, readings, places):
        yield _answer(engines, rows, said, texts, of_question, numbers, how, calibration)


def _windows(engine: Engine, reading: Reading, how: Answering) -> list[tuple[int, int]]:
    most = min(how.window, engine.most(reading.question) or how.window)
    return windows(len(reading.passage), most, min(how.stride, most))


def _logits(engine: Engine, rows: Sequence[Row]) -> list[RowLogits]:
    """Of all rows, in their order; rows of like lengths share a batch."""
    found: list[Any] = [None] * len(rows)
    lengths = [row.last - row.first + engine.begin(row) for row in rows]
    if engine.network.training:
        engine.network.eval()  # which takes half a millisecond
    for batch in batches_by_length(lengths, token_budget=2 * default_budget(engine.device)):
        for number, logits in zip(batch, engine.logits([rows[number] for number in batch])):
            found[number] = logits
    return found


def _chances(
    engines: Sequence[Engine],
    said: Sequence[Sequence[RowLogits]],
    numbers: Sequence[int],
    passages: Sequence[int],
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Chances of starts and ends (W, S) of the windows of a question, averaged over engines, and the odds of the best passage.

    A softmax goes over all windows of a passage, as it was learnt; shared out over passages, an answer that two of them give
    would get half in each, and votes for it would count against it.  Spans of a wrong passage may be as sure as those of the right
    one, so they count by the passage's chance, and by its odds against those of the best passage.  For "sigmoid" there are no odds: its
    passages learn nothing apart from their spans.
    """
    sums: list[np.ndarray] = []
    logit = np.zeros(len(numbers))
    for engine, logits in zip(engines, said):
        chosen = [logits[number] for number in numbers]
        size = max(len(one.start) for one in chosen)
        start, end = np.full((2, len(chosen), size), LOWEST, np.float32)
        for place, one in enumerate(chosen):
            start[place, : len(one.start)], end[place, : len(one.end)] = one.start, one.end
        passage = np.array([one.passage for one in chosen], np.float32)
        if engine.span_kind == "sigmoid":
            pair = sigmoid_chances(start, end, passage)
        else:
            whole = (0.5 + 0.5 * np.tanh(0.5 * passage)) * np.exp(0.5 * (passage - passage.max()))
            pair = tuple(part * whole[:, None] for part in softmax_chances(start, end, groups=passages))
            logit += passage / len(engines)
        sums = list(pair) if not sums else [total + part for total, part in zip(sums, pair)]
    odds = None if engines[0].span_kind == "sigmoid" else float(np.exp(logit.max()))
    return sums[0] / len(engines), sums[1] / len(engines), odds


def _answer(
    engines: Sequence[Engine],
    rows: Sequence[Row],
    said: Sequence[Sequence[RowLogits]],
    texts: Sequence[str],
    readings: Sequence[Reading],
    numbers: Sequence[Sequence[int]],
    how: Answering,
    calibration: NoAnswer | None,
) -> ReadAnswer:
    flat = [number for of_passage in numbers for number in of_passage]
    found: list[list[dict[str, Any]]] = [[] for _ in texts]
    odds: float | None = None
    if flat:
        owners = [passage for passage, own in enumerate(numbers) for _ in own]
        start, end, odds = _chances(engines, said, flat, owners)
        cuts = [[(rows[number].first, rows[number].last) for number in own] for own in numbers]
        for passage, spans in enumerate(_spans(start, end, cuts, how)):
            found[passage] = _candidates(spans, texts[passage], readings[passage].passage, how)
    plain = all(_same(text) == text for text in texts)
    ranked = vote(found, how.vote, key=None if plain else _same, limit=how.top_k)
    if odds is None:
        single = max((one["score"] for of_passage in found for one in of_passage), default=0.0)
        odds = single / max(1 - single, 1e-9)
    absent = 1 / (1 + odds) if calibration is None else float(calibration(odds))
    if not ranked or (calibration is not None and absent > how.no_answer):
        none = {"answer": "", "start": 0, "end": 0, "passage": None, "score": absent}
        return {**none, "no_answer": absent, "candidates": ranked}
    first = ranked[0]
    return {
        **{name: first[name] for name in ("answer", "start", "end", "passage", "score")},
        "no_answer": absent,
        "candidates": ranked,
    }


def _spans(
    start: np.ndarray, end: np.ndarray, cuts: Sequence[Sequence[tuple[int, int]]], how: Answering
) -> Iterator[Spans]:
    """The best spans of each passage; windows of a passage lie one below the other in the chances."""
    options = {"max_length": how.max_answer_length, "threshold": how.threshold}
    if all(len(own) == 1 for own in cuts):
        spans = best_spans(start, end, limit=KEPT, **options)
        borders = np.searchsorted(spans.row, np.arange(len(cuts) + 1)).tolist()
        for first, last in pairwise(borders):
            yield Spans(*(column[first:last] for column in spans))
        return
    begin = 0
    for own in cuts:
        part = slice(begin, begin + len(own))
        begin += len(own)
        if len(own) > 1:
            yield candidates(merge_windows(span_scores(start[part], end[part], **options), own), limit=KEPT)
        else:
            yield best_spans(start[part], end[part], limit=KEPT, **options)


def _candidates(spans: Spans, text: str, tokens: Tokens, how: Answering) -> list[dict[str, Any]]:
    """Spans of a passage, cut from its text; those with too many characters are left out."""
    made = []
    starts, ends, offsets = spans.start, spans.end, tokens.offsets
    if (
        offsets[:, 1] > offsets[:, 0]
    ).all():  # every token has characters, so two of them say where a span is
        starts, ends, offsets = offsets[starts, 0], offsets[ends - 1, 1], None
    for start, end, score in zip(starts.tolist(), ends.tolist(), spans.score.tolist()):
        one = cut(text, start, end, offsets)
        if one["answer"] and len(one["answer"]) <= how.max_answer_length:
            one["score"] = min(score, 1.0)
            made.append(one)
    return made


def _same(text: str) -> str:
    return fold_characters(text).lower()
