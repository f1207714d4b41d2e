"""Tokens a second and the share of the machine's arithmetic that a training uses."""

from __future__ import annotations

import time

import torch
from transformers import TrainerCallback


class Throughput(TrainerCallback):
    """Adds ``tokens``, ``tokens_per_second`` and ``model_flop_utilisation`` to what a training logs.

    Utilisation is 6 floating-point operations for each weight of the layers and each token, over what a large bf16 matrix
    product reaches on the same device and threads, measured once; time of evaluation is left out. The products of
    attention and of the vocabulary are not counted.

    Args:
        tokens_a_step: tokens that all devices together read in a step.
    """

    def __init__(self, tokens_a_step: int):
        self.tokens_a_step = tokens_a_step
        self.peak = 0.0
        self.steps, self.spent, self.begun = 0, 0.0, 0.0

    def on_train_begin(self, args, state, control, model=None, **others):
        self.weights = sum(
            weight.numel()
            for name, weight in model.named_parameters()
            if weight.ndim == 2 and "embed" not in name
        )
        self.peak = matrix_peak(args.device)

    def on_step_begin(self, args, state, control, **others):
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **others):
        self.spent += time.perf_counter() - self.begun
        self.steps += 1

    def on_log(self, args, state, control, logs=None, **others):
        if logs is None or "loss" not in logs or not self.steps:
            return
        rate = self.steps * self.tokens_a_step / self.spent
        logs["tokens"] = state.global_step * self.tokens_a_step
        logs["tokens_per_second"] = round(rate)
        logs["model_flop_utilisation"] = round(
            6 * self.weights * rate / (self.peak * max(1, args.world_size)), 4
        )
        if state.log_history and "loss" in state.log_history[-1]:
            state.log_history[-1].update(
                {name: logs[name] for name in list(logs) if name not in state.log_history[-1]}
            )
        self.steps, self.spent = 0, 0.0


def matrix_peak(device: torch.device | str, size: int = 2048) -> float:
    """Floating-point operations a second of a bf16 product of two square matrices, the best of five."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    best = float("inf")
    for _ in range(5):
        _wait(a)
        begun = time.perf_counter()
        a @ a
        _wait(a)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def _wait(tensor: torch.Tensor) -> None:
    if tensor.is_cuda:
        torch.cuda.synchronize(tensor.device)
