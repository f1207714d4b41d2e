"""What a training ran on, in words for its card."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

FIELD = "hardware"  # in the log that a checkpoint keeps


def hardware(device: str | torch.device | None = None, processes: int = 1) -> str:
    """The device of a process (None: the GPU where there is one), and how many of them work together.

    Example:
        >>> hardware("cpu", 2).startswith("2 processes, each: ")
        True
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if device.type == "cuda":
        found = torch.cuda.get_device_name(device)
    else:
        found = f"{torch.get_num_threads()} of {os.cpu_count()} CPU threads, {processor()}, torch {torch.__version__}"
    return f"{processes} processes, each: {found}" if processes > 1 else found


def hardware_of(history: Iterable[Mapping[str, Any]]) -> str:
    """What the parts of a training ran on, from the log of its checkpoint; that of this process where it does not say.

    Example:
        >>> hardware_of([{"step": 0, "hardware": "a"}, {"step": 9, "loss": 1.0}, {"step": 9, "hardware": "b"}])
        'a; then b'
    """
    said = list(dict.fromkeys(entry[FIELD] for entry in history if FIELD in entry))
    return "; then ".join(said) or hardware()


def processor() -> str:
    """The name of the processor, as the system says it."""
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        for line in cpu.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
