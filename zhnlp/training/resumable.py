"""Checkpoints of a training on disk: which of them are whole, and which is the newest of those.

A checkpoint is the folder that `transformers.Trainer` writes (``checkpoint-<step>``). While `zhnlp.training.Trainer`
writes one, a file ``INCOMPLETE`` lies in it, so that a run killed in the middle leaves a folder that says so. A folder
written by another trainer has no such file; its parts are looked at instead.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zhnlp.checkpoints.header import read_header
from zhnlp.text.files import write_whole

MARK = "INCOMPLETE"
_STATE = "trainer_state.json"
_REGULARIZERS = "regularizers.json"  # what those with a memory remember
_NAME = re.compile(r"checkpoint-(\d+)")
_PARTS = {  # of what goes on bit for bit; the names of plain, FSDP and DeepSpeed trainings
    "optimizer.pt": ("optimizer.pt", "optimizer.bin", "optimizer_*", "rank*-optimizer.pt", "global_step*"),
    "scheduler.pt": ("scheduler.pt", "global_step*"),
    "rng_state.pth": ("rng_state*.pth",),
}
_ONLY_MODEL = "it was saved with save_only_model=True, so without optimizer, learning rate and random numbers"


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
        try:
            read_header(path)
        except ValueError as error:
            return str(error).partition(" Next:")[0]
    for path in sorted([*folder.glob("*.pt"), *folder.glob("*.pth"), *folder.glob("*.bin")]):
        if path.name != "training_args.bin" and not zipfile.is_zipfile(path):
            return f"{path.name} is cut off"
    return _state_of_training_fault(folder)


def newest_complete(folder: str | Path) -> Path | None:
    """The checkpoint of a run with the most steps that is whole, or None; broken newer ones are warned of.

    Args:
        folder: what ``TrainingArguments(output_dir=…)`` names.

    Raises:
        ValueError: none is whole, and one was saved without the state of the training (``save_only_model=True``).
    """
    only_model = None
    for checkpoint in sorted(_checkpoints(folder), key=_step, reverse=True):
        found = fault(checkpoint)
        if found is None:
            return checkpoint
        if found == _ONLY_MODEL:
            only_model = only_model or checkpoint
        warnings.warn(f"checkpoint {checkpoint} is skipped: {found}", stacklevel=2)
    if only_model is not None:
        raise ValueError(
            f"training cannot go on from {only_model}: {_ONLY_MODEL}. Next: another output_dir, where a new training can "
            "start from these weights with save_only_model=False"
        )
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


def save_parts(folder: Path, parts: Sequence[Any]) -> None:
    """Write what ``state_dict`` of each part gives, where any gives something."""
    states = [part.state_dict() for part in parts]
    if any(states):
        write_whole(folder / _REGULARIZERS, json.dumps(states))


def load_parts(checkpoint: str | Path | None, parts: Sequence[Any]) -> None:
    """Give each part what the checkpoint keeps of it; without one (or its file) all begin anew.

    Raises:
        ValueError: it keeps more or fewer than ``parts``.
    """
    path = None if checkpoint is None else Path(checkpoint) / _REGULARIZERS
    states = json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else [{} for _ in parts]
    if len(states) != len(parts):
        raise ValueError(
            f"{checkpoint} keeps the state of {len(states)} regularizers: expected as many, got {len(parts)}. "
            "Next: the regularizers that it was trained with"
        )
    for part, state in zip(parts, states):
        part.load_state_dict(state)


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


def _state_of_training_fault(folder: Path) -> str | None:
    """The parts without which transformers would go on with a fresh optimizer or other random numbers, and say nothing."""
    missing = [part for part, names in _PARTS.items() if not any(any(folder.glob(name)) for name in names)]
    if len(missing) == len(_PARTS):
        return _ONLY_MODEL
    return f"it lacks {' and '.join(missing)}" if missing else None
