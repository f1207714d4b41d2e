"""Resident memory of this process, and a high-water mark that can begin anew (Linux)."""

import contextlib
from pathlib import Path


def current_bytes() -> int:
    """Resident set now, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak() -> None:
    """Let VmHWM begin anew from here; where the system refuses, the mark of the whole process stays."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
