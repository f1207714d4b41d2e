"""Gradient accumulation: several small batches, one step, the same step as one large batch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

WEIGHTS = ("mean", "tokens")


class GradAccumulator:
    """Step once every ``steps`` micro-batches with the gradient of the batch that they make together.

        for x, y in loader:
            with accumulator.micro(n_items=len(y)) as micro:
                micro.backward(loss_function(model(x), y))
            if accumulator.step():
                scheduler.step()            # schedulers count optimizer steps
        accumulator.flush()                 # the last, incomplete group

    Where the loss is there already, ``with accumulator.micro(loss, n_items): pass`` does the same.

    Args:
        optimizer: any torch.optim.Optimizer.
        steps: micro-batches a group, ≥ 1.
        max_norm: limit of the gradient's norm, applied to the sum, before the step; None for none.
        weight: "mean": every micro-batch weighs the same; "tokens": by its ``n_items``, whose mean its loss is. Choose
            "tokens" where sizes differ.
        model: a DistributedDataParallel model, which then synchronizes once a group; "tokens" counts over all processes.
        scaler: a torch.amp.GradScaler.

    A BatchNorm layer that uses batch statistics warns once: it sees micro-batches, and no accumulation can mend that.
    Dropout draws another noise than the large batch would.

    Raises:
        ValueError: steps, weight or n_items is out of its range; a micro-batch is begun before a full group was stepped.

    Example:
        >>> weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        >>> accumulator = GradAccumulator(torch.optim.SGD([weight], lr=1.0), steps=2, weight="tokens")
        >>> for batch in ([1.0, 2.0, 3.0], [6.0]):  # means 2 and 6; of all four: 3
        ...     with accumulator.micro(n_items=len(batch)) as micro:
        ...         micro.backward(-(weight * torch.tensor(batch)).mean())
        ...     stepped = accumulator.step()
        >>> stepped, weight.item()
        (True, 3.0)

    Source: 苏剑林, https://kexue.fm/archives/6794
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: int,
        max_norm: float | None = None,
        weight: str = "mean",
        *,
        model: nn.Module | None = None,
        scaler: Any = None,
    ):
        if steps < 1 or int(steps) != steps:
            raise ValueError(f"steps got {steps!r}: expected a whole number of micro-batches, 1 or more")
        if weight not in WEIGHTS:
            raise ValueError(f"weight got {weight!r}: expected one of {', '.join(WEIGHTS)}")
        if max_norm is not None and not max_norm > 0:
            raise ValueError(f"max_norm got {max_norm!r}: expected a norm above 0, or None")
        self.optimizer, self.steps, self.max_norm, self.weight = optimizer, int(steps), max_norm, weight
        self.model, self.scaler = model, scaler
        self.pending = 0
        self.norm: Tensor | None = None  # of the last step's gradient, before clipping; where max_norm is set
        self._total = 0.0
        self._synchronized = False
        self._looked = False

    @contextmanager
    def micro(self, loss: Tensor | None = None, n_items: float | None = None) -> Iterator[MicroBatch]:
        """One micro-batch: ``loss`` is the mean over its ``n_items``; it, or what the body gives, is back-propagated.

        For DistributedDataParallel the forward pass must be inside, so leave ``loss`` to the body.
        """
        if self.pending == self.steps:
            raise ValueError(
                f"a group of {self.steps} micro-batches is full: expected step() after every micro-batch"
            )
        share = self._share(n_items)
        last = self.pending + 1 == self.steps
        silent = getattr(self.model, "no_sync", None)
        with nullcontext() if last or silent is None else silent():
            micro = MicroBatch(self, share)
            yield micro
            if not micro.done:
                if loss is None:
                    raise ValueError(
                        "a micro-batch has no loss: expected micro(loss, …) or micro.backward(loss) inside"
                    )
                micro.backward(loss)
        self.pending += 1
        self._total += share
        self._synchronized = silent is None or last

    def step(self) -> bool:
        """Step if the group is full; whether it was."""
        if self.pending < self.steps:
            return False
        return self.flush()

    def flush(self) -> bool:
        """Step with the micro-batches there are, weighed by their own number; False where there are none."""
        if not self.pending:
            return False
        parameters = self.parameters()
        if not self._synchronized:
            _average_gradients(parameters)
        total = self._total
        if self.weight == "tokens" and self.model is not None:
            total = _mean_over_processes(total, parameters[0].device)
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        for gradient in gradients:
            gradient.div_(max(total, 1e-12))  # no item at all: no gradient either
        if self.max_norm is not None:
            self.norm = nn.utils.clip_grad_norm_(parameters, self.max_norm)
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.pending, self._total = 0, 0.0
        return True

    def parameters(self) -> list[Tensor]:
        """What the optimizer trains."""
        groups = self.optimizer.param_groups
        return [parameter for group in groups for parameter in group["params"] if parameter.requires_grad]

    def _share(self, n_items: float | None) -> float:
        if self.weight == "mean":
            return 1.0
        if n_items is None or n_items < 0:
            raise ValueError(
                f"n_items got {n_items!r}: weight='tokens' expects how many items the micro-batch's loss is the mean of, "
                "e.g. (labels != -100).sum()"
            )
        return float(n_items)

    def _look_for_batch_norm(self, loss: Tensor) -> None:
        if self._looked or self.steps == 1:
            return
        self._looked = True
        if _uses_batch_statistics(loss):
            warnings.warn(
                "the model normalizes by batch statistics (BatchNorm): they are taken of each micro-batch, so accumulation "
                "does not equal the large batch. Next: model.eval() for these layers, or LayerNorm / GroupNorm",
                stacklevel=4,
            )


class MicroBatch:
    """What `GradAccumulator.micro` gives: ``backward`` with the right weight."""

    def __init__(self, accumulator: GradAccumulator, share: float):
        self._accumulator, self._share = accumulator, share
        self.done = False

    def backward(self, loss: Tensor) -> None:
        """Back-propagate the mean loss of the micro-batch; once."""
        if self.done:
            raise ValueError("a micro-batch was back-propagated twice: expected one loss (add up its parts)")
        self.done = True
        self._accumulator._look_for_batch_norm(loss)
        scaler = self._accumulator.scaler
        if self._share:
            weighted = loss * self._share
        else:  # the mean over nothing is NaN, and NaN times 0 too; but every process must take part
            weighted = sum(parameter.sum() for parameter in self._accumulator.parameters()) * 0.0
        (weighted if scaler is None else scaler.scale(weighted)).backward()


def _uses_batch_statistics(loss: Tensor) -> bool:
    """Whether the graph of a loss has a batch normalization in training mode."""
    seen, stack = set(), [loss.grad_fn]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if "BatchNorm" in node.name() and getattr(node, "_saved_training", True):
            return True
        stack.extend(parent for parent, _ in node.next_functions)
    return False


def _average_gradients(parameters: list[Tensor]) -> None:
    """What DistributedDataParallel would have done, had it known that a group ends here."""
    import torch.distributed as dist

    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
        parameter.grad.div_(dist.get_world_size())


def _mean_over_processes(total: float, device: torch.device) -> float:
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()):
        return total
    tensor = torch.tensor(total, dtype=torch.float64, device=device)
    dist.all_reduce(tensor)
    return tensor.item() / dist.get_world_size()
