"""Options of ``zhnlp classify`` that are checked before any work: of the training, and of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def parse_epochs(given: str | None) -> float | str | None:
    """``--epochs`` as `PromptClassifier` takes it."""
    if given is None or given == "cv":
        return given
    try:
        return float(given)
    except ValueError:
        raise ValueError(
            f"--epochs {given} is not possible: expected a number of passes, or cv. Next: --epochs 10"
        ) from None


def check_learning(learning: Mapping[str, Any], train: Path | None) -> None:
    """Refuse options of a training where there is none."""
    given = ["--" + name.replace("_", "-") for name, value in learning.items() if value is not None]
    if given and train is None:
        raise ValueError(
            f"{', '.join(given)}: of the training on labelled texts, and there is no --train: expected both or neither. Next: "
            "--train few.tsv"
        )


def check_picture(plot: Path) -> None:
    """Refuse, before the work, a picture that cannot be drawn."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ImportError('--plot needs matplotlib. Next: pip install "zhnlp[plot]"') from error
    if plot.suffix.lower().removeprefix(".") not in FigureCanvasBase.filetypes:
        raise ValueError(
            f"--plot {plot} ends in {plot.suffix!r}: expected .png, .svg or .pdf. Next: --plot {plot.stem}.png"
        )
