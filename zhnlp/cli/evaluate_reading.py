"""``zhnlp eval reading``: answers of a system, or of a model, against the right ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp.cli.evaluate import evaluate
from zhnlp.cli.options import Progress
from zhnlp.cli.refusals import mendable

METRICS = ("cmrc", "factoids")


@evaluate.command("reading", epilog="Example: zhnlp eval reading answers.json --gold dev.json")
@mendable
def evaluate_answers(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Answers: JSON {id: answer}, JSONL with id and answer, or lines id<TAB>answer; or give --model."
        ),
    ] = None,
    gold: Annotated[
        list[str] | None,
        typer.Option(
            help="Questions with right answers: JSON of SQuAD, CMRC2018, DRCD or WebQA, or JSONL; again for more."
        ),
    ] = None,
    synonyms: Annotated[
        Path | None, typer.Option(help="Right answers with synonyms, lines id<TAB>answer<TAB>a|b|c.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="cmrc: EM and F1; factoids: the score of SogouQA and WebQA. Default: factoids with --synonyms, else cmrc."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Reader that answers the questions of --gold, in place of FILE.")
    ] = None,
    vote: Annotated[
        str, typer.Option(help="Of --model, over passages: smooth_square, square, sum, max or mean.")
    ] = "smooth_square",
    no_answer: Annotated[
        float, typer.Option(help="Of --model: chance of no answer above which none is given; 1: never.")
    ] = 1.0,
    samples: Annotated[int, typer.Option(help="Resamples of the interval; 0 for none.", min=0)] = 1000,
    seed: Annotated[int, typer.Option(help="Of the resamples.")] = 0,
    progress: Progress = None,
) -> None:
    """EM and F1 as CMRC2018 has them, or with --synonyms the score of SogouQA: half exact match, half F1 of characters."""
    from zhnlp.metrics import evaluate_factoids, evaluate_reading

    metric = metric or ("factoids" if synonyms else "cmrc")
    if metric not in METRICS:
        raise ValueError(f"--metric {metric} is not known: expected {' or '.join(METRICS)}")
    if (file is None) == (model is None):
        got = "FILE and --model" if model else "neither FILE nor --model"
        raise ValueError(f"got {got}: expected answers in a file, or a model that gives them")
    if not gold and (synonyms is None or model is not None):
        raise ValueError(
            "--gold is missing: expected the questions with their right answers. Next: --gold dev.json"
            + ("" if model else ", or --synonyms FILE")
        )
    ids, right, asked = _right(gold, synonyms)
    given = _read(file, ids) if model is None else _answered(model, asked, vote, no_answer, progress)
    score = (evaluate_reading if metric == "cmrc" else evaluate_factoids)(
        given, right, samples=samples, seed=seed
    )
    print(json.dumps(score, ensure_ascii=False, indent=1))


def _right(
    gold: list[str] | None, synonyms: Path | None
) -> tuple[list[str], list[list[str]], list[tuple[str, list[str]]]]:
    """Ids, right answers, and questions with passages (none without ``gold``), in one order."""
    from zhnlp.metrics.factoids import read_synonyms, right_answers
    from zhnlp.reading.forms import raw

    known = None if synonyms is None else read_synonyms(synonyms)
    if not gold:
        return list(known), list(known.values()), []
    ids, right, asked = [], [], []
    for path in gold:
        for one in raw(Path(path)):
            texts = [text for text, _, _ in one.answers]
            if not texts and known is None:
                continue  # CMRC and SogouQA ask for answers only
            ids.append(one.id)
            right.append(texts)
            asked.append((one.question, list(one.passages)))
    if not ids:
        raise ValueError(f"{', '.join(gold)} has no question with a right answer: expected one or more")
    if known is not None:
        try:
            right = right_answers(ids, known)
        except KeyError as error:
            raise ValueError(error.args[0]) from None
    return ids, right, asked


def _read(file: Path, ids: list[str]) -> list[str]:
    from zhnlp.reading.predictions import in_order, read_predictions

    if len(set(ids)) < len(ids):
        raise ValueError(
            "questions of --gold share an id, or have none: expected an id of its own for each, which the answers name"
        )
    return in_order(read_predictions(file), ids)


def _answered(
    model: str, asked: list[tuple[str, list[str]]], vote: str, no_answer: float, progress: bool | None
) -> list[str]:
    from zhnlp import pipeline

    pipe: Any = pipeline(
        "reading-comprehension", model, vote=vote, no_answer=no_answer, threshold=0.0, progress=progress
    )
    questions, passages = (list(part) for part in zip(*asked))
    return [one["answer"] for one in pipe(question=questions, passages=passages)]
