"""Mine the words of many corpora in one batch: resumable, logged, one folder a corpus and a table of all.

    python pipelines/mine_words.py pipelines/mine_words.example.toml
    python pipelines/mine_words.py --corpus grid='corpora/power_grid/[0-9]*.txt' --corpus news=a.jsonl.xz,b.jsonl.xz \\
        --text-field content --min-count 20 --memory 2GB --out mined

Each corpus gets ``out/<name>/`` with words.csv, words.parquet, words.dict (jieba), report.html, entropy.json,
log.jsonl (stages and their seconds, corpus report, settings, versions) and, last of all, done.json.  Run the same
command again and a corpus whose inputs and options are the same is skipped, one that changed is mined again, and
one that was stopped while it counted out of core goes on where it was.  Nothing is random: same input, same table.

Exit code: 0 all corpora are mined, 1 some failed (the others are done), 2 the command or its configuration is wrong,
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import csv
import json
import logging
import platform
import re
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mining_jobs import Job, WrongConfig, parse

from zhnlp import __version__
from zhnlp.mining.progress import Progress
from zhnlp.text.files import atomic_file, write_whole

OUTPUTS = ("words.csv", "words.parquet", "words.dict", "report.html", "entropy.json")
COLUMNS = (
    *("corpus", "status", "documents", "characters", "words", "new"),
    *("bits_per_character_before", "bits_per_character_after", "seconds", "message"),
)
STEADY = 20.0  # seconds between two lines of progress within a stage

log = logging.getLogger("mine_words")


class Record(Progress):
    """The log of one corpus: lines with time stamps on stderr, events in log.jsonl."""

    def __init__(self, name: str, path: Path):
        super().__init__(False)
        self.name, self.path = name, path
        self._begin = self._spoken = time.monotonic()
        self._units, self._total, self._stage, self._unit = 0.0, None, "", ""

    def event(self, kind: str, **values: Any) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": now, "event": kind, **values}, ensure_ascii=False) + "\n")

    def say(self, line: str) -> None:
        for part in line.splitlines():
            log.info("%s: %s", self.name, part)
        self.event("said", text=line)

    @contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "char") -> Iterator[Progress]:
        outer = (self._begin, self._units, self._total, self._stage, self._unit)
        begin = time.monotonic()
        self._begin, self._units, self._total, self._stage, self._unit = begin, 0.0, total, name, unit
        try:
            yield self
        finally:
            self._begin, self._units, self._total, self._stage, self._unit = outer
        seconds = round(time.monotonic() - begin, 3)
        log.info("%s: %s took %.1f s", self.name, name, seconds)
        self.event("stage", name=name, seconds=seconds, total=total, unit=unit)

    def advance(self, units: float) -> None:
        self._units += units
        now = time.monotonic()
        if now - self._spoken < STEADY or now <= self._begin:
            return
        self._spoken = now
        rate = self._units / (now - self._begin)
        done = f"{self._units / 1e6:,.1f} M {self._unit}, {rate / 1e6:,.2f} M/s"
        if self._total and rate:
            done += (
                f", {self._units / self._total:.0%}, {max(self._total - self._units, 0) / rate:,.0f} s left"
            )
        log.info("%s: %s: %s", self.name, self._stage, done)


def mine(job: Job, out: Path, force: bool) -> dict[str, Any]:
    """Mine one corpus into its folder, or take the result that is there; a row of the summary."""
    folder = out / job.name
    corpus = job.corpus()
    fingerprint = job.fingerprint(corpus)
    done = folder / "done.json"
    earlier = _finished(done)
    if earlier and not force and earlier["fingerprint"] == fingerprint:
        if all((folder / name).is_file() for name in OUTPUTS):
            log.info("%s: skipped, nothing changed since %s (--force mines again)", job.name, earlier["time"])
            return {**earlier["summary"], "status": "skipped"}
        log.info("%s: files of the finished run are missing: mined again", job.name)
    elif earlier:
        log.info("%s: mined again, %s", job.name, "as --force asks" if force else "input or options changed")
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    record = Record(job.name, folder / "log.jsonl")
    record.event("begin", files=job.files, options=job.options, fingerprint=fingerprint, versions=versions())
    begin = time.monotonic()
    workdir = _workdir(job, folder, fingerprint)
    discoverer = job.discoverer(memory=job.options.get("memory"), workdir=workdir)
    discoverer.progress = record
    with _warnings_to(record):
        table = discoverer.fit(corpus).freeze()
        record.say(discoverer.corpus_summary())
        record.event("corpus", **discoverer.corpus_report())
        record.event("settings", **discoverer.settings())
        entropy = discoverer.entropy_report()
        for name in ("words.csv", "words.parquet", "words.dict"):
            table.save(folder / name)
        table.report(folder / "report.html")
        write_whole(folder / "entropy.json", json.dumps(entropy.as_dict(), indent=1) + "\n")
    report = discoverer.corpus_report()
    summary = {
        "corpus": job.name,
        "status": "mined",
        "documents": report["documents"],
        "characters": report["characters"],
        "words": len(table),
        "new": sum(not row["known"] for row in table),
        "bits_per_character_before": round(entropy.characters.bits_per_character, 4),
        "bits_per_character_after": round(entropy.words.bits_per_character, 4),
        "seconds": round(time.monotonic() - begin, 2),
        "message": "" if table else "no word was found",
    }
    del discoverer, table
    if workdir is not None:
        shutil.rmtree(workdir, ignore_errors=True)
    record.event("end", **summary)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    done_text = json.dumps({"fingerprint": fingerprint, "time": now, "summary": summary}, ensure_ascii=False)
    write_whole(done, done_text + "\n")
    log.info("%s: %s words in %.1f s → %s", job.name, f"{summary['words']:,}", summary["seconds"], folder)
    return summary


def versions() -> dict[str, str]:
    """What the table was made with."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"zhnlp": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in ("numpy", "numba", "jieba", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _finished(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
        return found if found["fingerprint"] and found["time"] and found["summary"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _workdir(job: Job, folder: Path, fingerprint: str) -> Path | None:
    """The folder for counting out of core; those of earlier inputs or options are removed."""
    if "memory" not in job.options:
        return None
    above = Path(job.options.get("workdir", folder / "work"))
    workdir = above / f"{job.name}-{fingerprint[:12]}"
    if above.is_dir():
        for other in above.iterdir():
            if other != workdir and re.fullmatch(re.escape(job.name) + "-[0-9a-f]{12}", other.name):
                log.info("%s: removed the work of an earlier input or option, %s", job.name, other)
                shutil.rmtree(other)
    return workdir


@contextmanager
def _warnings_to(record: Record) -> Iterator[None]:
    def show(message, category, filename, lineno, file=None, line=None):
        log.warning("%s: %s", record.name, message)
        record.event("warning", text=str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show
        yield


def run(jobs: list[Job], out: Path, force: bool) -> int:
    """Mine all corpora, one after the other, and write the summary; the exit code."""
    rows, stopped = [], False
    for number, job in enumerate(jobs, 1):
        if stopped:
            rows.append({"corpus": job.name, "status": "not begun"})
            continue
        log.info("%s: corpus %d of %d", job.name, number, len(jobs))
        try:
            rows.append(mine(job, out, force))
        except KeyboardInterrupt:
            stopped = True
            log.warning("%s: stopped; the same command goes on from here", job.name)
            rows.append(_failed(job, out, "stopped", "stopped by the user"))
        except Exception as error:
            message = str(error) or type(error).__name__
            log.error("%s: failed: %s", job.name, message)
            rows.append(_failed(job, out, "failed", message))
    _write_summary(rows, out / "summary.csv")
    _print_summary(rows)
    if stopped:
        return 130
    return 1 if any(row["status"] == "failed" for row in rows) else 0


def _failed(job: Job, out: Path, status: str, message: str) -> dict[str, Any]:
    try:
        (out / job.name).mkdir(parents=True, exist_ok=True)
        details = traceback.format_exc()
        Record(job.name, out / job.name / "log.jsonl").event(status, message=message, traceback=details)
    except OSError as error:
        log.error("%s: its log cannot be written: %s", job.name, error)
    return {"corpus": job.name, "status": status, "message": message}


def _write_summary(rows: list[dict[str, Any]], path: Path) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _print_summary(rows: list[dict[str, Any]]) -> None:
    lines = [COLUMNS, *([_shown(row.get(name, "")) for name in COLUMNS] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else " ".join(str(value).split())


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        jobs, out, force = parse(arguments)
        out.mkdir(parents=True, exist_ok=True)
    except WrongConfig as error:
        print(f"mine_words: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"mine_words: {out} cannot be the folder of results ({error.strerror}): give another --out",
            file=sys.stderr,
        )
        return 2
    return run(jobs, out, force)


if __name__ == "__main__":
    sys.exit(main())
