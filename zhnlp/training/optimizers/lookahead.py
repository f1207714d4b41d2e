"""Lookahead: k steps of any optimizer, then back part of the way to where they began."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from zhnlp.training.optimizers.wrapper import OptimizerWrapper

PULLBACKS = ("none", "reset", "pullback")
MOMENTA = ("momentum_buffer", "exp_avg")  # SGD's and the Adam family's first moment


class Lookahead(OptimizerWrapper):
    """Slow weights θ follow fast weights θ~ of the inner optimizer: every ``k`` steps θ ← θ + α (θ~ − θ), θ~ ← θ.

    Args:
        optimizer: any torch.optim.Optimizer; its groups and state are shared, so schedulers act on it.
        k: inner steps a cycle, ≥ 1.
        alpha: share of the way that the slow weights go, in [0, 1]; 1 is the inner optimizer, bit for bit.
        pullback: what becomes of the inner momentum at the end of a cycle: "none" keeps it (the post, the paper's
            default), "reset" sets it to zero, "pullback" interpolates it as the weights.

    Running statistics of BatchNorm are no parameters: they stay those of the fast weights.

    Raises:
        ValueError: k, alpha or pullback is out of its range, or a loaded state does not fit the parameters.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([0.0]))
        >>> optimizer = Lookahead(torch.optim.SGD([weight], lr=1.0), k=2, alpha=0.5)
        >>> for _ in range(2):  # the gradient is -1: fast weights go to 1, then to 2
        ...     weight.grad = torch.tensor([-1.0])
        ...     optimizer.step()
        >>> weight.item()
        1.0

    Source: 苏剑林, https://kexue.fm/archives/6869; Zhang et al. 2019, https://arxiv.org/abs/1907.08610
    """

    part = "lookahead"

    def __init__(self, optimizer: Optimizer, k: int = 5, alpha: float = 0.5, pullback: str = "none"):
        if k < 1 or int(k) != k:
            raise ValueError(f"k got {k!r}: expected a whole number of inner steps, 1 or more")
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha got {alpha!r}: expected a share in [0, 1]")
        if pullback not in PULLBACKS:
            raise ValueError(f"pullback got {pullback!r}: expected one of {', '.join(PULLBACKS)}")
        super().__init__(optimizer)
        self.k, self.alpha, self.pullback = int(k), float(alpha), pullback
        self.steps_in_cycle = 0
        self._slow: dict[Tensor, Tensor] = {}
        self._slow_momentum: dict[tuple[Tensor, str], Tensor] = {}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One inner step; the ``k``-th of a cycle ends in the interpolation."""
        if self.steps_in_cycle == 0:
            self._slow = {parameter: parameter.detach().clone() for parameter in self.parameters()}
            if self.pullback == "pullback":
                self._slow_momentum = {where: value.clone() for where, value in self._momenta()}
        loss = self.inner.step(closure)
        self.steps_in_cycle += 1
        if self.steps_in_cycle == self.k:
            self._synchronize()
        return loss

    def _synchronize(self) -> None:
        for parameter in self.parameters():
            if parameter in self._slow:  # a group added within the cycle takes part from the next
                parameter.copy_(self._slow[parameter].lerp_(parameter, self.alpha))
        for where, momentum in self._momenta():
            if self.pullback == "reset":
                momentum.zero_()
            elif self.pullback == "pullback":
                before = self._slow_momentum.get(where, torch.zeros_like(momentum))
                momentum.copy_(before.lerp(momentum, self.alpha))
        self.steps_in_cycle = 0
        self._slow, self._slow_momentum = {}, {}

    def _momenta(self) -> list[tuple[tuple[Tensor, str], Tensor]]:
        return [
            ((parameter, name), self.state[parameter][name])
            for parameter in self.parameters()
            for name in MOMENTA
            if isinstance(self.state.get(parameter, {}).get(name), Tensor)
        ]

    @contextmanager
    def slow_weights(self) -> Iterator[None]:
        """Put the slow weights into the parameters, e.g. to evaluate, and the fast ones back, bit for bit."""
        fast = {parameter: parameter.detach().clone() for parameter in self._slow}
        with torch.no_grad():
            for parameter, slow in self._slow.items():
                parameter.copy_(slow)
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in fast.items():
                    parameter.copy_(value)

    def extra_state(self) -> dict[str, Any]:
        places = {parameter: place for place, parameter in enumerate(self.parameters())}
        return {
            "steps_in_cycle": self.steps_in_cycle,
            "slow": {places[parameter]: slow for parameter, slow in self._slow.items()},
            "slow_momentum": {
                f"{places[parameter]}.{name}": value
                for (parameter, name), value in self._slow_momentum.items()
            },
        }

    def load_extra_state(self, extra: dict[str, Any]) -> None:
        parameters = self.parameters()
        slow = {}
        for place, value in extra["slow"].items():
            if place >= len(parameters) or parameters[place].shape != value.shape:
                raise ValueError(
                    f"slow weights number {place} have the shape {tuple(value.shape)}: expected those of this optimizer's "
                    "parameters. The state belongs to another model or to other parameter groups"
                )
            slow[parameters[place]] = value.detach().clone().to(parameters[place])
        momenta = {}
        for key, value in extra["slow_momentum"].items():
            place, name = key.split(".", 1)
            momenta[parameters[int(place)], name] = value.detach().clone().to(parameters[int(place)].device)
        self.steps_in_cycle, self._slow, self._slow_momentum = extra["steps_in_cycle"], slow, momenta
