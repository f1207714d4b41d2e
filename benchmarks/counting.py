"""Speed and memory of the counting kernel alone: count, least PMI and both entropies of every n-gram.

    python benchmarks/counting.py                             # 10 M characters and the whole text, 1 and 2 threads
    python benchmarks/counting.py --characters 10000000 --repeat 5 --save

`count_ngrams` on symbols that are encoded already; min_count 5, up to 8 symbols.  The text is pretrain/open.txt.xz:
whole, or a seeded sample of its lines.  Every row is a fresh process, which loads the machine code on a small slice
before the clock starts, then counts ``--repeat`` times; the table has the best and the median.  Characters are those
of the text without line ends (its separators are counted among them, though the kernel never sees them); symbols are
what the kernel counts.  Peak memory holds the encoded symbols, the scratch of the threads and the finished trie; it is
taken above the resident set after imports; "above warm-up" leaves out the machine code (60 MB, whatever the text).
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from harness.data import open_text
from harness.process import WORKERS, compile_first, run
from harness.report import Report, command


def per_second(amount: int, seconds: float) -> float:
    """Millions a second."""
    return amount / seconds / 1e6


def measure(text, threads: int, repeat: int) -> dict:
    """One row: a fresh process that counts ``repeat`` times."""
    options = {"threads": threads, "repeat": repeat}
    record = run(WORKERS / "count.py", str(text.path), json.dumps(options))
    if "failed" in record:
        return {"task": "count_ngrams", "threads": threads, **text.facts(), **record}
    cpu = [one["cpu_seconds"] for one in record["runs"]]
    wall = [one["wall_seconds"] for one in record["runs"]]
    above = record["rss_peak"] - record["rss_after_imports"]
    return {
        "task": "count_ngrams",
        "system": "zhnlp",
        "threads": threads,
        "max_length": 8,
        "min_count": 5,
        **text.facts(),
        "symbols": record["symbols"],
        "ngrams": record["ngrams"],
        "cpu_seconds": min(cpu),
        "cpu_seconds_median": statistics.median(cpu),
        "wall_seconds": min(wall),
        "wall_seconds_median": statistics.median(wall),
        "m_characters_per_cpu_second": per_second(text.characters, min(cpu)),
        "m_characters_per_cpu_second_median": per_second(text.characters, statistics.median(cpu)),
        "m_characters_per_second": per_second(text.characters, min(wall)),
        "m_symbols_per_cpu_second": per_second(record["symbols"], min(cpu)),
        "peak_bytes_above_imports": above,
        "bytes_per_character": above / text.characters,
        "bytes_per_character_above_warm_up": (record["rss_peak"] - record["rss_after_warm_up"])
        / text.characters,
        "runs": record["runs"],
    }


def main() -> int:
    """Measure each size with each number of threads."""
    parser = command(__doc__, seed=1)
    parser.add_argument(
        "--characters", type=int, nargs="*", help="sizes; 0 is the whole text (default: 10000000 0)"
    )
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="default: 1 2")
    parser.add_argument("--repeat", type=int, default=3, help="counts a row (default: %(default)s)")
    options = parser.parse_args()
    report = Report(
        "counting",
        {
            "characters": "characters",
            "threads": "threads",
            "CPU s": "cpu_seconds",
            "wall s": "wall_seconds",
            "M char / CPU s": "m_characters_per_cpu_second",
            "median": "m_characters_per_cpu_second_median",
            "M symbols / CPU s": "m_symbols_per_cpu_second",
            "wall, against 1 thread": "wall_ratio",
            "median wall ratio": "wall_ratio_median",
            "bytes / char": "bytes_per_character",
            "above warm-up": "bytes_per_character_above_warm_up",
            "n-grams": "ngrams",
            "load": "load_1min",
        },
    )
    sizes = options.characters or [10_000_000, 0]
    with tempfile.TemporaryDirectory() as temporary:
        for size in sizes:
            text = open_text(options.workdir or Path(temporary), size or None, options.seed)
            compile_first(text.path, "count.py")
            single = None
            for threads in options.threads:
                line = measure(text, threads, options.repeat)
                if threads == 1:
                    single = line
                if single and "wall_seconds" in line:
                    line["wall_ratio"] = single["wall_seconds"] / line["wall_seconds"]
                    line["wall_ratio_median"] = single["wall_seconds_median"] / line["wall_seconds_median"]
                report.add(**line, seed=options.seed)
    report.finish(
        options.save,
        "Best of the repetitions unless said otherwise; CPU seconds of several threads are their sum.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
