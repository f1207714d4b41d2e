"""What a task mines: texts, or files by name."""

from __future__ import annotations

import os
import warnings
from typing import Any

from zhnlp.text import Corpus


def choose_source(
    task: str, texts: Any, paths: Any, engine: str = "local", **reading: Any
) -> tuple[Any, dict[str, Any]]:
    """What ``pipe(texts)`` or ``pipe(paths=…)`` gives a miner to learn from, and how it is to be read.

    Args:
        task: its name, for messages.
        texts: a str (one text), an iterable of texts, a Path or list of Paths, a Corpus, a datasets.Dataset.
        paths: files, folders or patterns by name, instead of ``texts``.
        engine: "local" makes a `Corpus`; for "spark" paths stay what they are, as only the cluster can read them.
        **reading: options of `Corpus.of`, such as ``text_field`` or ``unit``.

    Raises:
        TypeError: both or neither of ``texts`` and ``paths`` were given.

    Example:
        >>> source, reading = choose_source("new-words", ["电网", "变压器"], None)
        >>> list(source), reading
        (['电网', '变压器'], {})
    """
    if (texts is None) == (paths is None):
        raise TypeError(f"{task} got both or neither of texts and paths: expected one of them")
    if engine != "local":
        return (texts if paths is None else paths), reading
    if paths is not None:
        return Corpus.from_paths(paths, **reading), {}
    warn_if_name(texts)
    return Corpus.of(texts, **reading), {}


def warn_if_name(texts: Any, instead: str = "paths=…") -> None:
    """Warn when what was given as text is the name of a file, which is a common slip."""
    first = texts[0] if isinstance(texts, (list, tuple)) and texts else texts
    if isinstance(first, str) and len(first) < 256 and os.path.exists(first):  # noqa: PTH110 - Path may raise
        warnings.warn(
            f"{first!r} was taken as a text, but there is a file of that name. Next: pass {instead} or a pathlib.Path",
            stacklevel=4,
        )
