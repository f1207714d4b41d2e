"""``zhnlp explain``: which characters decided."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.options import Encoding, Progress, TextField
from zhnlp.cli.refusals import check_apart, check_place, mendable

if TYPE_CHECKING:
    from zhnlp.attribution import Explanation

_TABLES = (".html", ".csv", ".tsv", ".jsonl", ".parquet")


@app.command(epilog="Example: zhnlp explain 服务太差了，再也不来 --labels 正面=好,满意 --labels 负面=差")
@mendable
def explain(
    texts: Annotated[list[str] | None, typer.Argument(help="A text, or several.", show_default=False)] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(help="Read the texts of a file, folder or pattern instead, or of - for standard input."),
    ] = None,
    pair: Annotated[
        bool, typer.Option("--pair", help="TEXTS are pairs, two by two; --file has columns text_a, text_b.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of a classifier; with --labels of a language model (default: zhnlp-mlm-small)."
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            help="label=word,word (again for each label), or labels with commas between: a zero-shot classifier."
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(help="Of that classifier: {text}。总之，很{mask}。 Several are averaged."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Label to explain; default: the one that is chosen.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="integrated-gradients, gradient, gradient-x-input or occlusion.")
    ] = "integrated-gradients",
    baseline: Annotated[
        str, typer.Option(help="No token is: pad, mask, zero or mean; auto: mask of a prompt, else pad.")
    ] = "auto",
    steps: Annotated[str, typer.Option(help="Points of integrated gradients, or auto.")] = "50",
    output: Annotated[str, typer.Option(help="What is explained: logit or probability.")] = "logit",
    words: Annotated[bool, typer.Option("--words", help="Show words instead of tokens.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the heat maps as a page.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write the most telling words of each label: .html, .tsv, .csv, .jsonl."),
    ] = None,
    min_count: Annotated[
        int, typer.Option(help="Of --report: occurrences below which a word is left out.", min=1)
    ] = 2,
    language: Annotated[str, typer.Option(help="Language of the pages: en or zh.")] = "en",
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    device: Annotated[str | None, typer.Option(help='Such as "cpu" or "cuda:0".')] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    format: Annotated[str, typer.Option(help="text: heat maps; jsonl: a line a text.")] = "text",
    progress: Progress = None,
) -> None:
    """Show which characters of a text speak for a label, and which against it."""
    from zhnlp import pipeline
    from zhnlp.attribution import render_page, telling_words
    from zhnlp.attribution.page_labels import labels as page_labels
    from zhnlp.cli.label_option import parse_labels
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.text.files import write_whole

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    page_labels(language)
    _check_texts(texts, file)
    _check_places(file, html, report)
    pipe = pipeline(
        "explain",
        model,
        labels=parse_labels(labels),
        template=(template[0] if len(template) == 1 else template) if template else None,
        method=method,
        baseline=baseline,
        steps=int(steps) if steps.isdecimal() else steps,
        output=output,
        device=device,
        revision=revision,
        progress=False if file else progress,  # a bar of bytes is enough
    )
    network = pipe.explainer.network
    fields = network.pair if pair else network.fields
    if fields is None:
        raise ValueError(
            "--pair and a classifier of single texts: expected one of pairs. Next: leave --pair out, or "
            "--template '{text_a}？{mask}，{text_b}'"
        )
    given = _read(file, fields, text_field, encoding, Bar(progress)) if file else _taken(texts, fields)
    found: Iterable[Explanation] = _printed(pipe(given, target), format, "words" if words else "tokens")
    if html is not None:
        found = list(found)  # the page needs all of them
        write_whole(html, render_page(found, language=language))
    if report is None:
        for _ in found:
            pass
        return
    table = telling_words(found, min_count=min_count)
    if report.suffix.lower() == ".html":
        table.report(report, language=language)
    else:
        table.save(report)


def _check_texts(texts: list[str] | None, file: list[str] | None) -> None:
    """Refuse no text, two sources of texts, and names of files where texts belong."""
    if bool(texts) == bool(file):
        got = "texts and --file" if texts else "no text"
        raise ValueError(
            f"explain got {got}: expected TEXTS or --file FILE. Next: zhnlp explain 服务太差了 --labels …, or zhnlp explain --file "
            "reviews.txt --labels …"
        )
    for text in texts or ():
        if text == "-" or (found := _there(text)) is not None:
            kind = "standard input" if text == "-" else found
            raise ValueError(
                f"explain got {text!r} as a text, and it is {kind}: expected the text itself. Next: --file {text} explains the texts "
                f"in it; if {text!r} is your text: printf '%s' '{text}' | zhnlp explain --file - …"
            )


def _there(text: str) -> str | None:
    """What stands under that name on the disk; None for nothing, and for what can be no name."""
    try:
        return ("a folder" if Path(text).is_dir() else "a file") if text and Path(text).exists() else None
    except (OSError, ValueError):  # too long for a name, or with a null
        return None


def _check_places(file: list[str] | None, html: Path | None, report: Path | None) -> None:
    check_place(html, "--html")
    check_place(report, "--report")
    check_apart([one for one in file or () if one != "-"], {"--html": html, "--report": report})
    if report is not None and report.suffix.lower() not in _TABLES:
        raise ValueError(
            f"--report {report} ends in {report.suffix or 'nothing'!r}: expected {', '.join(_TABLES[:-1])} or {_TABLES[-1]}. "
            "Next: --report words.html"
        )


def _taken(texts: list[str], fields: Sequence[str]) -> list[Any]:
    """The arguments as texts, or as pairs."""
    if len(fields) == 1:
        return texts
    if len(texts) % 2:
        raise ValueError(
            f"explain got {len(texts)} texts for a classifier of pairs: expected two a pair. Next: zhnlp explain 今天下雨了 外面没有太阳 …"
        )
    return list(zip(texts[::2], texts[1::2]))


def _read(
    file: list[str], fields: Sequence[str], text_field: str | None, encoding: str, bar: Any
) -> Iterator[Any]:
    """The texts, or pairs, of files; what was broken is said at the end."""
    from zhnlp.cli.documents import say_faults, stream_documents
    from zhnlp.text import Corpus, CorpusError

    if len(fields) > 1:
        names = text_field.split(",") if text_field else []
        yield from _rows(file, sorted(fields), names, None, encoding)
        return
    corpus, read = Corpus.from_paths(file, text_field=text_field, encoding=encoding), False
    try:
        for text in stream_documents(corpus, bar, "explain"):
            read = True
            if text.strip():
                yield text
    except CorpusError:  # no header, which is how classify reads --train too
        if read or text_field or not all(one.lower().endswith(".tsv") for one in file):
            raise
        print(
            f"{', '.join(file)}: no column is named text, so each line is a text, a tab, a label",
            file=sys.stderr,
        )
        for row in _rows(file, ["text"], [], "label", encoding):
            yield row["text"]
    else:
        say_faults(corpus)


def _rows(
    file: list[str], fields: list[str], names: list[str], label: str | None, encoding: str
) -> Iterator[dict[str, str]]:
    from zhnlp.text.columns import Columns, read_rows
    from zhnlp.text.report import CorpusReport

    report = CorpusReport()
    yield from read_rows(file, Columns(fields, names, label), report, encoding=encoding)
    if report.skipped or report.examples or not report.documents:
        print(f"{', '.join(file)}: {report}", file=sys.stderr)


def _printed(found: Iterable[Explanation], format: str, of: str) -> Iterator[Explanation]:
    """The explanations, each printed as it passes."""
    for number, one in enumerate(found):
        if format == "jsonl":
            print(json.dumps(one, ensure_ascii=False))
        else:
            print(("\n" if number else "") + one.to_text(of=of))
        yield one
