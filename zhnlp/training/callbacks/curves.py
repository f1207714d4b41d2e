"""The curves of a training as a picture beside its log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers import TrainerCallback

from zhnlp.text.files import atomic_file
from zhnlp.training.callbacks.jsonl_log import LOG_NAME, read_log

_NOT_CURVES = ("step", "epoch", "seconds", "total_flos", "train_loss")
_NOT_ENDINGS = ("_runtime", "_per_second", "_time")


def plot_curves(
    log: str | Path, path: str | Path | None = None, *, metrics: Sequence[str] | None = None
) -> Path:
    """Draw the numbers of a log against the steps and return the picture's path; losses share one panel.

    Args:
        log: file of `JsonlLog`.
        path: picture to write, .png or .svg; None for the log's name with .png.
        metrics: names to draw; None draws all, e.g. loss, eval_loss, learning_rate, grad_norm.

    Raises:
        ImportError: matplotlib is missing (extra ``plot``).
        ValueError: the log holds none of the metrics, or the ending is another.
    """
    Figure = _figure()
    path = Path(log).with_suffix(".png") if path is None else Path(path)
    if path.suffix not in (".png", ".svg"):
        raise ValueError(
            f"a picture cannot be written as {path.name}: expected a name that ends in .png or .svg"
        )
    curves = _curves(read_log(log))
    missing = [name for name in metrics or () if name not in curves]
    if missing or not curves:
        raise ValueError(
            f"{log} holds no numbers named {', '.join(missing) or 'anything'}: it has {', '.join(curves) or 'none'}. "
            "Next: train for longer than logging_steps, or choose among these"
        )
    names = list(curves if metrics is None else metrics)
    losses = [name for name in names if name.endswith("loss")]
    panels = ([losses] if losses else []) + [[name] for name in names if name not in losses]
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(5.2 * columns, 3.2 * rows), layout="constrained")
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, number)
        for name in panel:
            axes.plot(*zip(*curves[name]), label=name, marker="." if len(curves[name]) < 30 else None)
        axes.set_xlabel("step")
        axes.set_title("loss (nats)" if panel is losses else panel[0])
        axes.grid(alpha=0.3)
        if len(panel) > 1:
            axes.legend()
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:], dpi=100)
    return path


class Curves(TrainerCallback):
    """Draws the log after every evaluation and at the end of the training.

    Args:
        log: of `JsonlLog`; None for ``log.jsonl`` in the output folder.
        path: picture, .png or .svg; None for the log's name with .png.

    Raises:
        ImportError: matplotlib is missing (extra ``plot``), at once and not after hours.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        log: str | Path | None = None,
        metrics: Sequence[str] | None = None,
    ):
        _figure()
        self.path, self.log, self.metrics = path, log, metrics

    def on_evaluate(self, args, state, control, **kwargs):
        self._draw(args, state)

    def on_train_end(self, args, state, control, **kwargs):
        self._draw(args, state)

    def _draw(self, args, state) -> None:
        log = Path(args.output_dir) / LOG_NAME if self.log is None else Path(self.log)
        if state.is_world_process_zero and log.exists() and _curves(read_log(log)):
            found = _curves(read_log(log))
            wanted = None if self.metrics is None else [name for name in self.metrics if name in found]
            if wanted is None or wanted:
                plot_curves(log, self.path, metrics=wanted)


def _figure():
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('curves need matplotlib. Next: pip install "zhnlp[plot]"') from None
    return Figure


def _curves(records: list[dict]) -> dict[str, list[tuple[int, float]]]:
    """The points (step, value) of every number that is logged."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        for name, value in record.items():
            if name in _NOT_CURVES or name.endswith(_NOT_ENDINGS) or isinstance(value, bool):
                continue
            if isinstance(value, (int, float)):
                curves.setdefault(name, []).append((record["step"], value))
    return curves
