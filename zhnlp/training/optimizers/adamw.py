"""AdamW as all short trainings of the package have it."""

from __future__ import annotations

from collections.abc import Iterable

import torch


def adamw(
    parameters: Iterable[torch.nn.Parameter], learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW over the parameters that learn; vectors (biases, norms) are not decayed.

    Example:
        >>> made = adamw(torch.nn.Linear(2, 3).parameters(), 1e-3, 0.01)
        >>> [(len(group["params"]), group["weight_decay"]) for group in made.param_groups]
        [(1, 0.01), (1, 0.0)]
    """
    learnt = [one for one in parameters if one.requires_grad]
    groups = [
        {"params": [one for one in learnt if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in learnt if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=learning_rate, fused=True)
