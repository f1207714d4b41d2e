"""Two rates: descend, then ascend a little, and so punish steep places."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from zhnlp.training.optimizers.wrapper import OptimizerWrapper


class AlternatingAscent(OptimizerWrapper):
    """Turn by turn descend at rate ε₁ and ascend at rate ε₂ < ε₁.

    With gradients g of the same loss, two steps are θ − (ε₁ − ε₂) g − (ε₁ ε₂ / 2) ∇‖g‖² up to third order: descent at
    rate ε₁ − ε₂ with a gradient penalty.  ε₁ = ε₂ is what flooding does below its level.

    Args:
        optimizer: SGD without momentum gives the formula above. One that averages gradients (momentum, Adam) warns: turns
            of opposite sign cancel in its average. Its weight decay is reversed in the ascents too, as part of the loss.
        eps_down: ε₁ > 0; becomes the rate of every parameter group. A scheduler changes it, and ε₂ in proportion.
        eps_up: ε₂ in [0, ε₁].
        after: steps of plain descent before the first ascent.

    Raises:
        ValueError: the rates are not 0 ≤ eps_up ≤ eps_down, eps_down > 0.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = AlternatingAscent(torch.optim.SGD([weight], lr=1.0), eps_down=0.5, eps_up=0.25)
        >>> for _ in range(2):  # the gradient is 2: down to 0, up to 0.5
        ...     weight.grad = torch.tensor([2.0])
        ...     optimizer.step()
        >>> weight.item()
        0.5

    Source: 苏剑林, https://kexue.fm/archives/7643
    """

    part = "alternating_ascent"

    def __init__(self, optimizer: Optimizer, eps_down: float, eps_up: float, after: int = 0):
        super().__init__(optimizer)
        if not eps_down > 0 or not 0 <= eps_up <= eps_down:
            raise ValueError(
                f"eps_down, eps_up got {eps_down!r}, {eps_up!r}: expected 0 <= eps_up <= eps_down and eps_down > 0; "
                "with a larger eps_up the loss would rise without end"
            )
        self.ratio, self.after, self.steps = eps_up / eps_down, after, 0
        for group in self.param_groups:
            group["lr"] = eps_down
        if any(group.get("momentum") or "betas" in group for group in self.param_groups):
            warnings.warn(
                f"{type(optimizer).__name__} averages gradients, and those of descents and ascents cancel: expected SGD "
                "without momentum. Next: torch.optim.SGD, or GradientPenalty, which works with any optimizer",
                stacklevel=2,
            )

    @property
    def ascending(self) -> bool:
        """Whether the next step goes up."""
        return self.steps >= self.after and (self.steps - self.after) % 2 == 1

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One inner step, down or up in turn."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self.ascending:
            self._ascend()
        else:
            self.inner.step()
        self.steps += 1
        return loss

    def _ascend(self) -> None:
        """A step with gradients and weight decay reversed: the loss that rises is the one that fell, L2 term included."""
        kept = [(group, group["lr"], group.get("weight_decay")) for group in self.param_groups]
        gradients = [parameter.grad for parameter in self.parameters() if parameter.grad is not None]
        try:
            for group, rate, decay in kept:
                group["lr"] = rate * self.ratio
                if decay:
                    group["weight_decay"] = -decay
            for gradient in gradients:
                gradient.neg_()
            self.inner.step()
        finally:
            for group, rate, decay in kept:
                group["lr"] = rate
                if decay:
                    group["weight_decay"] = decay
            for gradient in gradients:
                gradient.neg_()

    def extra_state(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_extra_state(self, extra: dict[str, Any]) -> None:
        self.steps = extra["steps"]
