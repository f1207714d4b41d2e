"""Watching for a loss that is no number, and saying why: at once on the CPU, when something is logged on a GPU."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_HUGE = 1e4  # no weight of a sound network comes near


class Watch:
    """Remembers the first step whose loss is nan or infinite.

    Args:
        trainer: whose state, model and arguments explain it.
    """

    def __init__(self, trainer: Any):
        self.trainer = trainer
        self._first: Tensor | None = None  # 0-d, the first bad step, -1 for none

    def see(self, loss: Tensor, inputs: dict[str, Any]) -> None:
        """Note a loss; on the CPU a bad one raises, on a GPU asking would cost a wait in every step."""
        step = self.trainer.state.global_step + 1
        finite = torch.isfinite(loss.detach()).all()
        if loss.device.type == "cpu":
            if not finite:
                raise FloatingPointError(self._explain(step, float(loss.detach()), inputs))
            return
        if self._first is None:
            self._first = torch.full((), -1, dtype=torch.int64, device=loss.device)
        self._first = torch.where(finite | (self._first >= 0), self._first, step)

    def check(self) -> None:
        """Raise FloatingPointError if a loss on a GPU was bad."""
        if self._first is not None and int(self._first) >= 0:
            raise FloatingPointError(self._explain(int(self._first), float("nan"), {}))

    def _explain(self, step: int, loss: float, inputs: dict[str, Any]) -> str:
        args = self.trainer.args
        said = f"the loss of step {step:,} is {loss}"
        for name, value in inputs.items():
            if isinstance(value, Tensor) and value.is_floating_point() and not torch.isfinite(value).all():
                return (
                    f"{said}: the batch's {name!r} holds nan or inf. Next: look for it in the training data"
                )
        largest, name = self._largest_weight()
        rate = (
            self.trainer._get_learning_rate() if self.trainer.lr_scheduler is not None else args.learning_rate
        )
        advice = f"a smaller learning rate (now {rate:.3g}), a warmup (warmup_steps={args.warmup_steps})"
        if not args.max_grad_norm:
            advice += ", max_grad_norm=1.0"
        if args.fp16:
            advice += ", bf16=True instead of fp16"
        if not largest < _HUGE:
            return f"{said}, and the weights have grown to {largest:.3g} in {name}; training diverged. Next: {advice}"
        return (
            f"{said} though weights and inputs are sound: the forward pass overflowed, or divided by nothing. "
            f"Next: look at the loss function; {advice}"
        )

    def _largest_weight(self) -> tuple[float, str]:
        """The largest absolute value of a weight, nan and inf before all others, and its name."""
        found = [
            (float(weight.detach().abs().max()), name)
            for name, weight in self.trainer.model.named_parameters()
        ]
        return max(found, key=lambda pair: pair[0] if math.isfinite(pair[0]) else math.inf)
