"""The progress of a training on stderr: a bar on a terminal, now and then a line in a file."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm
from transformers import TrainerCallback


class ProgressBar(TrainerCallback):
    """One bar with steps, time left, loss, learning rate and what `Throughput` measures; where stderr is no terminal, a line a minute at most.

    Args:
        every: seconds between lines where stderr is no terminal.
    """

    def __init__(self, every: float = 60.0):
        self.every = every
        self._bar: tqdm | None = None
        self._said = 0.0

    def on_train_begin(self, args, state, control, **kwargs):
        if not state.is_world_process_zero:
            return
        self._bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            desc="train",
            unit="step",
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        )
        self._said = time.monotonic()

    def on_step_end(self, args, state, control, **kwargs):
        if self._bar is not None and not self._bar.disable:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self._bar is None or not logs:
            return
        numbers = {name: value for name, value in logs.items() if isinstance(value, (int, float))}
        shown = {
            name: f"{value:.4g}"
            for name, value in numbers.items()
            if name == "learning_rate" or name.endswith(("loss", "accuracy"))
        }
        if "tokens_per_second" in numbers:
            shown["tokens/s"] = f"{numbers['tokens_per_second']:,.0f}"
        if "model_flop_utilisation" in numbers:
            shown["of peak"] = f"{numbers['model_flop_utilisation']:.1%}"
        if not self._bar.disable:
            self._bar.set_postfix(shown)
        elif shown and (
            time.monotonic() - self._said >= self.every or any(n.startswith("eval") for n in shown)
        ):
            self._said = time.monotonic()
            told = ", ".join(f"{name} {value}" for name, value in shown.items())
            print(f"step {state.global_step:,} of {state.max_steps:,}: {told}", file=sys.stderr, flush=True)

    def on_train_end(self, args, state, control, **kwargs):
        if self._bar is not None:
            self._bar.close()
            self._bar = None
