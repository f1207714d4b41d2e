"""``zhnlp eval``: score what was made against gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import mendable

evaluate = typer.Typer(
    help="Score a lexicon or a segmentation against gold.",
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
    print(json.dumps(scores, ensure_ascii=False, indent=1))
