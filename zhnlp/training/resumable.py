"""Checkpoints of a training on disk: which of them are whole, and which is the newest of those.

A checkpoint is the folder that `transformers.Trainer` writes (``checkpoint-<step>``). While `zhnlp.training.Trainer`
writes one, a file ``INCOMPLETE`` lies in it, so that a run killed in the middle leaves a folder that says so. A folder
written by another trainer has no such file; its parts are looked at instead.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import warnings
import zipfile
from pathlib import Path

MARK = "INCOMPLETE"
_STATE = "trainer_state.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def fault(folder: str | Path) -> str | None:
    """What is wrong with a checkpoint, in words; None when training can go on from it.

    Example:
        >>> fault("no/such/checkpoint-7")
        'it is not there'
    """
    folder = Path(folder)
    if not folder.is_dir():
        return "it is not there"
    if (folder / MARK).exists():
        return f"it was being written when the run ended (it holds {MARK})"
    found = _state_fault(folder / _STATE)
    if found:
        return found
    weights = [*folder.glob("*.safetensors")]
    if not weights and not (folder / "pytorch_model.bin").exists():
        return "it holds no weights (*.safetensors)"
    for path in sorted(weights):
        found = _safetensors_fault(path)
        if found:
            return found
    for path in sorted([*folder.glob("*.pt"), *folder.glob("*.pth"), *folder.glob("*.bin")]):
        if path.name != "training_args.bin" and not zipfile.is_zipfile(path):
            return f"{path.name} is cut off"
    return None


def is_complete(folder: str | Path) -> bool:
    """Whether training can go on from a checkpoint."""
    return fault(folder) is None


def newest_complete(folder: str | Path) -> Path | None:
    """The checkpoint of a run with the most steps that is whole, or None; broken newer ones are warned of.

    Args:
        folder: what ``TrainingArguments(output_dir=…)`` names.
    """
    for checkpoint in sorted(_checkpoints(folder), key=_step, reverse=True):
        found = fault(checkpoint)
        if found is None:
            return checkpoint
        warnings.warn(f"checkpoint {checkpoint} is skipped: {found}", stacklevel=2)
    return None


def begin(folder: Path) -> None:
    """An empty folder that says it is being written; what lay there was of another run, or half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()


def rotate(newest: Path, limit: int | None, *, keep: str | Path | None = None) -> None:
    """Delete the oldest checkpoints beside ``newest`` until ``limit`` are left; ``newest`` and ``keep`` always stay.

    Args:
        limit: ≥ 1, or None to delete none.
        keep: e.g. the best one.
    """
    if limit is None:
        return
    stay = {newest.resolve(), *([Path(keep).resolve()] if keep else [])}
    found = _checkpoints(newest.parent)
    old = sorted((path for path in found if path.resolve() not in stay), key=_written)
    for path in old[: max(0, len(found) - limit)]:
        (path / MARK).touch()  # a kill in between leaves nothing that looks whole
        shutil.rmtree(path)


def _written(checkpoint: Path) -> tuple[int, int]:
    """When a checkpoint was finished, in ns; 0 for one that was not."""
    state = checkpoint / _STATE
    return (state.stat().st_mtime_ns if state.exists() else 0, _step(checkpoint))


def _checkpoints(folder: str | Path) -> list[Path]:
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name)]


def _step(checkpoint: Path) -> int:
    return int(_NAME.fullmatch(checkpoint.name)[1])


def _state_fault(path: Path) -> str | None:
    if not path.exists():
        return f"{_STATE}, which is written last, is missing"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return f"{_STATE} is cut off"
    if not isinstance(state, dict) or "global_step" not in state:
        return f"{_STATE} names no global_step"
    return None


def _safetensors_fault(path: Path) -> str | None:
    """The length that the header of a safetensors file promises against the length that it has."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if 8 + length > size:
            return f"{path.name} is cut off in its header"
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return f"{path.name} has a broken header"
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        return f"{path.name} has {size:,} bytes, its header promises {expected:,}"
    return None
