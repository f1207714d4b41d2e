"""``zhnlp read``: answers of questions, with their places, from passages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.options import Encoding, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable

COLUMNS = ("question", "answer", "score", "no_answer", "passage", "start", "end", "evidence")
AROUND = 20  # characters of the evidence on either side


@app.command(
    epilog="Example: zhnlp read 变压器多久检修一次 manuals/*.txt --model my-reader --html answer.html"
)
@mendable
def read(
    question: Annotated[
        str | None, typer.Argument(help="The question; or give --questions.", show_default=False)
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Passages: files, folders, patterns, or - for standard input.", show_default=False
        ),
    ] = None,
    passage: Annotated[
        list[str] | None, typer.Option(help="A passage, as text; again for more.", show_default=False)
    ] = None,
    questions: Annotated[
        list[Path] | None,
        typer.Option(
            help="Questions with their own passages instead: JSON of SQuAD, CMRC2018, DRCD or WebQA, or JSONL with question and context or passages."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Folder of zhnlp train reader; default: zhnlp-reader-small."),
    ] = None,
    nearest: Annotated[
        int | None,
        typer.Option(help="Read only so many passages of FILES, those that BM25 finds nearest.", min=1),
    ] = None,
    top_k: Annotated[
        int, typer.Option(help="Candidates of each question in JSON lines and on the page.", min=1)
    ] = 5,
    threshold: Annotated[
        float | None,
        typer.Option(help="Chances of start and end must be above it; default: of the reader."),
    ] = None,
    max_answer_length: Annotated[
        int | None,
        typer.Option(help="Characters of the longest answer; default: what was learnt.", min=1),
    ] = None,
    vote: Annotated[
        str, typer.Option(help="Over passages: smooth_square, square, sum, max or mean.")
    ] = "smooth_square",
    no_answer: Annotated[
        float, typer.Option(help="Chance of no answer above which none is given, 0 to 1.")
    ] = 0.5,
    json_lines: Annotated[
        bool, typer.Option("--json", help="A JSON line a question, with candidates, instead of a table.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; .jsonl writes JSON lines.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page of the passages with the evidence marked.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the page: en or zh.")] = "en",
    device: Annotated[str | None, typer.Option(help='Such as "cpu" or "cuda:0".')] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    progress: Progress = None,
) -> None:
    """Find the answers of questions in passages, and where they stand; an empty answer where there is none.

    Columns: question, answer, score (of "" the chance that there is none), no_answer (that chance), passage (its number, from 0), start,
    end (characters in it), evidence (the answer in 【】 and what stands around it).
    """
    from zhnlp import pipeline
    from zhnlp.text.files import write_whole

    _check_asked(question, files, passage, questions, nearest)
    if language not in ("en", "zh"):
        raise ValueError(f"--language {language} is not known: expected en or zh")
    check_place(out, "--out")
    check_place(html, "--html")
    check_apart(
        [one for one in [*(files or ()), *(questions or ())] if one != "-"], {"--out": out, "--html": html}
    )
    pipe = pipeline(
        "reading-comprehension",
        model,
        top_k=top_k,
        threshold=threshold,
        max_answer_length=max_answer_length,
        vote=vote,
        no_answer=no_answer,
        device=device,
        progress=progress,
    )
    asked: Iterable[tuple[str, list[str]]]
    if questions:
        asked = _given(questions)
    else:
        texts = [*(passage or ()), *_documents(files, text_field, encoding, unit, progress)]
        if not any(text.strip() for text in texts):
            raise ValueError("the passages hold no text: expected one or more that do")
        asked = [(question, _nearest(question, texts, nearest))]
    as_json = json_lines or (out is not None and out.suffix.lower() in (".jsonl", ".ndjson"))
    shown: list[dict[str, Any]] = []
    write_lines(_lines(pipe, asked, as_json, shown if html is not None else None), out)
    if html is not None:
        from zhnlp.reading.page import render_page

        write_whole(html, render_page(shown, language=language))


def _check_asked(
    question: str | None,
    files: list[str] | None,
    passage: list[str] | None,
    questions: list[Path] | None,
    nearest: int | None,
) -> None:
    """Refuse no question, no passage, and both ways of giving them at once."""
    if bool(question) == bool(questions):
        got = "a question and --questions" if question else "no question"
        raise ValueError(
            f"read got {got}: expected QUESTION with FILES or --passage, or --questions FILE. Next: zhnlp read 谁写的红楼梦 --passage "
            "红楼梦是曹雪芹写的。"
        )
    if question and not question.strip():
        raise ValueError("the question is blank: expected some text")
    if question and not (files or passage):
        raise ValueError("read got a question without passages: expected FILES or --passage TEXT")
    if questions and (files or passage or nearest):
        raise ValueError(
            "read got --questions, which has its own passages, and others: expected one of them. Next: leave FILES, --passage and "
            "--nearest out"
        )


def _documents(
    files: list[str] | None, text_field: str | None, encoding: str, unit: str, progress: bool | None
) -> list[str]:
    """The passages of files, blank ones left out; what was broken is said."""
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.text import Corpus

    if not files:
        return []
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    found = [text for text in stream_documents(corpus, Bar(progress), "passages") if text.strip()]
    say_faults(corpus)
    return found


def _nearest(question: str, texts: list[str], most: int | None) -> list[str]:
    """The passages to read, in their order."""
    from zhnlp.reading.passage_search import PassageSearch

    if most is None or most >= len(texts):
        return texts
    chosen = sorted(place for place, _ in PassageSearch(texts).best(question, most))
    return [texts[place] for place in chosen] or texts[:most]


def _given(paths: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """Questions of files with their passages."""
    from zhnlp.reading.forms import raw

    for path in paths:
        for one in raw(path):
            yield one.question, list(one.passages)


def _lines(
    pipe: Any, asked: Iterable[tuple[str, list[str]]], as_json: bool, shown: list[dict[str, Any]] | None
) -> Iterator[str]:
    """A line for each question, and the rows of the page where one is wanted."""
    if not as_json:
        yield "\t".join(COLUMNS)
    kept, first, second = tee(asked, 3)
    found = pipe(question=(question for question, _ in first), passages=(texts for _, texts in second))
    for (question, texts), one in zip(kept, found):
        if shown is not None:
            shown.append({"question": question, "passages": texts, "found": one})
        yield (
            json.dumps({"question": question, **one}, ensure_ascii=False)
            if as_json
            else _row(question, texts, one)
        )


def _row(question: str, texts: list[str], found: dict[str, Any]) -> str:
    where = ("", "", "", "")
    if found["answer"]:
        text, start, end = texts[found["passage"]], found["start"], found["end"]
        evidence = f"{text[max(0, start - AROUND) : start]}【{found['answer']}】{text[end : end + AROUND]}"
        where = (found["passage"], start, end, evidence)
    fields = (question, found["answer"], f"{found['score']:.4f}", f"{found['no_answer']:.4f}", *where)
    return "\t".join(
        " ".join(str(field).split()) if isinstance(field, str) else str(field) for field in fields
    )
