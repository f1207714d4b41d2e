"""The log of a training: one JSON object a line, appended as it is logged, without repeats after a restart."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from zhnlp.text.files import write_whole

LOG_NAME = "log.jsonl"


class JsonlLog(TrainerCallback):
    """Appends what the trainer logs to a file, with ``step``, ``epoch`` and ``seconds`` (of training, restarts added up).

    A training that resumes at step n first drops the lines of later steps, which it is about to write again; one that
    starts anew renames an older log. Numbers that JSON has no word for (nan, inf) are written as text.

    Args:
        path: of the log; None for ``log.jsonl`` in the output folder.
    """

    def __init__(self, path: str | Path | None = None):
        self.path = None if path is None else Path(path)
        self._before = 0.0
        self._began = time.monotonic()

    def on_train_begin(self, args, state, control, **kwargs):
        if self.path is None:
            self.path = Path(args.output_dir) / LOG_NAME
        if not state.is_world_process_zero:
            return
        self._before = resume_log(self.path, state.global_step)
        self._began = time.monotonic()

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not state.is_world_process_zero or self.path is None or not logs:
            return
        if "train_runtime" in logs and _has_summary(self.path, state.global_step):
            return  # the run was over before and did nothing now
        seconds = round(self._before + time.monotonic() - self._began, 3)
        append_record(self.path, {"step": state.global_step, **logs, "seconds": seconds})


def append_record(path: str | Path, record: dict[str, Any]) -> None:
    """Add one line to a log; a kill in between leaves at most a broken last line, which `read_log` leaves out."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({key: _plain(value) for key, value in record.items()}, ensure_ascii=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read_log(path: str | Path) -> list[dict[str, Any]]:
    """The records of a log; a last line that a kill cut off is left out.

    Raises:
        ValueError: another line is not JSON.
    """
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    records = []
    for number, line in enumerate(
        lines[:-1], start=1
    ):  # what follows the last line end is nothing, or cut off
        try:
            records.append(json.loads(line))
        except ValueError:
            raise ValueError(
                f"{path}, line {number} is no JSON: {line[:60]!r}. Next: delete that line"
            ) from None
    return records


def resume_log(path: Path, step: int) -> float:
    """Make a log ready for a training that goes on at ``step``; returns the seconds of training it records till there."""
    if not path.exists():
        return 0.0
    if step == 0:
        if path.stat().st_size:
            path.rename(_free_name(path))
        return 0.0
    kept = [record for record in read_log(path) if record.get("step", 0) <= step]
    write_whole(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept))
    return max((record.get("seconds", 0.0) for record in kept), default=0.0)


def _free_name(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return other


def _has_summary(path: Path, step: int) -> bool:
    return path.exists() and any(
        "train_runtime" in record and record.get("step") == step for record in read_log(path)
    )


def _plain(value: Any) -> Any:
    """A value that JSON can write."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    elif hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
