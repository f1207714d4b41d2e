"""The ``zhnlp`` command: the package's functions with the same names and defaults, results to stdout or ``--out``."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp import __version__

app = typer.Typer(
    help="Chinese NLP for raw text: mine words, segment, evaluate.",
    epilog="Example: zhnlp words corpora/power_grid/*.txt --top 20",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
evaluate = typer.Typer(
    help="Score a lexicon or a segmentation against gold.",
    epilog="Example: zhnlp eval words words.csv --gold terms.txt",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(evaluate, name="eval")

_MENDABLE = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)

Files = Annotated[
    list[str], typer.Argument(help="Files, folders, patterns, or - for standard input.", show_default=False)
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; its ending says the format.")]
TextField = Annotated[str | None, typer.Option(help="Column or key of the text in tables and JSON lines.")]
Encoding = Annotated[str, typer.Option(help="Encoding of text files.")]
Progress = Annotated[
    bool | None, typer.Option("--progress/--quiet", help="Bars on stderr (default: on a terminal).")
]


def _mendable(command: Callable) -> Callable:
    """Print what the user can mend as one line and leave with 2; warnings as lines, not as code."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        def show(message, category, filename, lineno, file=None, line=None):
            print(f"zhnlp: warning: {message}", file=sys.stderr)

        with warnings.catch_warnings():
            warnings.showwarning = show
            try:
                command(*args, **options)
                sys.stdout.flush()
            except BrokenPipeError:
                sys.stderr.close()
                raise typer.Exit(141) from None
            except _MENDABLE as error:
                print(f"zhnlp: {_explain(error)}", file=sys.stderr)
                raise typer.Exit(2) from None

    return run


def _explain(error: Exception) -> str:
    """What went wrong, with the next step where Python's own words have none."""
    if (
        isinstance(error, UnicodeEncodeError)
        and error.encoding.lower() == (sys.stdout.encoding or "").lower()
    ):
        return (
            f"the output is {error.encoding}, which has no {error.object[error.start]!r}: expected UTF-8. "
            "Next: PYTHONIOENCODING=utf-8 zhnlp ..., or --out"
        )
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return f"{error.strerror}: {str(error.filename)!r}. Next: ls -ld {Path(error.filename).parent}"
    return str(error)


def _check_place(path: Path | None, option: str, *, folder: bool = False) -> None:
    """Refuse, before the work, a place where nothing can be written."""
    if path is None:
        return
    if path.is_dir() and not folder:
        raise ValueError(f"{option} {path} is a folder: expected the name of a file to write")
    if path.exists() and not os.access(path, os.W_OK):
        raise ValueError(f"{option} {path} cannot be written: expected a file of yours. Next: ls -l {path}")
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(
            f"{option} {path} cannot be written: {above} is {'not yours to write in' if above.is_dir() else 'no folder'}. "
            f"Next: ls -ld {above}"
        )


def _version(asked: bool) -> None:
    if asked:
        print(f"zhnlp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
):
    pass


@app.command(epilog="Example: zhnlp words corpora/power_grid/*.txt --min-count 5 --top 20 --out words.csv")
@_mendable
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
    _check_place(out, "--out", folder=format == "tokenizer")
    _check_place(report, "--report")
    _check_place(segmenter, "--segmenter")
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


