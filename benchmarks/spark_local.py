"""One machine against Spark on the same machine: the same table, wall time, bytes shuffled.

    python benchmarks/spark_local.py --save                          # 20 M characters, local[2]
    python benchmarks/spark_local.py --task terms --save             # domain terms
    python benchmarks/spark_local.py --characters 2000000 --master 'local[4]'

Words (or, against the counts that ship, domain terms) of a seeded sample of the lines of pretrain/open.txt.xz, with examples, from the file to the ranked table.  Both
take two threads.  Spark's clock does not hold the start of its session.  "Identical" compares all rows of the table and
all columns of the n-gram trie, by hash.  Needs Java and pyspark; exit code 2 says what is missing, 1 that tables differ.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from harness.data import open_text
from harness.process import WORKERS, run
from harness.report import Report, command

WORKER = WORKERS / "mine_here_or_spark.py"


def main() -> int:
    """Measure both."""
    parser = command(__doc__, seed=1)
    parser.add_argument(
        "--characters", type=int, default=20_000_000, help="0: the whole text (default: %(default)s)"
    )
    parser.add_argument("--task", choices=("words", "terms"), default="words", help="default: %(default)s")
    parser.add_argument("--master", default="local[2]", help="default: %(default)s")
    parser.add_argument("--min-count", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--codec", nargs="*", default=["lz4", "zstd"], help="compression of shuffles (default: lz4 zstd)"
    )
    options = parser.parse_args()
    try:
        import pyspark
    except ImportError:
        print('no pyspark here: pip install "zhnlp[spark]"', file=sys.stderr)
        return 2
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        print("no Java here, which Spark needs: install a JRE 17 or set JAVA_HOME", file=sys.stderr)
        return 2
    report = Report(
        "spark_local",
        {
            "task": "task",
            "system": "system",
            "characters": "characters",
            "wall s": "wall_seconds",
            "M char / s": "m_characters_per_second",
            "CPU s": "cpu_seconds",
            "CPU s / GB": lambda line: (
                line["cpu_seconds"] / line["bytes"] * 1e9 if "cpu_seconds" in line else None
            ),
            "shuffled MB": lambda line: line["shuffle_bytes"] / 1e6 if "shuffle_bytes" in line else None,
            "bytes / char": "shuffle_bytes_per_character",
            "n-grams": "ngrams",
            "rows": "rows",
            "identical": "identical",
            "load": "load_1min",
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        text = open_text(options.workdir or Path(temporary), options.characters or None, options.seed)
        common = {"threads": 2, "min_count": options.min_count, "task": options.task}
        jobs = [("one machine, 2 threads", {"engine": "local", **common})]
        for codec in options.codec:
            conf = {"spark.io.compression.codec": codec}
            setup = {"engine": "spark", "master": options.master, "conf": conf, **common}
            jobs.append((f"Spark {pyspark.__version__} {options.master}, {codec}", setup))
        expected = None
        for name, setup in jobs:
            found = run(WORKER, str(text.path), json.dumps(setup))
            expected = expected or found.get("sha256")
            if "wall_seconds" in found and "sha256" in found:
                found["m_characters_per_second"] = text.characters / found["wall_seconds"] / 1e6
                found["identical"] = found["sha256"] == expected
            if "shuffle_bytes" in found:
                found["shuffle_bytes_per_character"] = found["shuffle_bytes"] / text.characters
            report.add(task=options.task, system=name, **text.facts(), **found, seed=options.seed)
    report.finish(
        options.save,
        "Wall time from the file to the ranked table with examples, one run each, after a warm-up on 100,000 characters; "
        "Spark's session was running.  CPU seconds are of all processes: Python, the JVM, Spark's Python workers.",
    )
    return 0 if all(line.get("identical") for line in report.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
