"""Where a ranked table goes: to a file, to a page, or to the standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.cli.refusals import check_place

if TYPE_CHECKING:
    from zhnlp.mining.table import RankedTable

SHOWN = 50  # rows on a terminal


def check_table_places(out: Path | None, format: str | None, report: Path | None) -> None:
    """Refuse a wrong ending, format or place before the work, not after."""
    from zhnlp.mining.export import check_format
    from zhnlp.mining.table import writer_of

    if out is not None and format is None:
        writer_of(out)
    elif format is not None:
        check_format(format)
        if out is None:
            raise ValueError(f"--format {format} needs --out: expected the name of a file or folder to write")
    check_place(out, "--out", folder=format == "tokenizer")
    check_place(report, "--report")


def hand_over(
    table: RankedTable,
    columns: Mapping[str, Callable[[dict], Any]],
    out: Path | None,
    format: str | None,
    say: Callable[[str], None],
    *,
    all_rows: bool,
) -> None:
    """Write the table to ``out``, or print some columns of it.

    Args:
        columns: heading -> what a row has there; None is printed as nothing.
        say: says what was written.
        all_rows: also on a terminal.
    """
    if out is not None:
        table.save(out, format)
        say(f"{len(table):,} {table.report_kind} → {out}")
        return
    print("\t".join(columns))
    for row in table if all_rows or not sys.stdout.isatty() else table[:SHOWN]:
        print("\t".join(_text(value(row)) for value in columns.values()))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
