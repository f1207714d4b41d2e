"""What the recipes of title generation share: options, sets cut down to try, figures as the posts print them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from few_shot_jobs import default_out, mean_sd, sample
from title_baselines import lead, lead_cut, text_rank
from title_sets import Pairs

from zhnlp.metrics import evaluate_titles

FIGURES = ("rouge_l", "rouge_1", "rouge_2", "bleu")
WITHOUT = {  # titles that nothing was learnt for
    "lead": lambda article, title: lead(article),
    "lead-cut": lambda article, title: lead_cut(article, len(title)),
    "text-rank": lambda article, title: text_rank(article),
}


def parser_of(doc: str, name: str, rows: Iterable[str]) -> argparse.ArgumentParser:
    """The options that the recipes share; ``doc`` is the recipe's docstring."""
    rows = list(rows)
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--rows", nargs="+", choices=rows, default=rows, metavar="ROW", help=", ".join(rows))
    add("--limit", type=count, help="test items at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir") / name, help="where trained generators are kept")
    add("--out", type=Path, default=default_out(name), help="lines of results (default: %(default)s)")
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def count(text: str) -> int:
    """A number of items from the command line, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text}: expected a whole number, 1 or more")
    return int(text)


def cut_down(pairs: Pairs, most: int | None) -> Pairs:
    """At most so many pairs, drawn with seed 0, in their order."""
    return [pairs[number] for number in sample(pairs, most, 0)]


def scored(written: Sequence[str], test: Pairs, *more: str) -> dict[str, Any]:
    """The figures of written titles, their intervals, and eight of them to look at."""
    articles, right = zip(*test)
    found = evaluate_titles(written, right, articles)
    samples = [
        {"article": articles[n][:120], "title": right[n], "written": written[n]}
        for n in range(0, len(written), max(1, len(written) // 8))
    ]
    kept = (*FIGURES, "intervals", "texts", "mean_length", *more)
    return {**{name: found[name] for name in kept}, "samples": samples[:8]}


def cell(values: Sequence[float], digits: int = 2) -> str:
    """Mean ± standard deviation (n − 1), times 100.

    Example:
        >>> cell([0.5, 0.7]), cell([0.5], 1)
        ('60.00 ± 14.14', '50.0')
    """
    mean, deviation = mean_sd(values)
    return f"{mean:.{digits}f}" if deviation is None else f"{mean:.{digits}f} ± {deviation:.{digits}f}"
