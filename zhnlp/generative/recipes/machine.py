"""Where and when a recipe ran, for its `figures.json`."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zhnlp.training.pretraining.hardware import processor

ROOT = Path(__file__).resolve().parents[3]


def machine() -> dict[str, Any]:
    """Processor, cores, how busy they are, date, versions, and the commit where zhnlp is a checkout.

    Example:
        >>> sorted(machine())
        ['commit', 'cores', 'cpu', 'date', 'load_1min', 'python', 'versions']
    """
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": _commit(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", "numpy")},
    }


def _commit() -> str:
    """Of zhnlp itself; "" in an installation, which may lie inside a repository of the user's own."""
    if not (ROOT / ".git").exists():
        return ""
    try:
        said = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return said.stdout.strip()
