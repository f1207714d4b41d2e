"""``zhnlp words``: find the words of raw text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.options import Encoding, Files, Out, Progress, TextField
from zhnlp.cli.refusals import check_place, mendable


@app.command(epilog="Example: zhnlp words corpora/power_grid/*.txt --min-count 5 --top 20 --out words.csv")
@mendable
def words(
    files: Files,
    out: Out = None,
    format: Annotated[
        str | None,
        typer.Option(help="jieba, hanlp, ik, list or tokenizer (a folder), whatever --out ends in."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write an HTML page with table, plots and contexts.")
    ] = None,
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
    runs: Annotated[str, typer.Option(help="Latin and digit runs: symbol, token or drop.")] = "symbol",
    memory: Annotated[str | None, typer.Option(help="Ceiling such as 2GB; more goes to disk.")] = None,
    workdir: Annotated[
        Path | None, typer.Option(help="Folder for counting out of core; a killed run resumes.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Workers; default: all processors.")] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Annotated[str, typer.Option(help="A document of a text file: line, paragraph or file.")] = "line",
    duplicates: Annotated[str, typer.Option(help="keep, exact or near: drop repeated documents.")] = "keep",
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first broken line.")] = False,
    entropy: Annotated[
        bool, typer.Option("--entropy", help="Print bits per character and per word.")
    ] = False,
    progress: Progress = None,
) -> None:
    """Find the words of raw text and rank them."""
    from zhnlp.mining.discoverer import WordDiscoverer
    from zhnlp.mining.export import check_format
    from zhnlp.mining.table import writer_of
    from zhnlp.text import Corpus

    if out is not None and format is None:
        writer_of(out)  # refuse a wrong ending before the work, not after
    elif format is not None:
        check_format(format)
        if out is None:
            raise ValueError(f"--format {format} needs --out: expected the name of a file or folder to write")
    check_place(out, "--out", folder=format == "tokenizer")
    check_place(report, "--report")
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
    if out is not None:
        table.save(out, format)
        say(f"{len(table):,} words → {out}")
    else:
        shown = table if top is not None or not sys.stdout.isatty() else table[:50]
        _print_words(shown)
    if segmenter is not None:
        discoverer.to_segmenter().save(segmenter)
        say(f"segmenter → {segmenter}")
    if entropy:
        print(discoverer.entropy_report(), file=sys.stderr)
    if report is not None:
        table.report(report)
        say(f"report → {report}")


def _print_words(rows: list[dict]) -> None:
    print("word\tcount\tdocuments\tscore\tpmi\tleft_entropy\tright_entropy\tknown")
    for row in rows:
        pmi = "" if row["pmi"] is None else f"{row['pmi']:.2f}"
        entropies = f"{row['left_entropy']:.2f}\t{row['right_entropy']:.2f}"
        known = "known" if row["known"] else "new"
        print(
            f"{row['word']}\t{row['count']}\t{row['document_count']}\t{row['score']:.2f}\t{pmi}\t{entropies}\t{known}"
        )
