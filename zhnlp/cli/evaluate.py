"""``zhnlp eval``: score what was made against gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.options import Encoding, TextField
from zhnlp.cli.refusals import mendable

evaluate = typer.Typer(
    help="Score a lexicon, a segmentation or answers against gold.",
    epilog="Example: zhnlp eval words words.csv --gold terms.txt",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(evaluate, name="eval")


@evaluate.command("words", epilog="Example: zhnlp eval words words.csv --gold terms.txt")
@mendable
def evaluate_words(
    file: Annotated[Path, typer.Argument(help="Ranked words: .csv, .jsonl, .parquet, .txt …")],
    gold: Annotated[Path, typer.Option(help="Gold words, one a line.")],
    k: Annotated[str, typer.Option(help="Precision at these ranks.")] = "100,500,1000,3000,5000",
) -> None:
    """Precision, recall and F of a lexicon, precision at k, average precision."""
    from zhnlp.metrics import evaluate_lexicon
    from zhnlp.mining.reference import read_ranked

    _print(evaluate_lexicon(read_ranked(file), read_ranked(gold), k=_ranks(k)))


@evaluate.command("terms", epilog="Example: zhnlp eval terms terms.csv --gold lexicon.txt --corpus grid.txt")
@mendable
def evaluate_ranked_terms(
    file: Annotated[Path, typer.Argument(help="Ranked terms: .csv, .jsonl, .parquet, .txt …")],
    gold: Annotated[Path, typer.Option(help="Gold terms, one a line.")],
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Domain text (file, folder, quoted pattern; again for more): rarer gold terms are left out."
        ),
    ] = None,
    min_count: Annotated[int, typer.Option(help="Occurrences in --corpus that a gold term needs.")] = 5,
    han: Annotated[
        bool, typer.Option("--han", help="Gold terms of 2 to 8 Chinese characters only; see --max-length.")
    ] = False,
    max_length: Annotated[int, typer.Option(help="Longest gold term with --han, in characters.")] = 8,
    k: Annotated[str, typer.Option(help="Precision and recall at these ranks.")] = "100,500,1000,5000",
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Precision and recall at k, average precision of domain terms; recall is of gold terms that occur."""
    from zhnlp.metrics import evaluate_terms, gold_words
    from zhnlp.mining.reference import read_ranked
    from zhnlp.text import Corpus

    ranks = _ranks(k)
    right = read_ranked(gold)
    if han:
        right = gold_words(right, max_length=max_length)
    texts = None
    if corpus:
        texts = Corpus.from_paths(corpus, text_field=text_field, encoding=encoding)
    _print(evaluate_terms(read_ranked(file), right, k=ranks, counts=texts, min_count=min_count))


def _ranks(k: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in k.split(","))
    except ValueError:
        raise ValueError(f"--k {k!r} is no list of ranks: expected whole numbers such as 100,1000") from None


def _print(scores: dict) -> None:
    print(json.dumps(scores, ensure_ascii=False, indent=1))


@evaluate.command(
    "segmentation", epilog="Example: zhnlp eval segmentation --gold gold.txt --lexicon words.csv"
)
@mendable
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
    _print(scores)
