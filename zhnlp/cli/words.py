"""``zhnlp words``: find the words of raw text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.options import (
    Duplicates,
    Encoding,
    Files,
    Format,
    Memory,
    Out,
    Progress,
    Report,
    Runs,
    Strict,
    TextField,
    Threads,
    Unit,
    Workdir,
)
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.tables import check_table_places, hand_over

COLUMNS = {
    "word": lambda row: row["word"],
    "count": lambda row: row["count"],
    "documents": lambda row: row["document_count"],
    "score": lambda row: row["score"],
    "pmi": lambda row: row["pmi"],
    "left_entropy": lambda row: row["left_entropy"],
    "right_entropy": lambda row: row["right_entropy"],
    "known": lambda row: "known" if row["known"] else "new",
}


@app.command(epilog="Example: zhnlp words corpora/power_grid/*.txt --min-count 5 --top 20 --out words.csv")
@mendable
def words(
    files: Files,
    out: Out = None,
    format: Format = None,
    report: Report = None,
    segmenter: Annotated[
        Path | None,
        typer.Option(help="Also learn a segmenter and write its weights (.csv, .jsonl) for zhnlp segment."),
    ] = None,
    method: Annotated[
        str, typer.Option(help="ngram, min-entropy, boundary-entropy, pmi-cut or lm.")
    ] = "ngram",
    max_length: Annotated[int, typer.Option(help="Longest word, in symbols (1-12).")] = 8,
    min_count: Annotated[int, typer.Option(help="Occurrences below which nothing is a word.")] = 5,
    min_score: Annotated[
        float | None, typer.Option(help="Least score (log-odds); default: the method's own.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(help="Words at most; on a terminal without --out 50 are shown.")
    ] = None,
    reference: Annotated[
        str, typer.Option(help="What is known: jieba, a dictionary file, or none.")
    ] = "jieba",
    new_only: Annotated[bool, typer.Option("--new-only", help="Leave known words out.")] = False,
    runs: Runs = "symbol",
    memory: Memory = None,
    workdir: Workdir = None,
    threads: Threads = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    duplicates: Duplicates = "keep",
    strict: Strict = False,
    entropy: Annotated[
        bool, typer.Option("--entropy", help="Print bits per character and per word.")
    ] = False,
    progress: Progress = None,
) -> None:
    """Find the words of raw text and rank them."""
    from zhnlp.mining.discoverer import WordDiscoverer
    from zhnlp.text import Corpus

    check_table_places(out, format, report)
    check_place(segmenter, "--segmenter")
    discoverer = WordDiscoverer(
        method,
        max_length=max_length,
        min_count=min_count,
        min_score=min_score,
        top=top,
        reference=None if reference == "none" else reference,
        new_only=new_only,
        runs=runs,
        memory=memory,
        workdir=workdir,
        threads=threads,
        progress=progress,
    )
    discoverer.progress.speaks = progress is not False
    corpus = Corpus.from_paths(
        files, text_field=text_field, encoding=encoding, unit=unit, duplicates=duplicates, strict=strict
    )
    table = discoverer.fit(corpus).freeze()
    say = discoverer.progress.say
    say(discoverer.corpus_summary())
    hand_over(table, COLUMNS, out, format, say, all_rows=top is not None)
    if segmenter is not None:
        discoverer.to_segmenter().save(segmenter)
        say(f"segmenter → {segmenter}")
    if entropy:
        print(discoverer.entropy_report(), file=sys.stderr)
    if report is not None:
        table.report(report)
        say(f"report → {report}")
