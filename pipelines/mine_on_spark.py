"""Mine the words, or the domain terms, of a corpus on a Spark cluster; the table is that of one machine, bit for bit.

    spark-submit --master yarn --deploy-mode client --num-executors 40 --executor-cores 4 --executor-memory 8g \\
        --conf spark.executor.memoryOverhead=6g --conf spark.driver.memory=16g --conf spark.driver.maxResultSize=8g \\
        pipelines/mine_on_spark.py 'hdfs:///corpus/2024/*.jsonl.gz' --text-field content --min-count 50 --out words.parquet
    python pipelines/mine_on_spark.py corpora/power_grid --master 'local[2]' --min-count 5 --top 20
    spark-submit … pipelines/mine_on_spark.py hdfs:///law --task terms --reference hdfs:///news --out terms.csv

Paths are those of any Hadoop file system: files, folders, patterns of .txt, .jsonl, .parquet (also .gz, .bz2, .zst).
Every executor needs zhnlp with its dependencies: install it there, or ship an environment with --archives.  ``--out``
and ``--report`` are files of the machine the driver runs on.  What the driver holds is the table of n-grams, some 33
bytes each: raise --min-count with the corpus (docs/scale.md says how far).

Exit code: 0 done, 2 the command is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="mine_on_spark.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("paths", nargs="+", help="files, folders or patterns, of any Hadoop file system")
    add("--task", choices=("words", "terms"), default="words", help="default: %(default)s")
    add(
        "--reference",
        nargs="+",
        help="terms: paths of the reference corpus; default: statistics that ship with zhnlp",
    )
    add(
        "--out",
        help="file for the table (.csv, .tsv, .jsonl, .parquet, .dict, .txt); default: the first rows are printed",
    )
    add("--report", help="also write an HTML page")
    add("--text-field", help="column or key of the text")
    add("--format", choices=("text", "jsonl", "parquet"), help="of files whose names do not tell")
    add("--encoding", default="utf-8", help="of text files; default: %(default)s")
    add("--method", default="ngram", help="words: see WordDiscoverer; default: %(default)s")
    add(
        "--min-count",
        type=int,
        default=5,
        help="occurrences below which nothing is a word; default: %(default)s",
    )
    add("--max-length", type=int, default=8, help="longest word, in symbols; default: %(default)s")
    add("--runs", default="symbol", help="Latin and digit runs: symbol, token or drop; default: %(default)s")
    add("--new-only", action="store_true", help="words: leave known words out")
    add("--top", type=int, help="rows at most")
    add("--no-examples", action="store_true", help="spare the reading of the text for examples")
    add("--master", help="only without spark-submit, e.g. local[2]")
    add("--partitions", type=int, help="that a shuffle makes; default: three for every two input partitions")
    add(
        "--bucket",
        type=int,
        help="occurrences that a task grows together, some 75 bytes each; default: 4194304",
    )
    return made


def session(options: argparse.Namespace) -> Any:
    """The session of spark-submit, or one with ``--master``."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(f"zhnlp {options.task}")
    if options.master:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(options.master)
    made = builder.getOrCreate()
    for name in ("partitions", "bucket"):
        if (value := getattr(options, name)) is not None:
            made.conf.set(f"spark.zhnlp.{name}", value)
    return made


def miner(options: argparse.Namespace, spark: Any) -> Any:
    """What mines: its ``fit`` takes paths, its ``freeze`` gives a table."""
    common = {
        "min_count": options.min_count,
        "max_length": options.max_length,
        "runs": options.runs,
        "top": options.top,
        "examples": not options.no_examples,
        "engine": "spark",
        "spark": spark,
    }
    if options.task == "terms":
        from zhnlp.mining.terms.miner import DomainTermMiner

        return DomainTermMiner(reference=options.reference, **common)
    from zhnlp.mining.discoverer import WordDiscoverer

    return WordDiscoverer(options.method, new_only=options.new_only, **common)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.out:
            from zhnlp.mining.table import writer_of

            writer_of(options.out)  # a wrong ending must not come up after the counting
        if options.reference and options.task == "words":
            raise ValueError("--reference belongs to --task terms")
        mining = miner(options, session(options))
        reading = {"text_field": options.text_field, "encoding": options.encoding, "format": options.format}
        begin = time.monotonic()
        table = mining.fit(options.paths, **reading).freeze()
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"mine_on_spark: {error}", file=sys.stderr)
        return 2
    print(mining.corpus_summary(), file=sys.stderr)
    print(f"{len(table):,} rows in {time.monotonic() - begin:,.1f} s", file=sys.stderr)
    print(json.dumps({"seconds": mining.settings()["seconds"]}), file=sys.stderr)
    if options.out:
        table.save(options.out)
    else:
        for row in table[: options.top or 50]:
            print(row.get("word", row.get("term")), row["count"], row["score"], sep="\t")
    if options.report:
        table.report(options.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
