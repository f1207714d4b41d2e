"""Speed and memory from a file to the ranked lexicon: `WordDiscoverer` with its defaults, one thread.

    python benchmarks/new_words_speed.py                      # 10 M characters and the whole text; in memory, out of core
    python benchmarks/new_words_speed.py --characters 10000000 --memory none --save

Reads a plain UTF-8 file (pretrain/open.txt.xz unpacked, or a seeded sample of its lines) and gives the table with
its example contexts; writing it is not in the time.  Every row is a fresh process that loads the machine code on a
small slice before the clock starts; of ``--repeat`` runs the one with the least CPU time is shown, with the median
beside it.  Peak memory is above the resident set after imports; "above warm-up" leaves out what does not depend on the text:
machine code (60 MB) and the reference dictionary (58 MB).  Rows with a ceiling count out of core.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from harness.data import open_text
from harness.process import compile_first, discover
from harness.report import Report, command

STAGES = ("read", "count", "judge", "rank", "examples")


def measure(text, memory: str | None, repeat: int) -> dict:
    """One row: a fresh process that mines the file ``repeat`` times."""
    extra = {"memory": memory} if memory else {}
    record = discover(text.path, warm=True, repeat=repeat, words=False, **extra)
    line = {
        "task": "file to ranked lexicon",
        "system": "zhnlp",
        "memory": memory or "in memory",
        **text.facts(),
    }
    if "failed" in record:
        return {**line, "failed": record["failed"]}
    cpu, wall = record["cpu_seconds"], record["wall_seconds"]
    above = record["rss_peak"] - record["rss_after_imports"]
    middle = statistics.median(one["cpu_seconds"] for one in record["runs"])
    return {
        **line,
        "call": record["call"],
        "threads": 1,
        "symbols": record["symbols"],
        "words": record["table_rows"],
        "cpu_seconds": cpu,
        "cpu_seconds_median": middle,
        "wall_seconds": wall,
        "m_characters_per_cpu_second": text.characters / cpu / 1e6,
        "m_characters_per_cpu_second_median": text.characters / middle / 1e6,
        "m_characters_per_second": text.characters / wall / 1e6,
        "peak_bytes_above_imports": above,
        "peak_mb_above_imports": above / 1e6,
        "bytes_per_character": above / text.characters,
        "bytes_per_character_above_warm_up": (record["rss_peak"] - record["rss_after_warm_up"])
        / text.characters,
        "stage_seconds": record["seconds"],
        "runs": record["runs"],
    }


def main() -> int:
    """Measure each size with each ceiling."""
    parser = command(__doc__, seed=1)
    parser.add_argument(
        "--characters", type=int, nargs="*", help="sizes; 0 is the whole text (default: 10000000 0)"
    )
    parser.add_argument(
        "--memory",
        nargs="*",
        default=["none", "800MB"],
        help='ceilings; "none" counts in memory (default: none 800MB)',
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs a row (default: %(default)s)")
    options = parser.parse_args()
    stages = {name: lambda line, name=name: line.get("stage_seconds", {}).get(name) for name in STAGES}
    report = Report(
        "new_words_speed",
        {
            "characters": "characters",
            "memory": "memory",
            "CPU s": "cpu_seconds",
            "wall s": "wall_seconds",
            "M char / CPU s": "m_characters_per_cpu_second",
            "median": "m_characters_per_cpu_second_median",
            **stages,
            "words": "words",
            "peak MB": "peak_mb_above_imports",
            "bytes / char": "bytes_per_character",
            "above warm-up": "bytes_per_character_above_warm_up",
            "load": "load_1min",
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        for size in options.characters or [10_000_000, 0]:
            text = open_text(options.workdir or Path(temporary), size or None, options.seed)
            compile_first(text.path)
            for memory in options.memory:
                line = measure(text, None if memory == "none" else memory, options.repeat)
                if memory != "none" and "read" in line.get("stage_seconds", {}):
                    print(f"{text.name} fits into {memory}: counted in memory, row left out", file=sys.stderr)
                else:
                    report.add(**line, seed=options.seed)
    report.finish(
        options.save,
        "Stage columns are wall seconds; out of core, reading is a part of count.",
        *_failures(report),
    )
    return 0


def _failures(report: Report) -> list[str]:
    return [f"{line['memory']}: {line['failed']}" for line in report.lines if "failed" in line]


if __name__ == "__main__":
    sys.exit(main())
