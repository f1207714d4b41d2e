"""Samples of what a model does, printed as it learns: the quickest way to see whether it does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import TrainerCallback

from zhnlp.training.callbacks.jsonl_log import LOG_NAME, append_record
from zhnlp.training.seeds import own_randomness


class Samples(TrainerCallback):
    """Calls a function on the model after each epoch, prints what it returns on stderr and keeps it in the log.

    The function runs without gradients, in evaluation mode, and on random numbers of its own, the same each time: the
    training goes on as if it had not been called.

    Args:
        sample: gets the model; returns what to show, a text or anything JSON can write, one or a list.
        every: steps between calls; None for once an epoch.
        seed: of the function's random draws.
        log: file of `JsonlLog`; None for ``log.jsonl`` in the output folder.

    Example:
        ``Samples(lambda model: pipe("今天[MASK]气很好"))``
    """

    def __init__(
        self,
        sample: Callable[[Any], Any],
        *,
        every: int | None = None,
        seed: int = 0,
        log: str | Path | None = None,
    ):
        if every is not None and every < 1:
            raise ValueError(f"every is {every}: expected at least 1 step, or None for once an epoch")
        self.sample, self.every, self.seed, self.log = sample, every, seed, log

    def on_epoch_end(self, args, state, control, model=None, **kwargs):
        if self.every is None:
            self._show(args, state, model)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if self.every is not None and state.global_step % self.every == 0:
            self._show(args, state, model)

    def _show(self, args, state, model) -> None:
        if not state.is_world_process_zero:
            return
        modes = {module: module.training for module in model.modules()}
        model.eval()
        try:
            with own_randomness(self.seed), torch.no_grad():
                shown = self.sample(model)
        finally:
            for module, mode in modes.items():
                module.training = mode
        shown = list(shown) if isinstance(shown, Sequence) and not isinstance(shown, str) else [shown]
        for each in shown:
            text = each if isinstance(each, str) else json.dumps(each, ensure_ascii=False, default=str)
            tqdm.write(f"[step {state.global_step}] {text}", file=sys.stderr)
        log = Path(args.output_dir) / LOG_NAME if self.log is None else self.log
        append_record(log, {"step": state.global_step, "epoch": state.epoch, "samples": shown})
