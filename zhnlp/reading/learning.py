"""One network learns from its part of the questions, and the other part chooses the best pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zhnlp.mining.progress import Progress
from zhnlp.reading.engines.base import Engine, Known
from zhnlp.reading.examples import Example
from zhnlp.reading.holding_out import Parts
from zhnlp.reading.rows import items
from zhnlp.reading.training import ReadingTraining, train

Answers = Callable[[Sequence[Example]], Sequence[str]]


def learn(
    engine: Engine,
    parts: Parts,
    answers: Answers,
    *,
    seed: int = 0,
    out: Path | None = None,
    progress: bool | None = None,
    training: dict[str, Any] | None = None,
    known: Known | None = None,
) -> list[dict[str, float]]:
    """Train an engine in place; returns the evaluations, one a pass.

    Args:
        parts: questions to learn from, and those held out, which may be none.
        answers: what the engine answers to questions, always something.
        training: of `ReadingTraining`; the rate and its schedule are the engine's where nothing is said.
        known: held-out questions as they were read, filled here, so that no pass reads them anew.

    Raises:
        ValueError: no question to learn from has an answer, or a setting is out of its range.
    """
    rows, held_out = parts
    given = {"learning_rate": engine.rate, "body_rate": engine.body_rate, "schedule": engine.schedule}
    given |= {"seed": seed, "progress": progress}
    settings = ReadingTraining(**{**given, "out": out, **(training or {})})
    with Progress(progress).stage("read questions", len(rows), "question") as bar:
        learnt = items(engine, rows, bar)
    scored = [row for row in held_out if row.texts]
    return train(
        engine,
        learnt,
        items(engine, held_out, known=known) if scored else [],  # else nothing to choose by
        settings,
        score=lambda: _scored(answers(scored), scored),
        show=lambda count: _shown(answers(scored[:count]), scored[:count]),
    )


def _scored(answers: Sequence[str], rows: Sequence[Example]) -> dict[str, float]:
    from zhnlp.metrics import evaluate_reading

    found = evaluate_reading(list(answers), [list(row.texts) for row in rows], samples=0)
    return {name: found[name] for name in ("f1", "em")}


def _shown(answers: Sequence[str], rows: Sequence[Example]) -> list[str]:
    return [f"{row.question}  {one}  |  {row.texts[0]}" for row, one in zip(rows, answers)]
