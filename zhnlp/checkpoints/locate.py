"""From the name of a model to the folder with its files: shipped, local or of the Hub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from zhnlp.checkpoints.catalogue import find, shipped


def locate(
    name_or_path: str | Path,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    patterns: Sequence[str] | None = None,
) -> Path:
    """The folder of a model. A shipped name comes first, then a local folder, then the Hub.

    Args:
        name_or_path: shipped name, folder, or Hub id "owner/name".
        revision: of the Hub.
        cache_dir: of the Hub library.
        patterns: of the files that are wanted from the Hub; None for all of a checkpoint (see `fetch`).

    Raises:
        FileNotFoundError: no such folder, or the Hub has no such checkpoint.
        ConnectionError: the Hub is needed and cannot be reached; the message says what to do.
        TypeError: what was given is neither str nor Path.
        ValueError: what was given is a file, or can be no name; or the Hub has pickles only.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     locate(folder) == Path(folder)
        True
    """
    if isinstance(name_or_path, str) and (folder := find(name_or_path)) is not None:
        return folder
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise TypeError(
            f"the model is {type(name_or_path).__name__}: expected a shipped name, a folder or a Hub id"
        )
    if not str(name_or_path).strip():
        raise FileNotFoundError(
            "the name of the model is empty: expected a shipped name, a folder or a Hub id"
        )
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise ValueError(f"{path} is a file: expected the folder that holds it. Next: {path.parent}")
    text = str(name_or_path)
    names = ", ".join(model.name for model in shipped()) or "none in this installation"
    if (
        isinstance(name_or_path, Path)
        or path.is_absolute()
        or text.startswith((".", "~"))
        or text.count("/") > 1
    ):
        raise FileNotFoundError(
            f"{text} is no folder here: expected one with config.json. Shipped models: {names}"
        )
    if text.startswith("zhnlp-"):
        raise FileNotFoundError(
            f"{text!r} does not ship with zhnlp: expected one of {names}, a folder or a Hub id"
        )
    if os.sep in text and Path(text).parts and Path(text).parent.is_dir():
        raise FileNotFoundError(
            f"{text} is no folder here, though {Path(text).parent} is. Next: ls {Path(text).parent}"
        )
    from zhnlp.checkpoints.hub import PATTERNS, fetch

    return fetch(text, revision=revision, cache_dir=cache_dir, patterns=patterns or PATTERNS)
