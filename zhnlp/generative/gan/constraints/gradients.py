"""The slope of a critic at each row on its own.  B rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def squared_gradient_norms(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """‖∇ₓ score‖² of each row (B,), with a graph for the penalty's own gradient.

    One backward pass serves all rows, which is right only where no score depends on another row: see `refuse_batch_norm`.

    Args:
        critic: (B, …) → (B,) or (B, 1).
        x: (B, …); is detached from what made it.

    Raises:
        ValueError: the critic does not give one score a row.

    Example:
        >>> squared_gradient_norms(lambda x: 3 * x[:, 0] + 4 * x[:, 1], torch.zeros(2, 2)).tolist()
        [25.0, 25.0]
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        scores = critic(x)
        if scores.numel() != len(x):
            raise ValueError(
                f"the critic gave {tuple(scores.shape)} for {len(x)} rows: expected ({len(x)},) or ({len(x)}, 1), one score a row"
            )
        (slopes,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return slopes.flatten(1).square().sum(1)


def refuse_batch_norm(critic: nn.Module) -> None:
    """Raise where a layer of the critic mixes rows while it learns, so that gradients of single rows mean nothing.

    Raises:
        ValueError: a layer is a batch normalisation.
    """
    for name, layer in critic.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and not isinstance(
            layer, nn.modules.instancenorm._InstanceNorm
        ):
            raise ValueError(
                f"layer {name or 'critic'!r} is a {type(layer).__name__}, under which a score depends on all rows of its batch, and a "
                "penalty on the gradient of single rows means nothing. Next: no normalisation in the critic, LayerNorm or GroupNorm"
            )
