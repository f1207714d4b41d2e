"""From what the user names - files, folders, patterns, streams - to the inputs to read, in sorted order."""

import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from zhnlp.text.readers import FORMATS, Input, file_format


def expand(paths: Any) -> tuple[list[Input], Counter]:
    """The inputs that ``paths`` names, each file once, and a count of the files in folders that were passed over.

    A name that exists is taken literally; else it is a pattern (``*``, ``?``, ``[...]``, ``**`` for any depth).
    Folders are walked for known suffixes, hidden names left out. "-" is the standard input.

    Raises:
        FileNotFoundError: a name or pattern matches nothing, or a folder holds no file of a known suffix.
        TypeError: something that is no name and cannot be read.
    """
    inputs: list[Input] = []
    passed_over: Counter = Counter()
    seen: set[str] = set()
    for name in _names(paths):
        if not isinstance(name, (str, os.PathLike)):
            inputs.append(Input(str(getattr(name, "name", "<stream>")), name))
        elif name == "-":
            inputs.append(Input("<stdin>", sys.stdin.buffer))
        else:
            for path in _files(os.fspath(name), passed_over):
                real = os.path.realpath(path)
                if real not in seen:
                    seen.add(real)
                    inputs.append(Input(str(path), path, path.stat().st_size if path.is_file() else None))
    if not inputs:
        raise FileNotFoundError(
            f"no paths given: got {paths!r}; expected a file, a folder, a pattern or a list of them"
        )
    return inputs, passed_over


def _names(paths: Any) -> Iterator[Any]:
    if isinstance(paths, (str, os.PathLike)) or hasattr(paths, "read"):
        yield paths
        return
    if isinstance(paths, (bytes, dict)) or not isinstance(paths, Iterable):
        raise TypeError(
            f"paths got {type(paths).__name__}, expected str, Path, an open binary file, or a list of these"
        )
    for name in paths:
        if not (isinstance(name, (str, os.PathLike)) or hasattr(name, "read")):
            raise TypeError(
                f"paths holds {type(name).__name__}: {str(name)[:40]!r}, expected str, Path or an open binary file"
            )
        yield name


def _files(name: str, passed_over: Counter) -> list[Path]:
    if not name:
        raise FileNotFoundError("the path is empty; for the folder you are in say '.'")
    path = Path(name).expanduser()
    if path.is_dir():
        found = _walk(path, passed_over)
        if not found:
            others = ", ".join(sorted({other.suffix or other.name for other in path.iterdir()})[:8])
            raise FileNotFoundError(
                f"folder {name!r} holds no file of a known kind ({', '.join(FORMATS)}, also .gz .bz2 .xz .zst); "
                f"it has: {others or 'nothing'}. Name the files themselves, or a pattern such as {name.rstrip('/') + '/*'!r}, to read them as text"
            )
        return found
    if path.exists():
        return [path]
    if glob.has_magic(name):
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 (Path.glob takes no absolute pattern)
        files = [match for match in matches if not match.is_dir()]
        if "**" not in name:  # like a shell: a folder that matches is walked
            files += [inner for match in matches if match.is_dir() for inner in _walk(match, passed_over)]
        if files:
            return sorted(files)
    raise FileNotFoundError(_not_found(name, path))


def _walk(folder: Path, passed_over: Counter) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.startswith("."):
                continue
            if file_format(name):
                found.append(Path(parent, name))
            else:
                passed_over[f"file of unknown kind ({Path(name).suffix or 'no suffix'})"] += 1
    return sorted(found)


def _not_found(name: str, path: Path) -> str:
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    part = path.parts[len(parent.parts)] if len(path.parts) > len(parent.parts) else path.name
    try:
        there = sorted(other.name for other in parent.iterdir())
    except OSError:
        there = []
    near = get_close_matches(part, there, 3, 0.4)
    what = "pattern matches nothing" if glob.has_magic(name) else "no such file or folder"
    hint = (
        f"nearest names in {str(parent)!r}: {', '.join(near)}"
        if near
        else f"{str(parent)!r} holds {len(there)} entries: {', '.join(there[:5])}"
    )
    return f"{what}: {name!r}; {hint}. Check with: ls {parent}  (a text itself goes to Corpus.from_texts)"
