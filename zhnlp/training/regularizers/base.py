"""What a regularizer is: it changes what the model reads, the loss before the backward pass, or adds gradients after it.

A step of training with regularizers, as `Trainer` and `regularized_backward` run it:

    for r in regularizers: inputs = r.inputs(model, inputs)
    loss, outputs = forward                                         mean loss of this micro-batch
    for r in regularizers: loss = r.loss(model, inputs, loss, outputs)
    (loss * scale).backward()                                       scale: 1 / accumulation steps, times a loss scaler's
    for r in regularizers: r.after_backward(model, inputs, compute_loss, scale)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn


class Regularizer:
    """A part that changes how a batch is learnt; a subclass gives `inputs`, `loss`, `after_backward` or several.

    ``inputs`` is what the model is called with: a mapping (``model(**inputs)``), a tuple (``model(*inputs)``) or one
    tensor.  A regularizer keeps no reference to the model between steps.

    Example:
        >>> import torch
        >>> class Squared(Regularizer):
        ...     def loss(self, model, inputs, loss, outputs=None):
        ...         return loss**2
        >>> layer = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.ones_(layer.weight)
        >>> x = torch.tensor([[3.0]])
        >>> regularized_backward(layer, x, lambda: layer(x).mean(), [Squared()]).item(), layer.weight.grad.item()
        (9.0, 18.0)
    """

    def inputs(self, model: nn.Module, inputs: Any) -> Any:
        """What the model is to read in the place of ``inputs``, which stay as they are; labels are the same."""
        return inputs

    def loss(self, model: nn.Module, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        """The loss to train on, 0-d, on the scale of ``loss`` (the mean of this micro-batch, with its graph).

        ``outputs`` are those of the forward pass that gave ``loss``; a part that needs them runs the model again
        where they are None.
        """
        return loss

    def after_backward(
        self, model: nn.Module, inputs: Any, compute_loss: Callable[[], Any], scale: float
    ) -> None:
        """Add gradients to those of the backward pass.

        ``compute_loss()`` runs the forward pass again and returns the plain loss, or (loss, outputs); what is
        back-propagated from it must first be multiplied by ``scale``, as the loss of the batch was.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of this part, as json can write it; nothing where it has no memory."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; from the beginning where ``state`` is empty."""


def regularized_backward(
    model: nn.Module,
    inputs: Any,
    compute_loss: Callable[[], Any],
    regularizers: Iterable[Regularizer] = (),
    *,
    scale: float = 1.0,
    backward: Callable[[Tensor], Any] = Tensor.backward,
) -> Tensor:
    """Forward and backward pass of one batch in a plain loop; returns the regularized loss, detached, before ``scale``.

    Args:
        compute_loss: runs the forward pass; returns the mean loss, or (loss, outputs). Where a regularizer changes the
            inputs, it is called with them: ``def compute_loss(inputs=batch)``.
        backward: called with the scaled loss, e.g. ``accelerator.backward``.

    Raises:
        TypeError: the inputs were changed, and ``compute_loss`` takes none.
    """
    regularizers, given = list(regularizers), inputs
    for regularizer in regularizers:
        inputs = regularizer.inputs(model, inputs)
    if inputs is not given:
        compute_loss = _on(compute_loss, inputs)
    loss, outputs = split_loss(compute_loss())
    for regularizer in regularizers:
        loss = regularizer.loss(model, inputs, loss, outputs)
    backward(loss * scale)
    for regularizer in regularizers:
        regularizer.after_backward(model, inputs, compute_loss, scale)
    return loss.detach()


def _on(compute_loss: Callable[..., Any], inputs: Any) -> Callable[[], Any]:
    try:
        inspect.signature(compute_loss).bind(inputs)
    except TypeError:
        raise TypeError(
            "a regularizer changed the inputs, and compute_loss takes none: expected def compute_loss(inputs=batch), which runs the "
            "model on them"
        ) from None
    return partial(compute_loss, inputs)


def split_loss(computed: Any) -> tuple[Tensor, Any]:
    """(loss, outputs or None) of what a ``compute_loss`` returned."""
    if isinstance(computed, Tensor):
        return computed, None
    loss, outputs = computed
    return loss, outputs


def forward(model: nn.Module, inputs: Any) -> Any:
    """Call the model with a mapping, a tuple or one tensor."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(inputs)


def logits_of(outputs: Any) -> Tensor:
    """The logits among a model's outputs: the tensor itself, ``.logits``, ``["logits"]``, or the first of a tuple.

    Raises:
        TypeError: there are none.
    """
    if isinstance(outputs, Tensor):
        return outputs
    if isinstance(outputs, Mapping) and "logits" in outputs:
        return outputs["logits"]
    if isinstance(getattr(outputs, "logits", None), Tensor):
        return outputs.logits
    if isinstance(outputs, (tuple, list)) and outputs and isinstance(outputs[0], Tensor) and outputs[0].ndim:
        return outputs[0]
    held = ", ".join(outputs) if isinstance(outputs, Mapping) else type(outputs).__name__
    raise TypeError(
        f"the model's outputs hold no logits (got {held}): expected a tensor or an output with .logits. "
        "Next: use a model with a head (…ForSequenceClassification, …ForMaskedLM)"
    )


def at_least_float32(tensor: Tensor) -> Tensor:
    """Half precision in float32, where sums of squares and of probabilities keep their digits."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
