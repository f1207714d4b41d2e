"""Time and memory of one peer run, and the JSON file every runner writes.  Standard library only.

A runner imports this file first, then its peer inside ``with run.imports():``, then does its work inside
``with run.work():``. CPU time is user + system of this process and its children. The peak is the kernel's
high-water mark of this process (``VmHWM``), not ``ru_maxrss``: a child inherits the latter from its parent.
"""

import contextlib
import hashlib
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # one core for every peer


def cpu_seconds():
    """User + system seconds of this process and of its finished children."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_bytes():
    """Largest resident set of this process so far, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Run:
    """One measured run: command line, clock, memory, result file."""

    def __init__(self, peer, call, scores, order, patches=()):
        """Args: peer, PyPI name; call, the exact call timed; scores, what "score" is; order, who ranked."""
        if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
            script = Path(sys.argv[0]).name
            print(
                f"usage: PEER_PYTHON {script} INPUT.txt OUTPUT.json   (one document a line)", file=sys.stderr
            )
            raise SystemExit(2)
        self.input, self.output = Path(sys.argv[1]), Path(sys.argv[2])
        if not self.input.is_file():
            print(f"error: no file {self.input}; write one with corpora/news.py", file=sys.stderr)
            raise SystemExit(2)
        self.record = {"peer": peer, "call": call, "score_is": scores, "order_is": order}
        self.record["patches"] = list(patches)
        self._interpreter_bytes, self._import_cpu, self.result = peak_bytes(), 0.0, {}

    @contextlib.contextmanager
    def imports(self):
        """Measure what importing the peer costs."""
        start = cpu_seconds()
        yield
        self._import_cpu = cpu_seconds() - start
        self.record["rss_after_imports_mb"] = round(peak_bytes() / 2**20, 1)

    @contextlib.contextmanager
    def work(self):
        """Measure reading the input, discovery and ranking."""
        start, clock = cpu_seconds(), time.perf_counter()
        yield
        work = cpu_seconds() - start
        self.result = {
            "cpu_seconds": round(work, 3),
            "cpu_seconds_with_imports": round(work + self._import_cpu, 3),
            "wall_seconds": round(time.perf_counter() - clock, 3),
            "peak_rss_mb": round(peak_bytes() / 2**20, 1),
            "peak_rss_above_interpreter_mb": round((peak_bytes() - self._interpreter_bytes) / 2**20, 1),
        }

    def documents(self):
        """The input as a list of lines without their line ends."""
        return self.input.read_text(encoding="utf-8").removesuffix("\n").split("\n")

    def write(self, words, **more):
        """Write ``words``, a list of dicts with at least "word" and "score", and everything measured."""
        from importlib.metadata import version

        data = self.input.read_bytes()
        text = data.decode("utf-8")
        self.record.update(
            version=version(self.record["peer"]),
            python=platform.python_version(),
            input=str(self.input),
            input_sha256=hashlib.sha256(data).hexdigest(),
            documents=text.count("\n") + (not text.endswith("\n")),
            characters=len(text),
            **self.result,
            **more,
        )
        self.record["words_found"] = len(words)
        self.record["words"] = words
        if not words:
            print(f"warning: {self.record['peer']} found no word in {self.input}", file=sys.stderr)
        self.output.write_text(json.dumps(self.record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        brief = {key: value for key, value in self.record.items() if key != "words"}
        print(json.dumps(brief, ensure_ascii=False))
