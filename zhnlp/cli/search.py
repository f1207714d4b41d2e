"""``zhnlp search``: the nearest known questions of new ones."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.options import Encoding, Progress, TextField
from zhnlp.cli.refusals import check_apart, check_place, mendable

if TYPE_CHECKING:
    from zhnlp.similarity.faq_index import FAQIndex

_TOGETHER = 1_024  # queries of a file searched at a time


@app.command(epilog="Example: zhnlp search corpora/faq/shop.csv 钱什么时候退给我 --k 3")
@mendable
def search(
    source: Annotated[
        str,
        typer.Argument(
            help="Questions: a .csv, .tsv, .jsonl or .parquet with columns question, answer, id; or a folder of --save.",
            show_default=False,
        ),
    ],
    queries: Annotated[
        list[str] | None, typer.Argument(help="A question, or several.", show_default=False)
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(help="Read the questions, a line each, of a file instead, or of - for standard input."),
    ] = None,
    k: Annotated[int, typer.Option("--k", "-k", help="Hits of a question.", min=1)] = 5,
    threshold: Annotated[
        str,
        typer.Option(help="A cosine, none, or auto: calibrated, or taken from questions that share an id."),
    ] = "auto",
    above: Annotated[bool, typer.Option("--above", help="Show only hits that reach the threshold.")] = False,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="A shipped name, a folder or a Hub id (default: zhnlp-sentence-small, characters alone)."
        ),
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="exact (default), faiss or usearch; of a folder: as it was saved.")
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="float32 (default), float16, int8 or int8+float32; of a folder: as it was saved."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Names of the columns: question, or question,answer, or question,answer,id."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Calibrate on a file of labelled pairs (text_a, text_b, label 0 or 1), held out."),
    ] = None,
    precision: Annotated[
        float, typer.Option(help="Of --pairs: share of right ones that is asked for.")
    ] = 0.95,
    save: Annotated[Path | None, typer.Option(help="Folder to keep the index in.")] = None,
    map: Annotated[
        Path | None, typer.Option(help="Also draw the questions on a plane: .html, .png, .svg, .pdf, .jsonl.")
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="A JSON line a question instead of a table.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; .jsonl writes JSON lines.")
    ] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    progress: Progress = None,
) -> None:
    """Find the known questions that are nearest to new ones, in the order of the new ones.

    Columns: query, rank, score (cosine), above (whether it reaches the threshold), id, question, answer.
    """
    from zhnlp.mining.progress import Progress as Bar

    if queries and file:
        raise ValueError("got questions and --file: expected one of them")
    if not (queries or file or save or map):
        raise ValueError(
            "there is nothing to do: expected questions, --file, --save or --map. Next: zhnlp search --help"
        )
    check_place(out, "--out")
    check_place(map, "--map")
    check_place(save, "--save", folder=True)
    check_apart(
        [source, *(one for one in file or () if one != "-")],
        {"--out": out, "--map": map, "--save": None if save is None or save == Path(source) else save},
    )
    limit = threshold if threshold == "auto" else None if threshold == "none" else _cosine(threshold)
    bar = Bar(progress)
    index = _index(source, encoder, backend, dtype, columns, encoding, progress)
    if pairs is not None:
        print(_calibrated(index, pairs, precision, encoding), file=sys.stderr)
    if save is not None:
        index.save(save)
        bar.say(f"{len(index):,} questions → {save}")
    if map is not None:
        from zhnlp.similarity.faq_map import map_faq

        map_faq(index).save(map)
        bar.say(f"map → {map}")
    if not (queries or file):
        return
    plain = not (json_lines or (out is not None and out.suffix.lower() in (".jsonl", ".ndjson")))
    given = iter(queries) if queries else _read(file, text_field, encoding, bar)
    write_lines(_lines(index, given, k, limit, above, plain), out)


def _cosine(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--threshold {text}: expected a cosine such as 0.8, auto or none") from None


def _index(
    source: str,
    encoder: str | None,
    backend: str | None,
    dtype: str | None,
    columns: str | None,
    encoding: str,
    progress: bool | None,
) -> FAQIndex:
    """The index of a folder, or of the questions of a file."""
    from zhnlp.similarity.faq_files import read_faq
    from zhnlp.similarity.faq_index import FAQIndex

    if Path(source).is_dir() and (Path(source) / "faq.json").exists():
        if backend or dtype or columns:
            raise ValueError(
                f"{source} is an index: expected no --backend, --dtype or --columns, which count when it is built. Next: build it "
                "again from its questions"
            )
        return FAQIndex.load(source, encoder, progress=progress)
    index = FAQIndex(encoder, backend or "exact", dtype or "float32", progress=progress)
    names = [name.strip() for name in columns.split(",")] if columns else ()
    found = read_faq(source, names=names, encoding=encoding)
    if found.report.examples or found.report.skipped:
        print(found.report, file=sys.stderr)
    index.add(found.questions, found.answers, found.ids)
    return index


def _calibrated(index: FAQIndex, pairs: Path, precision: float, encoding: str) -> str:
    """What the calibration on a file of pairs promises."""
    from zhnlp.similarity.faq_threshold import statement
    from zhnlp.text.columns import Columns, read_labelled
    from zhnlp.text.report import CorpusReport

    rows, labels = read_labelled(
        pairs, Columns(("text_a", "text_b")), CorpusReport(), labels=("0", "1"), encoding=encoding
    )
    index.calibrate(
        [(row["text_a"], row["text_b"]) for row in rows], [label == "1" for label in labels], precision
    )
    return statement(index.calibration)


def _read(file: list[str], text_field: str | None, encoding: str, bar: object) -> Iterator[str]:
    from zhnlp.text import Corpus

    corpus = Corpus.from_paths(file, text_field=text_field, encoding=encoding)
    yield from (text for text in stream_documents(corpus, bar, "search") if text.strip())
    say_faults(corpus)


def _lines(
    index: FAQIndex, queries: Iterable[str], k: int, limit: object, above: bool, plain: bool
) -> Iterator[str]:
    if plain:
        yield "\t".join(("query", "rank", "score", "above", "id", "question", "answer"))
    batch: list[str] = []
    for query in queries:
        batch.append(query)
        if len(batch) == _TOGETHER:
            yield from _found(index, batch, k, limit, above, plain)
            batch = []
    if batch:
        yield from _found(index, batch, k, limit, above, plain)


def _found(
    index: FAQIndex, queries: list[str], k: int, limit: object, above: bool, plain: bool
) -> Iterator[str]:
    for query, hits in zip(queries, index.search(queries, k, limit)):
        if above and hits[0]["above"] is None:
            raise ValueError(
                "--above, and no threshold is known: expected one. Next: --threshold 0.6, or --pairs FILE"
            )
        shown = [hit for hit in hits if hit["above"]] if above else hits
        if above and not shown:
            warnings.warn(f"no known question reaches the threshold for {query!r:.40}", stacklevel=1)
        if not plain:
            yield json.dumps({"query": query, "hits": shown}, ensure_ascii=False)
            continue
        for hit in shown:
            reached = {True: "yes", False: "no", None: ""}[hit["above"]]
            cells = (
                query,
                hit["rank"],
                f"{hit['score']:.4f}",
                reached,
                hit["id"],
                hit["question"],
                hit["answer"] or "",
            )
            yield "\t".join(" ".join(str(cell).split()) for cell in cells)
