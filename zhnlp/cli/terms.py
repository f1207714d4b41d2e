"""``zhnlp terms``: find the terms of a professional corpus."""

from __future__ import annotations

import csv
from collections.abc import Mapping
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
from zhnlp.cli.refusals import check_apart, check_place, mendable
from zhnlp.cli.tables import check_table_places, hand_over

COLUMNS = {
    "term": lambda row: row["term"],
    "count": lambda row: row["count"],
    "reference": lambda row: row["reference_count"],
    "documents": lambda row: row["document_count"],
    "score": lambda row: row["score"],
    "cluster": lambda row: row["cluster"],
}
DELIMITERS = {".csv": ",", ".tsv": "\t"}


@app.command(
    epilog="Example: zhnlp terms corpora/power_grid/*.txt --top 20 --out terms.csv --report terms.html"
)
@mendable
def terms(
    files: Files,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            "--reference",
            "-r",
            help="General text to compare with (file, folder, quoted pattern; again for more), or a .npz file of "
            "--save-reference; default: the counts that ship.",
        ),
    ] = None,
    out: Out = None,
    format: Format = None,
    report: Report = None,
    rejected: Annotated[
        Path | None,
        typer.Option(help="Also write the rejected candidates with the rule of each (.csv, .tsv)."),
    ] = None,
    save_reference: Annotated[
        Path | None, typer.Option(help="Also keep the counts of the reference (.npz), without its text.")
    ] = None,
    scorer: Annotated[
        str, typer.Option(help="log_odds, ratio, log_likelihood, weirdness, c_value or tf_idf.")
    ] = "log_odds",
    max_length: Annotated[int, typer.Option(help="Longest term, in symbols (2-12).")] = 8,
    min_count: Annotated[int, typer.Option(help="Occurrences below which nothing is a term.")] = 5,
    min_score: Annotated[float | None, typer.Option(help="Least score; default: none.")] = None,
    top: Annotated[
        int | None,
        typer.Option(help="Terms at most (default 30000); on a terminal without --out 50 are shown."),
    ] = None,
    seeds: Annotated[
        Path | None,
        typer.Option(help="A few terms that are right, one a line, for the word vectors to go by."),
    ] = None,
    known_terms: Annotated[
        Path | None, typer.Option(help="Some hundred known terms, one a line, to learn the ranking from.")
    ] = None,
    vectors: Annotated[
        bool | None,
        typer.Option("--vectors/--no-vectors", help="Word vectors and clusters of terms, or not."),
    ] = None,
    clustering: Annotated[
        str, typer.Option(help="Clusters by word vectors: louvain, growth (post 6540) or none.")
    ] = "louvain",
    seed: Annotated[int, typer.Option(help="Of all that is random in vectors and clusters.")] = 0,
    runs: Runs = "symbol",
    memory: Memory = None,
    workdir: Workdir = None,
    threads: Threads = None,
    text_field: TextField = None,
    reference_text_field: Annotated[
        str | None, typer.Option(help="Column or key of the text in the reference.")
    ] = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    duplicates: Duplicates = "keep",
    strict: Strict = False,
    progress: Progress = None,
) -> None:
    """Find the terms of a professional corpus: what it has far more often than general text, ranked."""
    from zhnlp.mining.reference import read_ranked
    from zhnlp.tasks.domain_terms import DomainTerms, choose_reference, is_counts
    from zhnlp.text import Corpus

    check_table_places(out, format, report)
    check_place(rejected, "--rejected")
    check_place(save_reference, "--save-reference")
    _check_ending(rejected, "--rejected", DELIMITERS)
    _check_ending(save_reference, "--save-reference", [".npz"])
    check_apart(
        [*files, *(reference or []), *(path for path in (seeds, known_terms) if path is not None)],
        {"--out": out, "--report": report, "--rejected": rejected, "--save-reference": save_reference},
    )
    if reference and "-" in reference and "-" in files:
        raise ValueError("the domain and --reference are both -: expected one of them from a file")
    given = {
        "vectors": vectors,
        "top": top,
        "seeds": None if seeds is None else read_ranked(seeds),
        "known_terms": None if known_terms is None else read_ranked(known_terms),
    }
    general = None
    if reference:
        reading = {"text_field": reference_text_field, "encoding": encoding, "strict": strict}
        general = choose_reference(reference, **reading)
        if reference_text_field is not None and is_counts(general):
            raise ValueError(
                f"--reference-text-field got {general}, which holds counts and no fields: leave it out"
            )
    elif reference_text_field is not None:
        raise ValueError("--reference-text-field needs --reference: expected the files whose field it names")
    pipe = DomainTerms(
        general,
        scorer=scorer,
        max_length=max_length,
        min_count=min_count,
        min_score=min_score,
        clustering=None if clustering == "none" else clustering,
        seed=seed,
        runs=runs,
        memory=memory,
        workdir=workdir,
        threads=threads,
        progress=progress,
        **{name: value for name, value in given.items() if value is not None},
    )
    miner = pipe.miner
    miner.progress.speaks = progress is not False
    corpus = Corpus.from_paths(
        files, text_field=text_field, encoding=encoding, unit=unit, duplicates=duplicates, strict=strict
    )
    table = pipe(corpus)
    say = miner.progress.say
    say(miner.corpus_summary())
    say(f"reference: {miner.reference.source}, {miner.reference.total:,} symbols")
    hand_over(table, COLUMNS, out, format, say, all_rows=top is not None)
    if rejected is not None:
        _write_rejected(miner.rejected, rejected)
        say(f"{len(miner.rejected):,} rejected → {rejected}")
    if save_reference is not None:
        pipe.save_reference(save_reference)
        say(f"reference counts → {save_reference}")
    if report is not None:
        table.report(report)
        say(f"report → {report}")


def _check_ending(path: Path | None, option: str, known: Mapping[str, str] | list[str]) -> None:
    if path is not None and path.suffix not in known:
        raise ValueError(
            f"{option} {path} ends in {path.suffix or 'nothing'!r}: expected {' or '.join(known)}"
        )


def _write_rejected(rejected: Mapping[str, str], path: Path) -> None:
    """One line a rejected candidate: its text and the name of the rule, best first."""
    from zhnlp.text.files import atomic_file

    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=DELIMITERS[path.suffix])
        writer.writerow(("term", "rule"))
        writer.writerows(rejected.items())
