"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its place at the end; folders above it are made.

    When the block raises, what it wrote is removed and an older file at ``path`` stays as it was.

    Raises:
        IsADirectoryError: ``path`` is a folder.
        ValueError: ``path`` is a device or a pipe.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_file(f"{folder}/new/words.txt") as temporary:
        ...         _ = temporary.write_text("电网", encoding="utf-8")
        ...     Path(folder, "new/words.txt").read_text(encoding="utf-8")
        '电网'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder: expected the name of a file to write. Next: {path / 'out.txt'}"
        )
    if path.exists() and not path.is_file():  # a rename would put a file in the place of /dev/null
        raise ValueError(f"{path} is a device or a pipe: expected the name of a file to write")
    if path.is_symlink():
        path = path.resolve()  # the link stays, what it points to is replaced
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: str | Path, text: str) -> None:
    """Write ``text`` in UTF-8, line ends as they are; the file is there whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
