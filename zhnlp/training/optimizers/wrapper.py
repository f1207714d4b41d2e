"""An optimizer around another: same parameter groups, same state, a state_dict that carries both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer


class OptimizerWrapper(Optimizer):
    """A torch.optim.Optimizer that steps another one, ``inner``, and shares its groups, state and defaults.

    Schedulers, GradScaler, accelerate and `transformers.Trainer` take it as they take the inner one.  A subclass gives
    `step`, and `extra_state` and `load_extra_state` where it has a state of its own; ``part`` is its key in state_dict.

    Raises:
        TypeError: ``optimizer`` is not a torch.optim.Optimizer.
    """

    part = "wrapper"

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__} got {type(optimizer).__name__}: expected a torch.optim.Optimizer to wrap, "
                "e.g. torch.optim.AdamW(model.parameters())"
            )
        self.inner = optimizer
        self.__setstate__({})  # hooks and profiling, as Optimizer.__init__ sets them up

    param_groups = property(lambda self: self.inner.param_groups)
    state = property(lambda self: self.inner.state)
    defaults = property(lambda self: self.inner.defaults)

    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.inner.zero_grad(set_to_none)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        self.inner.add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """The inner optimizer's, with one more key: what this wrapper adds."""
        return {**self.inner.state_dict(), self.part: self.extra_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raises ValueError where the state was written without this wrapper."""
        if self.part not in state_dict:
            raise ValueError(
                f"the optimizer state has the keys {', '.join(map(str, state_dict))} but no {self.part!r}: it was written "
                f"without {type(self).__name__}. Next: load it with .inner.load_state_dict(…) to start the wrapper anew"
            )
        rest = dict(state_dict)
        extra = rest.pop(self.part)
        self.inner.load_state_dict(rest)
        self.load_extra_state(extra)

    def extra_state(self) -> dict[str, Any]:
        """What this wrapper adds to the state: tensors, numbers, and lists and dicts of them."""
        return {}

    def load_extra_state(self, extra: dict[str, Any]) -> None:
        """Take over what `extra_state` gave."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        return self.inner.step(closure)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"
