"""One measured system = one fresh process, with a time limit and a limit of memory.

The workers and the peers' runners measure themselves with peers/measure.py: CPU time is user + system of the process
and its children, and the peak is the kernel's high-water mark of the resident set (VmHWM).  ``ru_maxrss`` would not
do: a child inherits it from the process that started it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
WORKERS, PEERS = BENCHMARKS / "workers", BENCHMARKS / "peers"
PEER_NAMES = ("harvesttext", "jiagu", "smoothnlp", "gensim")

sys.path.insert(0, str(PEERS))
from environments import DEFAULT_CACHE, environment_python  # noqa: E402
from measure import cpu_seconds, peak_bytes  # noqa: E402, F401


def run(
    script: Path,
    *arguments: str,
    python: str | Path = sys.executable,
    limit: float | None = None,
    memory: int | None = None,
) -> dict:
    """Run ``script`` with the arguments INPUT, OUTPUT, …, where OUTPUT is made here; returns what it wrote there.

    Args:
        limit: seconds of wall time; None for no end.
        memory: bytes of address space, so that a greedy tool fails instead of the machine; None for no limit.

    Returns:
        The record, or one with "failed" and the seconds spent when there is none.
    """
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    first, *rest = arguments
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "result.json")

        def restrict():
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        begin = time.perf_counter()
        try:
            done = subprocess.run(
                [str(python), str(script), first, str(output), *rest],
                capture_output=True,
                text=True,
                timeout=limit,
                env=environment,
                cwd=folder,
                preexec_fn=restrict,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"no result within {limit:g} s", "wall_seconds": round(limit, 1)}
        if done.returncode or not output.is_file():
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
            why = f"exit code {done.returncode}: {said[-1].strip()[:200]}"
            return {"failed": why, "wall_seconds": round(time.perf_counter() - begin, 1)}
        record = json.loads(output.read_text(encoding="utf-8"))
        if "words" in record and not record["words"]:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            memory_short = any("MemoryError" in line or "Unable to allocate" in line for line in said)
            record["failed"] = "out of memory" if memory_short else "found no word"
        return record


def run_peer(peer: str, text: Path, cache: Path, limit: float | None, memory: int | None) -> dict:
    """Run one peer at its own defaults."""
    python = environment_python(cache, peer)
    if not python.exists():
        return {"failed": f"not installed: python benchmarks/peers/environments.py {peer} --cache {cache}"}
    return run(PEERS / f"run_{peer}.py", str(text), python=python, limit=limit, memory=memory)


def discover(text: Path, limit: float | None = None, **options) -> dict:
    """Run `WordDiscoverer` over a file; options as in workers/discover.py."""
    return run(WORKERS / "discover.py", str(text), json.dumps(options), limit=limit)


def compile_first(text: Path, script: str = "discover.py", **options) -> None:
    """Run a worker once on a small slice, so that the machine code lies on disk before anything is measured."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.txt")
        with text.open(encoding="utf-8") as file:
            small.write_text(file.read(200_000), encoding="utf-8")
        record = run(WORKERS / script, str(small), json.dumps({**options, "repeat": 1}))
    if "failed" in record:
        print(f"error: the warm-up failed: {record['failed']}", file=sys.stderr)
        raise SystemExit(1)


def peers_cache(given: Path | None) -> Path:
    """Folder of the peers' environments: ``given``, else $ZHNLP_PEERS, else the one environments.py makes."""
    return Path(given or os.environ.get("ZHNLP_PEERS") or DEFAULT_CACHE).expanduser()
