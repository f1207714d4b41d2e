"""Child process of spark_local.py: `WordDiscoverer` or `DomainTermMiner` over one file, on this machine or on a local Spark.

    python benchmarks/workers/mine_here_or_spark.py INPUT.txt OUTPUT.json '{"engine": "spark", "master": "local[2]"}'

The clock runs over fit and freeze, after a small text has been mined, so that machine code is loaded and Spark's own
is compiled; the start of the session is told apart.  Shuffle bytes are those of Spark's event log, by stage of the job.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

DEFAULTS = {
    "task": "words",
    "engine": "local",
    "master": "local[2]",
    "threads": 1,
    "min_count": 5,
    "examples": True,
    "conf": {},
}
COLUMNS = (
    *("symbol", "count", "first_child", "children", "left_entropy", "right_entropy"),
    *("parent", "suffix", "depth", "pmi"),
)


def cpu_seconds() -> float:
    """User and system time of all processes of this session: Python, the JVM, and Spark's Python workers."""
    own, ticks = os.getsid(0), 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == own:
            ticks += sum(map(int, fields[11:15]))  # its own, and of children that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def start(master: str, events: Path, conf: dict):
    """A session that keeps its event log."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "3g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": events.as_uri(),
        **conf,
    }
    builder = SparkSession.builder.master(master).appName("spark_local")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def read_events(folder: Path, since: float) -> dict:
    """Shuffle bytes and records by stage of the job, and the seconds that tasks took, from ``since`` on (ms)."""
    name_of, written, tasks = {}, Counter(), {"run_seconds": 0.0, "tasks": 0, "spilled_bytes": 0}
    for path in folder.rglob("*"):
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("Event") == "SparkListenerJobStart":
                name = (event.get("Properties") or {}).get("spark.job.description", "")
                name_of.update(dict.fromkeys(event["Stage IDs"], name))
            if event.get("Event") != "SparkListenerTaskEnd" or event["Task Info"]["Launch Time"] < since:
                continue
            metrics = event.get("Task Metrics") or {}
            shuffle = metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
            written[name_of.get(event["Stage ID"], "")] += shuffle
            tasks["run_seconds"] += metrics.get("Executor Run Time", 0) / 1000
            tasks["spilled_bytes"] += metrics.get("Disk Bytes Spilled", 0)
            tasks["tasks"] += 1
    return {
        "shuffle_bytes": sum(written.values()),
        "shuffle_by_stage": {k: v for k, v in written.items() if v},
        **tasks,
    }


def main() -> None:
    """Measure and write."""
    os.setsid()
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    options = {**DEFAULTS, **json.loads(sys.argv[3])}
    from zhnlp.mining.discoverer import WordDiscoverer
    from zhnlp.mining.terms.miner import DomainTermMiner

    miner = WordDiscoverer if options["task"] == "words" else DomainTermMiner
    folder = tempfile.TemporaryDirectory()
    record, session = {"options": options}, None
    if options["engine"] == "spark":
        begin = time.perf_counter()
        session = start(options["master"], Path(folder.name), options["conf"])
        record["session_seconds"] = time.perf_counter() - begin
    limits = {name: options[name] for name in ("threads", "min_count", "examples")}

    def make():
        made = miner(engine=options["engine"], spark=session, progress=False, **limits)
        if session is not None:
            tell_stages(made.stages, session.sparkContext)
        return made

    small = Path(folder.name, "small.txt")
    with source.open(encoding="utf-8") as file:
        small.write_text(file.read(100_000), encoding="utf-8")
    make().fit(small).freeze()
    since, cpu, begin = time.time() * 1000, cpu_seconds(), time.perf_counter()
    found = make()
    table = found.fit(source).freeze()
    record["wall_seconds"], record["cpu_seconds"] = time.perf_counter() - begin, cpu_seconds() - cpu
    record["seconds"] = found.seconds
    digest = hashlib.sha256(json.dumps(list(table), ensure_ascii=False).encode())
    for name in COLUMNS:
        digest.update(getattr(found.trie, name).tobytes())
    record |= {
        "sha256": digest.hexdigest(),
        "rows": len(table),
        "ngrams": len(found.trie),
        "symbols": found.trie.total,
    }
    if session is not None:
        session.stop()
        record |= read_events(Path(folder.name), since)
    folder.cleanup()
    output.write_text(json.dumps(record), encoding="utf-8")


def tell_stages(stages, context) -> None:
    """Let Spark's jobs bear the names of the stages."""
    progress = stages.progress
    plain = progress.stage

    def stage(name, total=None, unit="char"):
        context.setJobDescription(name)
        return plain(name, total, unit)

    progress.stage = stage


if __name__ == "__main__":
    main()
