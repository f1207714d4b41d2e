"""Micro-batches none of whose labels counts: their loss, a mean over nothing, is nan, and their weight in a step 0.

They cannot be left out: the other processes of a DistributedDataParallel training wait at each forward and backward pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

LABELS = ("labels", "shift_labels")


def with_some_labels(inputs: dict[str, Any]) -> dict[str, Any]:
    """The batch with class 0 in place of every label, so that all losses are finite.

    Example:
        >>> with_some_labels({"labels": torch.tensor([-100, -100])})
        {'labels': tensor([0, 0])}
    """
    labels = {name: inputs[name] for name in LABELS if isinstance(inputs.get(name), Tensor)}
    return {**inputs, **{name: torch.zeros_like(value) for name, value in labels.items()}}


def zero_loss(outputs: Any, loss: Tensor) -> Tensor:
    """0, 0-d, with the graph of the forward pass; for rows so short that no label is left (one token, shifted)."""
    values = outputs.values() if hasattr(outputs, "values") else outputs
    for value in values or ():
        if isinstance(value, Tensor) and value.requires_grad and value.ndim:
            return 0.0 * value.float().sum()
    return 0.0 * loss