@app.command(epilog="Example: zhnlp segment news.txt --lexicon words.csv --out news.seg.txt")
@_mendable
def segment(
    files: Files,
    lexicon: Annotated[Path | None, typer.Option(help="Lexicon file; default: jieba's dictionary.")] = None,
    user_words: Annotated[Path | None, typer.Option(help="File of words that win over their parts.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between two words.")] = " ",
    format: Annotated[
        str, typer.Option(help="text: words with separators; jsonl: words with offsets.")
    ] = "text",
    out: Out = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    progress: Progress = None,
) -> None:
    """Cut text into words, a document a line, in the order of the input; blank lines of text files stay."""
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.mining.reference import read_ranked
    from zhnlp.tasks.segmentation import WordSegmentation
    from zhnlp.text import Corpus
    from zhnlp.text.files import atomic_file

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    pipe = WordSegmentation(lexicon, user_words=None if user_words is None else read_ranked(user_words))
    _check_place(out, "--out")
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding)
    bar = Bar(progress)

    def texts():
        done = 0
        with bar.stage("segment", corpus.total_bytes(), "B"):
            for block in corpus.blocks(1 << 16):
                start = 0
                for end in block.ends.tolist():
                    yield block.text[start:end]
                    start = end + 1
                bar.advance(block.source_bytes - done)
                done = block.source_bytes

    def lines():
        if format == "jsonl":
            for text in texts():
                yield json.dumps({"text": text, "words": pipe(text)}, ensure_ascii=False)
        else:
            for line in pipe.segmenter.segment_lines(texts()):
                yield separator.join(line)

    if out is None:
        for line in lines():
            print(line)
    else:
        with atomic_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines())
    read = corpus.report
    if read.examples or read.skipped.keys() - {"blank"}:
        print(read, file=sys.stderr)


@evaluate.command("words", epilog="Example: zhnlp eval words words.csv --gold terms.txt")
@_mendable
def evaluate_words(
    file: Annotated[Path, typer.Argument(help="Ranked words: .csv, .jsonl, .parquet, .txt …")],
    gold: Annotated[Path, typer.Option(help="Gold words, one a line.")],
    k: Annotated[str, typer.Option(help="Precision at these ranks.")] = "100,500,1000,3000,5000",
) -> None:
    """Precision, recall and F of a lexicon, precision at k, average precision."""
    from zhnlp.metrics import evaluate_lexicon
    from zhnlp.mining.reference import read_ranked

    try:
        ranks = tuple(int(part) for part in k.split(","))
    except ValueError:
        raise ValueError(f"--k {k!r} is no list of ranks: expected whole numbers such as 100,1000") from None
    print(
        json.dumps(
            evaluate_lexicon(read_ranked(file), read_ranked(gold), k=ranks), ensure_ascii=False, indent=1
        )
    )


@evaluate.command(
    "segmentation", epilog="Example: zhnlp eval segmentation --gold gold.txt --lexicon words.csv"
)
@_mendable
def evaluate_cut(
    gold: Annotated[Path, typer.Option(help="Sentences cut by hand, one a line, words parted by blanks.")],
    file: Annotated[
        Path | None, typer.Argument(help="The same sentences as cut by a tool; or give --lexicon.")
    ] = None,
    lexicon: Annotated[Path | None, typer.Option(help="Lexicon to segment the gold's text with.")] = None,
    train_words: Annotated[
        Path | None, typer.Option(help="Known words, for the recall of unknown ones.")
    ] = None,
) -> None:
    """SIGHAN word precision, recall, F and OOV recall."""
    from zhnlp.metrics import evaluate_segmentation
    from zhnlp.mining.reference import read_ranked
    from zhnlp.mining.segmentation.reading import read_text
    from zhnlp.tasks.segmentation import WordSegmentation

    def lines(path: Path) -> list[str]:
        return read_text(path).removesuffix("\n").split("\n")

    if file is not None and lexicon is not None:
        raise ValueError(
            f"got both {file} and --lexicon {lexicon}: expected a file cut by a tool, or a lexicon to cut with"
        )
    known = None if train_words is None else read_ranked(train_words)
    sentences = lines(gold)
    if file is not None:
        scores = evaluate_segmentation(sentences, lines(file), train_words=known)
    else:
        scores = WordSegmentation(lexicon).evaluate([s for s in sentences if s.strip()], train_words=known)
    print(json.dumps(scores, ensure_ascii=False, indent=1))


@app.command(epilog="Example: zhnlp tasks new-words")
@_mendable
def tasks(name: Annotated[str | None, typer.Argument(help="A task, to print its help.")] = None) -> None:
    """List the tasks of zhnlp.pipeline, or explain one."""
    from zhnlp import pipeline

    print(pipeline.help(name) if name else "\n".join(pipeline.tasks()))


def main() -> None:
    """Run the command."""
    app()
