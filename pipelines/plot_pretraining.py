"""Draw held-out figures of pre-trainings against the tokens they had read.

    python pipelines/plot_pretraining.py benchmarks/results/pretrain_*-2026-11-21.jsonl --out docs/images/pretraining.svg

Reads the ``curve.jsonl`` that `pretrain_mlm.py` and `pretrain_gpt.py` leave beside a finished model: a line for every
evaluation. Accuracy is drawn where it was measured, else the loss in nats a token. The last stretch, in which the rate
falls to zero, is where the curves bend. Needs the extra ``plot``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # told apart by most eyes
LABELS = {"accuracy": "masked characters guessed right", "loss": "nats a token"}


def read(path: Path) -> tuple[str, dict[str, list[tuple[float, float]]]]:
    """The figure that a curve is of, and its points by held-out set: (million tokens, value)."""
    points = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    if not points:
        sys.exit(
            f"{path} holds no point: expected a line for each evaluation. Next: train with held-out text"
        )
    figure = "accuracy" if any(name.endswith("_accuracy") for name in points[0]) else "loss"
    sets = [name.removesuffix("_" + figure) for name in points[0] if name.endswith("_" + figure)]
    return figure, {
        name: [(point["tokens"] / 1e6, point[f"{name}_{figure}"]) for point in points] for name in sets
    }


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("curves", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="picture to write, .svg or .png")
    options = parser.parse_args()
    try:
        from matplotlib.figure import Figure
    except ImportError:
        sys.exit('plots need matplotlib. Next: pip install "zhnlp[plot]"')
    figure = Figure(figsize=(4.6 * len(options.curves), 3.2), layout="constrained")
    for number, path in enumerate(options.curves, start=1):
        what, sets = read(path)
        axes = figure.add_subplot(1, len(options.curves), number)
        for (name, points), colour in zip(sorted(sets.items()), COLOURS):
            axes.plot(*zip(*points), marker=".", color=colour, label=f"held-out: {name}")
        axes.set_title(path.stem.split("-")[0])
        axes.set_xlabel("million tokens read")
        axes.set_ylabel(LABELS[what])
        axes.grid(alpha=0.3)
        axes.legend()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, metadata={"Date": None} if options.out.suffix == ".svg" else None)
    print(options.out)


if __name__ == "__main__":
    main()
