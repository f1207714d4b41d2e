"""What the user can mend, said in one line: the wrapper of every command, and places where nothing can be written."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import typer

_MENDABLE = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)


def mendable(command: Callable) -> Callable:
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


def check_place(path: Path | None, option: str, *, folder: bool = False) -> None:
    """Refuse, before the work, a place where nothing can be written."""
    if path is None:
        return
    if path.is_dir() and not folder:
        raise ValueError(f"{option} {path} is a folder: expected the name of a file to write")
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(
            f"{option} {path} is a device or a pipe: expected the name of a file to write. Next: leave {option} out, "
            "or write to a file and copy it"
        )
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


def check_apart(read: Iterable[str | Path], written: Mapping[str, Path | None]) -> None:
    """Refuse, before the work, two outputs in one file, and an output in the place of an input."""
    inputs = {os.path.realpath(path) for path in read}
    seen: dict[str, str] = {}
    for option, path in written.items():
        if path is None:
            continue
        place = os.path.realpath(path)
        if place in inputs:
            raise ValueError(
                f"{option} {path} is also read: expected another name, which overwrites no input"
            )
        if place in seen:
            raise ValueError(f"{seen[place]} and {option} are both {path}: expected a file for each")
        seen[place] = option
