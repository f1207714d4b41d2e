"""The stages of a job: a bar while each runs, and its seconds when it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from zhnlp.mining.progress import Progress


class Stages:
    """Runs stages and keeps how long each took; ``progress`` may be replaced at any time."""

    def __init__(self, progress: Progress | None = None):
        self.progress = progress or Progress()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, total: float | None = None, unit: str = "char") -> Iterator[Progress]:
        begin = time.perf_counter()
        with self.progress.stage(name, total, unit):
            yield self.progress
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin
