"""Folders of readers: ``reader.json``, and a network with its vocabulary, several where folds were trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.checkpoints.catalogue import find
from zhnlp.checkpoints.locate import locate
from zhnlp.reading.no_answer import NoAnswer

if TYPE_CHECKING:
    from zhnlp.reading.engines.base import Engine

ENGINES = ("dgcnn", "encoder")
FILE = "reader.json"
VERSION = 2


@dataclass(frozen=True)
class Kept:
    """What a folder holds.

    Attributes:
        engines: networks with their reading of texts, 1 or more.
        max_answer_length: characters of the longest answer.
        window: tokens of a passage that are read at once.
        calibration: chance of no answer; None where it was not learnt.
    """

    engines: list[Engine]
    max_answer_length: int
    window: int
    calibration: NoAnswer | None = None


def folder_of(model: str | Path | None, *, hub: bool = False) -> Path | None:
    """The folder of a saved reader that a name stands for; None where it stands for something else.

    Args:
        model: a shipped name, a folder or a Hub id.
        hub: whether a Hub id is looked for there.
    """
    if model is None:
        return None
    folder = locate(model) if hub else find(str(model)) or Path(model)
    return folder if (folder / FILE).is_file() else None


def save_reader(kept: Kept, folder: str | Path, *, int8: bool = False) -> Path:
    """Write everything to a folder, which may be a new one.

    Args:
        int8: store each row of the weights in 8 bits: a quarter of the size.

    Raises:
        FileExistsError: ``folder`` is a file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: expected the name of a folder, which may be a new one")
    for number, engine in enumerate(kept.engines):
        engine.save(_member(folder, number), int8)
    said = {
        "version": VERSION,
        "engine": kept.engines[0].name,
        "members": len(kept.engines),
        "max_answer_length": kept.max_answer_length,
        "window": kept.window,
        "no_answer": None if kept.calibration is None else kept.calibration.to_dict(),
    }
    (folder / FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def load_reader(folder: Path, *, device: Any = None) -> Kept:
    """Read what `save_reader` wrote.

    Raises:
        ValueError: another version wrote it, or it is no reader's.
    """
    from zhnlp.reading.engines import engine_class

    said = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if said.get("version") != VERSION or said.get("engine") not in ENGINES:
        raise ValueError(
            f"{folder / FILE} is of version {said.get('version')!r}, engine {said.get('engine')!r}: expected {VERSION} and one of "
            f"{', '.join(ENGINES)}. Likely another version of zhnlp wrote it"
        )
    kind = engine_class(said["engine"])
    return Kept(
        [kind.load(_member(folder, number), device=device) for number in range(said["members"])],
        said["max_answer_length"],
        said["window"],
        None if said["no_answer"] is None else NoAnswer.from_dict(said["no_answer"]),
    )


def _member(folder: Path, number: int) -> Path:
    """The first network lies in the folder itself, further ones inside."""
    return folder / f"member-{number}" if number else folder
