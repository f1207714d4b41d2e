"""JSON lines, tables and dated result files."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"


def command(doc: str, *, seed: int | None = None) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks share; ``doc`` is the script's docstring."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--save", action="store_true", help="keep lines and table in benchmarks/results/<name>-<date>"
    )
    parser.add_argument(
        "--workdir", type=Path, help="folder for the unpacked texts (default: a temporary one)"
    )
    if seed is not None:
        parser.add_argument(
            "--seed", type=int, default=seed, help="seed of the sample (default: %(default)s)"
        )
    return parser


def cpu_model() -> str:
    """Name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine() -> dict:
    """Where and when: processor, versions, commit, date, and how busy the machine is."""
    root = Path(__file__).resolve().parents[2]
    commit = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=10"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("zhnlp", "numpy", "numba")},
    }


class Report:
    """Collects result lines, prints each as one JSON line, then a table; keeps both with ``--save``.

    Args:
        name: of the script, and of the result files.
        columns: heading → key of a line, or a function of it; for `table`.
    """

    def __init__(self, name: str, columns: dict):
        self.name, self.columns, self.lines = name, columns, []
        self.machine = machine()

    def add(self, **line) -> dict:
        """Print and keep one line; floats are cut to 6 significant digits."""
        line = {"benchmark": self.name, **line, **self.machine, "load_1min": round(os.getloadavg()[0], 2)}
        self.lines.append(line)
        print(json.dumps(_short(line), ensure_ascii=False), flush=True)
        return line

    def table(self) -> str:
        """The lines as a Markdown table."""
        rows = [
            [_cell(value(line) if callable(value) else line.get(value)) for value in self.columns.values()]
            for line in self.lines
        ]
        head = [list(self.columns), ["---", *["---:"] * (len(self.columns) - 1)]]
        return "\n".join("| " + " | ".join(row) + " |" for row in head + rows)

    def finish(self, save: bool, *notes: str) -> None:
        """Print the table and the notes; keep everything if asked."""
        facts = self.machine
        loads = [line["load_1min"] for line in self.lines]
        versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
        where = (
            f"{facts['date']}, {facts['cpu']} ({facts['cores']} cores; load {min(loads):g} to {max(loads):g}), Python "
            f"{facts['python']}, {versions}, commit {facts['commit']}"
        )
        text = "\n\n".join([self.table(), *notes, where])
        print("\n" + text, flush=True)
        if not save:
            return
        RESULTS.mkdir(exist_ok=True)
        name = f"{self.name}-{facts['date'][:10]}"
        path, number = RESULTS / f"{name}.jsonl", 1
        while path.exists():  # an earlier run of the day stays
            number += 1
            path = RESULTS / f"{name}-{number}.jsonl"
        path.write_text(
            "".join(json.dumps(_short(line), ensure_ascii=False) + "\n" for line in self.lines),
            encoding="utf-8",
        )
        path.with_suffix(".md").write_text(f"# {self.name}\n\n{text}\n", encoding="utf-8")
        print(f"kept in {path} and .md", file=sys.stderr)


def _short(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return value


def _cell(value) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return (
            f"{value:.3g}"
            if abs(value) < 1e-3 and value
            else f"{value:,.3f}"
            if abs(value) < 10
            else f"{value:,.1f}"
        )
    return str(value)
