"""Pictures of what a generative model draws, made while it learns: the quickest way to see whether it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import TrainerCallback

from zhnlp.generative.plots import draw_samples

if TYPE_CHECKING:
    from zhnlp.generative.model import GenerativeModel


def save_samples(model: GenerativeModel, folder: str | Path, step: int, n: int, seed: int) -> Path:
    """Draw ``n`` examples, the same random numbers each time, into ``folder/samples/000100.png``; returns its path."""
    with torch.no_grad():
        drawn = model.sample(n, seed=seed)
    path = Path(folder) / "samples" / f"{step:06d}.png"
    draw_samples(drawn.cpu(), path)
    return path


class DrawSamples(TrainerCallback):
    """Save a picture of samples after each ``every``-th pass."""

    def __init__(self, folder: str | Path, every: int, n: int = 64, seed: int = 0):
        self.folder, self.every, self.n, self.seed = folder, every, n, seed
        self._passes = 0

    def on_epoch_end(self, args, state, control, model=None, **kwargs):
        self._passes += 1
        if state.is_world_process_zero and self._passes % self.every == 0:
            save_samples(model, self.folder, state.global_step, self.n, self.seed)
