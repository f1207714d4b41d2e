"""Tokens a second and the share of the machine's arithmetic that a training uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch
from transformers import TrainerCallback

from zhnlp.training.pretraining.hardware import FIELD, hardware

EARLIER = "earlier_steps"  # in the log that a checkpoint keeps: of the training that this one began from


class Throughput(TrainerCallback):
    """Adds ``tokens``, ``tokens_per_second`` and ``model_flop_utilisation`` to what a training logs.

    Utilisation is 6 floating-point operations for each weight of the layers and each token, over what a large bf16 matrix
    product reaches on the same device and threads, measured once. A step counts from the end of the one before, so
    loading and masking are in it; evaluating and saving are not. The products of attention and of the vocabulary are
    not counted. What the training runs on goes into the log too, for `finish`.

    Args:
        tokens_a_step: tokens that all devices together read in a step.
        earlier: tokens, seconds, steps and hardware of the training that this one begins from, where there was one.
    """

    def __init__(self, tokens_a_step: int, earlier: Mapping[str, Any] | None = None):
        self.tokens_a_step = tokens_a_step
        self.earlier = dict(earlier or {})
        self.peak = 0.0
        self.steps, self.spent = 0, 0.0
        self.mark: float | None = None  # when the step that now runs began
        self.first, self.before = 0, 0

    def on_train_begin(self, args, state, control, model=None, **others):
        self.weights = sum(
            weight.numel()
            for name, weight in model.named_parameters()
            if weight.ndim == 2 and "embed" not in name
        )
        self.peak = matrix_peak(args.device)
        self.mark = None
        self.first = state.global_step
        if self.earlier and self.first == 0:
            state.log_history.append({**self.earlier, "step": 0, EARLIER: self.earlier.get("steps", 0)})
        self.before = tokens_read(state.log_history, self.tokens_a_step)(state.global_step)
        found = hardware(args.device, args.world_size)
        if next((entry[FIELD] for entry in reversed(state.log_history) if FIELD in entry), None) != found:
            state.log_history.append({"step": state.global_step, FIELD: found})

    def on_step_begin(self, args, state, control, **others):
        if self.mark is None:
            self.mark = time.perf_counter()

    def on_step_end(self, args, state, control, **others):
        now = time.perf_counter()
        self.spent += now - self.mark
        self.mark = now
        self.steps += 1

    def on_evaluate(self, args, state, control, **others):
        self.mark = time.perf_counter()  # whatever came since the step was no training

    def on_save(self, args, state, control, **others):
        self.mark = time.perf_counter()

    def on_log(self, args, state, control, logs=None, **others):
        if logs is None or "loss" not in logs or not self.steps:
            return
        rate = self.steps * self.tokens_a_step / self.spent
        logs["tokens"] = self.before + (state.global_step - self.first) * self.tokens_a_step
        logs["tokens_per_second"] = round(rate)
        logs["model_flop_utilisation"] = round(
            6 * self.weights * rate / (self.peak * max(1, args.world_size)), 4
        )
        if state.log_history and "loss" in state.log_history[-1]:
            state.log_history[-1].update(
                {name: logs[name] for name in list(logs) if name not in state.log_history[-1]}
            )
        self.steps, self.spent = 0, 0.0


def tokens_read(history: Iterable[Mapping[str, Any]], tokens_a_step: int) -> Callable[[int], int]:
    """From a step to the tokens that all devices had read by then, from the log of a training.

    Args:
        history: ``log_history`` of a trainer's state.
        tokens_a_step: what a step reads where the log does not say.

    A training that began from a model counts on from what that had read.

    Example:
        >>> read = tokens_read([{"step": 10, "tokens": 640}, {"step": 20, "tokens": 1920}], 64)
        >>> [read(step) for step in (5, 10, 15, 22)]
        [320, 640, 1280, 2176]
    """
    history = list(history)
    begin = next((entry.get("tokens", 0) for entry in history if EARLIER in entry), 0)
    later = ((entry["step"], entry["tokens"]) for entry in history if "tokens" in entry and entry["step"] > 0)
    points = [(0, begin), *later]

    def read(step: int) -> int:
        (s0, t0), (s1, t1) = (0, begin), (1, begin + tokens_a_step)
        for before, after in pairwise(points):
            if after[0] > before[0]:
                (s0, t0), (s1, t1) = before, after
            if after[0] >= step:
                break
        return round(t0 + (step - s0) * (t1 - t0) / (s1 - s0))

    return read


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
