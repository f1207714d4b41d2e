"""Speed and memory from two files to the ranked domain terms: `DomainTermMiner`, with and without word vectors.

    python benchmarks/domain_terms_speed.py --save
    python benchmarks/domain_terms_speed.py --characters 5000000 --vectors off --threads 1 2

Domain: the laws (each once, newest version), then LCTT articles, up to ``--characters``; reference: contents of the news,
whole.  Both are plain UTF-8 files that are read, counted and compared inside the time; writing the table is not in it.
Every row is a fresh process that loads the machine code on a small slice before the clock starts; of ``--repeat`` runs
the one with the least wall time is shown, with the median beside it.  Characters per second count both files.  Peak memory is
above the resident set after imports.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from harness.data import domain_text, news_text
from harness.process import WORKERS, compile_first, run
from harness.report import Report, command

WORKER = "mine_terms.py"


def measure(domain, reference, vectors: bool, threads: int, repeat: int) -> dict:
    """One row: a fresh process that mines the domain ``repeat`` times."""
    options = {"reference": str(reference.path), "vectors": vectors, "threads": threads}
    record = run(WORKERS / WORKER, str(domain.path), json.dumps({**options, "warm": True, "repeat": repeat}))
    both = domain.characters + reference.characters
    line = {
        "task": "files to ranked terms",
        "system": f"zhnlp {'with' if vectors else 'without'} word vectors",
        **domain.facts(),
        "reference": reference.facts(),
        "threads": threads,
    }
    if "failed" in record:
        return {**line, "failed": record["failed"]}
    wall = record["wall_seconds"]
    best = min(record["runs"], key=lambda one: one["wall_seconds"])
    return {
        **line,
        "call": record["call"],
        "terms": record["table_rows"],
        "wall_seconds": wall,
        "wall_seconds_median": statistics.median(one["wall_seconds"] for one in record["runs"]),
        "cpu_seconds": record["cpu_seconds"],
        "m_characters_per_second": both / wall / 1e6,
        "stage_seconds": best["stages"],
        "peak_mb_above_imports": (record["rss_peak"] - record["rss_after_imports"]) / 1e6,
        "peak_mb": record["rss_peak"] / 1e6,
        "runs": record["runs"],
    }


def stages(line: dict) -> str:
    """The stages and their wall seconds, in order."""
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in line.get("stage_seconds", {}).items())


def main() -> int:
    """Measure with and without vectors for each number of threads."""
    parser = command(__doc__)
    parser.add_argument(
        "--characters", type=int, default=20_000_000, help="of the domain (default: %(default)s)"
    )
    parser.add_argument("--vectors", choices=("on", "off", "both"), default="both")
    parser.add_argument("--threads", type=int, nargs="*", default=[2], help="(default: 2)")
    parser.add_argument("--repeat", type=int, default=3, help="runs a row (default: %(default)s)")
    options = parser.parse_args()
    report = Report(
        "domain_terms_speed",
        {
            "system": "system",
            "domain": "characters",
            "reference": lambda line: line["reference"]["characters"],
            "threads": "threads",
            "wall s": "wall_seconds",
            "median": "wall_seconds_median",
            "CPU s": "cpu_seconds",
            "M char / s": "m_characters_per_second",
            "terms": "terms",
            "peak MB": "peak_mb_above_imports",
            "load": "load_1min",
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        domain, reference = domain_text(folder, options.characters), news_text(folder)
        for vectors in {"both": (False, True), "on": (True,), "off": (False,)}[options.vectors]:
            compile_first(domain.path, WORKER, reference=str(reference.path), vectors=vectors)
            for threads in options.threads:
                report.add(**measure(domain, reference, vectors, threads, options.repeat))
    notes = [
        f"{line['system']}, {line['threads']} threads: {line.get('failed') or stages(line)}"
        for line in report.lines
    ]
    report.finish(options.save, *notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
