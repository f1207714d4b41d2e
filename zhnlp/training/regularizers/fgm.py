"""FGM: train also on the batch with embeddings moved along their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from zhnlp.training.regularizers.base import Regularizer, at_least_float32, split_loss
from zhnlp.training.regularizers.embedding_noise import embedding_module


class FGM(Regularizer):
    """Fast gradient method on the embedding matrix E: adds the gradient of the loss at E + ε g / ‖g‖, g = ∂L/∂E.

    Args:
        epsilon: ε > 0, length of the step in the norm of the whole matrix (1 is usual for BERT).
        embeddings: name of the module whose ``weight`` is disturbed; None: the model's input embeddings.

    The matrix is put back bit for bit, whatever happens.  A second forward and backward pass a batch.  Several processes
    take one direction, that of the mean over their parts of the micro-batch.

    Raises:
        ValueError: epsilon is not positive, or there are no embeddings to be found.
        RuntimeError: the embeddings have no gradient (frozen).

    Example:
        >>> table = nn.Embedding.from_pretrained(torch.tensor([[3.0]]), freeze=False)
        >>> def loss():
        ...     return table(torch.tensor([0])).square().sum()
        >>> loss().backward()  # 2 · 3 = 6
        >>> FGM(epsilon=1.0).after_backward(table, None, loss, scale=1.0)  # 2 · (3 + 1) = 8
        >>> table.weight.grad.item(), table.weight.item()
        (14.0, 3.0)

    Source: 苏剑林, https://kexue.fm/archives/7234; Miyato et al. 2016, https://arxiv.org/abs/1605.07725
    """

    def __init__(self, epsilon: float = 1.0, embeddings: str | None = None):
        if not epsilon > 0:
            raise ValueError(f"epsilon got {epsilon!r}: expected a length above 0")
        self.epsilon, self.embeddings = float(epsilon), embeddings
        self._before: Tensor | None = None

    def loss(self, model: nn.Module, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        """The loss as it is; remembers gradients of earlier micro-batches, which are no part of g."""
        gradient = self._weight(model).grad
        self._before = None if gradient is None else gradient.detach().clone()
        return loss

    def after_backward(
        self, model: nn.Module, inputs: Any, compute_loss: Callable[[], Any], scale: float
    ) -> None:
        weight = self._weight(model)
        before, self._before = self._before, None
        if weight.grad is None:
            raise RuntimeError(
                "the embeddings have no gradient: expected after_backward after a backward pass that reaches them. "
                "Likely they are frozen. Next: embeddings='…' names another module"
            )
        gradient = at_least_float32(_gradient_of_micro_batch(model, weight.grad.detach(), before))
        norm = torch.linalg.vector_norm(gradient)
        if not norm > 0 or not torch.isfinite(norm):
            return  # no direction: nothing to add
        kept = weight.detach().clone()
        with torch.no_grad():
            weight.add_((gradient * (self.epsilon / norm)).to(weight.dtype))
        try:
            (split_loss(compute_loss())[0] * scale).backward()
        finally:
            with torch.no_grad():
                weight.copy_(kept)

    def _weight(self, model: nn.Module) -> Tensor:
        if self.embeddings is None and isinstance(model, nn.Embedding):
            return model.weight
        module = embedding_module(model, self.embeddings)
        if not isinstance(getattr(module, "weight", None), Tensor):
            raise ValueError(
                f"{type(module).__name__} has no weight: expected a module with an embedding matrix"
            )
        return module.weight


def _gradient_of_micro_batch(model: nn.Module, gradient: Tensor, before: Tensor | None) -> Tensor:
    """What the last backward pass added to ``before``, the mean over processes.

    Where DistributedDataParallel met the others in that pass, ``gradient`` is their mean already and ``before`` is not yet;
    in earlier micro-batches of a step both are of this process alone.
    """
    apart = isinstance(model, DistributedDataParallel)
    if before is not None:
        met = apart and model.require_backward_grad_sync
        gradient = gradient - (_mean_over_processes(before) if met else before)
    if apart and not model.require_backward_grad_sync:
        gradient = _mean_over_processes(gradient)
    return gradient.to_dense() if gradient.is_sparse else gradient


def _mean_over_processes(tensor: Tensor) -> Tensor:
    mean = tensor.to_dense() if tensor.is_sparse else tensor.clone()
    torch.distributed.all_reduce(mean)
    return mean / torch.distributed.get_world_size()
