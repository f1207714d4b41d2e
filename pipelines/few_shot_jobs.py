"""What the recipes of few-shot learning share: results that outlive a kill, facts of machine and model, tables.

A result is one JSON line: what identifies it (``key``), its figures, and where it was made.  A run that finds the line of a
job passes it over, so that a recipe goes on where it was killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from harness.report import RESULTS, machine

from zhnlp.checkpoints.locate import locate

RECIPE = 1  # part of every key: raise it when the package gives other results for the same parameters


class Results:
    """The lines of one file, by their keys; a line that a kill cut off is dropped, and its job done again."""

    def __init__(self, path: Path):
        self.path = path
        self.lines: list[dict] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._read()

    def _read(self) -> None:
        whole = b""
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            try:
                row = json.loads(line)
                row["key"]
            except (ValueError, KeyError, TypeError):
                if line.endswith(b"\n"):
                    sys.exit(
                        f"{self.path}, line {number} is no result: expected the lines that this recipe writes. "
                        "Next: another --out"
                    )
                break
            if not line.endswith(b"\n"):
                break
            whole += line
            self.lines.append(row)
        if len(whole) != self.path.stat().st_size:
            print(f"{self.path}: the last line is cut off and was dropped", file=sys.stderr)
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def find(self, key: dict) -> dict | None:
        """The line of a job, or None where it was not done."""
        wanted = _canonical(key)
        return next((line for line in self.lines if _canonical(line["key"]) == wanted), None)

    def get(self, key: dict, make: Callable[[], dict]) -> dict:
        """The line of a job: that of the file, else that of ``make()``, which is timed and written at once."""
        if found := self.find(key):
            return found
        wall, cpu = time.perf_counter(), time.process_time()
        figures = make()
        seconds = {
            "seconds": round(time.perf_counter() - wall, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
        }
        line = {"key": key, **figures, **seconds, **machine()}
        with self.path.open("ab") as file:
            file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(line)
        return line

    def write_table(self, text: str) -> Path:
        """Keep the table beside the lines."""
        path = self.path.with_suffix(".md")
        path.write_text(text + "\n", encoding="utf-8")
        return path


def _canonical(key: dict) -> str:
    return json.dumps(key, sort_keys=True, ensure_ascii=False)


def default_out(recipe: str) -> Path:
    """benchmarks/results/<recipe>-<date>.jsonl."""
    return RESULTS / f"{recipe}-{time.strftime('%Y-%m-%d')}.jsonl"


def digest(model: str) -> str:
    """Twelve digits that change with the weights of a checkpoint, so that another model is never taken for this one."""
    found = hashlib.sha256()
    for path in sorted(locate(model).glob("*.safetensors")):
        with path.open("rb") as file:
            found.update(
                hashlib.file_digest(file, "sha256").digest()
                if hasattr(hashlib, "file_digest")
                else file.read()
            )
    return found.hexdigest()[:12]


def sample(rows: Sequence[Any], count: int | None, seed: int) -> list[int]:
    """The numbers of ``count`` rows drawn with a seed, in their order; all of them where ``count`` is None or enough.

    Example:
        >>> sample("abc", 2, 0), sample("abc", None, 0)
        ([0, 2], [0, 1, 2])
    """
    numbers = range(len(rows))
    if count is None or count >= len(rows):
        return list(numbers)
    return sorted(random.Random(seed).sample(numbers, count))


def mean_sd(values: Iterable[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (n − 1), None of a single value, in per cent.

    Example:
        >>> mean_sd([0.5, 0.7]), mean_sd([0.5])
        ((60.0, 14.14...), (50.0, None))
    """
    values = [100 * value for value in values]
    return fmean(values), stdev(values) if len(values) > 1 else None


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left and the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
