"""Gradient penalty: the squared norm of the loss's gradient becomes part of the loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.training.regularizers.base import Regularizer, at_least_float32
from zhnlp.training.regularizers.embedding_noise import embedding_module

FUSED = ("sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")


def gradient_penalty(loss: Tensor, parameters: list[Tensor]) -> Tensor:
    """½ ‖∂L/∂θ‖² over all ``parameters`` together, 0-d, with a graph for the second backward pass.

    Example:
        >>> x = torch.tensor(3.0, requires_grad=True)
        >>> penalty = gradient_penalty(x**2, [x])  # ½ (2x)²
        >>> penalty.backward()
        >>> penalty.item(), x.grad.item()
        (18.0, 12.0)
    """
    gradients = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
    squares = [at_least_float32(gradient).square().sum() for gradient in gradients if gradient is not None]
    if not squares:
        raise RuntimeError("the loss depends on none of the parameters: expected a gradient to penalize")
    return 0.5 * torch.stack(squares).sum()


class GradientPenalty(Regularizer):
    """L + λ ½ ‖∂L/∂θ‖² by double backward, θ the embedding matrix or all parameters.

    Costs about as much again as forward and backward together.  L is the mean loss of the micro-batch.

    Args:
        weight: λ ≥ 0.
        of: "embeddings" (the input embeddings), "parameters" (all that are trained), or the name of a module.

    Raises:
        ValueError: the weight is negative, or the model's attention kernel cannot be differentiated twice.
        RuntimeError: the loss does not depend on what is penalized.

    Example:
        >>> x = torch.nn.Parameter(torch.tensor(3.0))
        >>> model = nn.ParameterList([x])
        >>> GradientPenalty(0.5, of="parameters").loss(model, None, x**2).item()  # 9 + ½ · 18
        18.0

    Source: 苏剑林, https://kexue.fm/archives/7234, https://kexue.fm/archives/7643
    """

    def __init__(self, weight: float, of: str = "embeddings"):
        if not weight >= 0:
            raise ValueError(f"weight got {weight!r}: expected 0 or more")
        self.weight, self.of = float(weight), of

    def loss(self, model: nn.Module, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        if self.weight == 0 or not torch.is_grad_enabled():
            return loss
        plain = getattr(model, "module", model)  # inside DistributedDataParallel
        kernel = getattr(getattr(plain, "config", None), "_attn_implementation", None)
        if kernel in FUSED:
            raise ValueError(
                f"the model's attention is {kernel!r}, whose gradient has no gradient: expected 'eager'. "
                "Next: model.set_attn_implementation('eager')"
            )
        return loss + self.weight * gradient_penalty(loss, self._parameters(model))

    def _parameters(self, model: nn.Module) -> list[Tensor]:
        if self.of == "parameters":
            module = model
        else:
            module = embedding_module(model, None if self.of == "embeddings" else self.of)
        return [parameter for parameter in module.parameters() if parameter.requires_grad]
