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
        texts: a str (one text), an iterable of texts, a Path or list of Paths, a Corpus, a datasets.Dataset; names of
            files that are there (see `are_names`) are taken as ``paths``.
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
    if are_names(texts):
        texts, paths = None, texts
    if engine != "local":
        return (texts if paths is None else paths), reading
    if paths is not None:
        return Corpus.from_paths(paths, **reading), {}
    warn_if_name(texts)
    return Corpus.of(texts, **reading), {}


def are_names(texts: Any) -> bool:
    """Whether a str, or every one in a list, plainly is the name of a file that is there: with an ending or a folder.

    Example:
        >>> are_names("电网"), are_names(["电网.txt"])
        (False, False)
    """
    names = [texts] if isinstance(texts, str) else texts
    return (
        isinstance(names, (list, tuple))
        and len(names) > 0
        and all(isinstance(name, str) and _is_name(name) for name in names)
    )


def _is_name(text: str) -> bool:
    plain = 0 < len(text) < 256 and "\0" not in text and (os.sep in text or "." in text)
    return plain and os.path.exists(text)  # noqa: PTH110 - Path may raise


def warn_if_name(texts: Any, instead: str = "paths=…") -> None:
    """Warn when what was given as text is the name of a file, which is a common slip."""
    first = texts[0] if isinstance(texts, (list, tuple)) and texts else texts
    if isinstance(first, str) and len(first) < 256 and os.path.exists(first):  # noqa: PTH110 - Path may raise
        warnings.warn(
            f"{first!r} was taken as a text, but there is a file of that name. Next: pass {instead} or a pathlib.Path",
            stacklevel=4,
        )
