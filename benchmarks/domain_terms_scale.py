"""Domain terms of a corpus several times the ceiling on memory: peak, time, and a run that is killed and resumed.

    python benchmarks/domain_terms_scale.py --save                  # 1.2 GB of text under 800 MB; some 6 minutes
    python benchmarks/domain_terms_scale.py --copies 2 --kill-after 15

The corpus is pretrain/open.txt ``--copies`` times over, with ``--min-count`` raised as many times, so that it has the
n-grams of one copy; reference: the news.  One thread, no word vectors.  One process runs to its end; another is killed with
SIGKILL after ``--kill-after`` seconds and started again with the same workdir.  "Identical" compares all rows, by hash.  Peak is
the high-water mark of the resident set above the one after imports, mapped files included, which can leave memory.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.data import news_text, open_text
from harness.process import WORKERS, run
from harness.report import Report, command

WORKER = WORKERS / "mine_terms.py"


def start_and_kill(text: Path, options: dict, seconds: float) -> None:
    """Run the worker for some seconds, then kill it."""
    with tempfile.TemporaryDirectory() as folder:
        job = [sys.executable, str(WORKER), str(text), str(Path(folder, "out.json")), json.dumps(options)]
        child = subprocess.Popen(job)
        time.sleep(seconds)
        if child.poll() is not None:
            raise SystemExit(
                f"the run ended within {seconds} s: nothing to kill. Next: a smaller --kill-after"
            )
        child.kill()
        child.wait()


def main() -> int:
    """Measure both."""
    parser = command(__doc__, seed=1)
    parser.add_argument("--copies", type=int, default=6, help="of the text (default: %(default)s)")
    parser.add_argument("--memory", default="800MB", help="ceiling (default: %(default)s)")
    parser.add_argument("--min-count", type=int, default=5, help="for one copy (default: %(default)s)")
    parser.add_argument("--kill-after", type=float, default=40.0, help="seconds (default: %(default)s)")
    options = parser.parse_args()
    report = Report(
        "domain_terms_scale",
        {
            "system": "system",
            "MB of text": lambda line: line["bytes"] / 1e6,
            "wall s": "wall_seconds",
            "CPU s": "cpu_seconds",
            "peak MB": lambda line: (line["rss_peak"] - line["rss_after_imports"]) / 1e6,
            "terms": "table_rows",
            "identical": "identical",
            "load": "load_1min",
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        one, reference = open_text(folder, None, options.seed), news_text(folder)
        many = folder / "many.txt"
        with many.open("wb") as file:
            for _ in range(options.copies):
                with one.path.open("rb") as source:
                    shutil.copyfileobj(source, file)
        facts = {"data": f"{one.name} × {options.copies}", "bytes": one.bytes * options.copies}
        given = {
            "reference": str(reference.path),
            "threads": 1,
            "vectors": False,
            "memory": options.memory,
            "min_count": options.min_count * options.copies,
        }
        expected = None
        for name in "to its end", "killed and resumed":
            work = folder / name.replace(" ", "-")
            job = {**given, "workdir": str(work)}
            if "killed" in name:
                start_and_kill(many, job, options.kill_after)
            found = run(WORKER, str(many), json.dumps(job))
            shutil.rmtree(work, ignore_errors=True)
            expected = expected or found.get("sha256")
            found["identical"] = found.get("sha256") == expected
            report.add(task="out of core", system=f"memory={options.memory!r}, {name}", **facts, **found)
        many.unlink()
    report.finish(options.save, "The resumed run's time is without what ran before it was killed.")
    return 0 if all(line.get("identical") for line in report.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
