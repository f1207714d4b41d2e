"""Progress of long stages on stderr: a bar with rate and time left, silent when asked or when piped away."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


class Progress:
    """Reports the stages of one job on stderr.

    Args:
        enabled: show bars; None does so only where stderr is a terminal.
        speaks: say lines such as the plan and the corpus report; None does as ``enabled``.
    """

    def __init__(self, enabled: bool | None = None, speaks: bool | None = None):
        self.enabled = sys.stderr.isatty() if enabled is None else enabled
        self.speaks = self.enabled if speaks is None else speaks
        self._bars: list[tqdm] = []  # of the stages that are open

    @contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "char") -> Iterator[Progress]:
        """One stage with its own bar over ``total`` units; a stage within a stage takes the bar over for its time.

        Stages of streams that are read in turn may end in any order.
        """
        bar = tqdm(
            total=total,
            desc=name,
            unit=unit,
            unit_scale=True,
            disable=not self.enabled,
            file=sys.stderr,
            leave=True,
            bar_format=None if total else "{desc}: {elapsed}",
        )
        self._bars.append(bar)
        try:
            yield self
        finally:
            bar.close()
            self._bars = [other for other in self._bars if other is not bar]

    def advance(self, units: float) -> None:
        """Move the bar of the current stage on."""
        if self._bars:
            self._bars[-1].update(units)

    def say(self, line: str) -> None:
        """A line on stderr that does not break the bar."""
        if self.speaks:
            tqdm.write(line, file=sys.stderr)
