"""Conditional layer norm: a vector moves gain and bias of the norms of a network, whose other layers know nothing of it.

N rows, L positions, D features, C features of the condition.

The projections begin as zeros, so a network whose norms were swapped computes what it did before.  Conditions reach the norms
by a `Condition` that all of them hold, not as arguments of the network, whose code is somebody else's.

Source: 苏剑林, https://kexue.fm/archives/7124
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Condition:
    """What the rows of the forward pass under way are conditioned on; each thread has its own.

    Copies and pickles of it are new ones without a condition.

    Example:
        >>> condition = Condition()
        >>> with condition.given(torch.ones(2, 3)):
        ...     condition.vector.shape
        torch.Size([2, 3])
        >>> condition.vector is None
        True
    """

    def __init__(self):
        self._local = threading.local()

    @property
    def vector(self) -> Tensor | None:
        """(N, C), or (N, L, C) with one for each position; None where there is no condition."""
        return getattr(self._local, "vector", None)

    @contextmanager
    def given(self, vector: Tensor | None) -> Iterator[None]:
        """A block in which forward passes have this condition, (N, C) or (N, L, C); None for no condition.

        Raises:
            ValueError: another number of dimensions.
        """
        if vector is not None and vector.ndim not in (2, 3):
            raise ValueError(f"the condition is {tuple(vector.shape)}: expected (N, C) or (N, L, C)")
        before, self._local.vector = self.vector, vector
        try:
            yield
        finally:
            self._local.vector = before

    def __reduce__(self):
        return Condition, ()


class ConditionalNorm(nn.Module):
    """LN(x) · (γ + W_γ c) + (β + W_β c), where γ and β are those of a given norm and W begin as zeros.

    Without a condition it is the given norm.

    Args:
        norm: nn.LayerNorm, or an RMSNorm of torch or transformers.
        condition_size: C.
        condition: which is read at each call.

    Example:
        >>> norm, condition = nn.LayerNorm(4), Condition()
        >>> conditional, x = ConditionalNorm(norm, 3, condition), torch.randn(2, 5, 4)
        >>> with condition.given(torch.randn(2, 3)):
        ...     torch.allclose(conditional(x), norm(x), atol=1e-6)
        True
    """

    def __init__(self, norm: nn.Module, condition_size: int, condition: Condition):
        super().__init__()
        self.norm, self.condition, self.condition_size = norm, condition, condition_size
        place = {"device": norm.weight.device, "dtype": norm.weight.dtype}
        self.modulation = nn.Linear(condition_size, 2 * norm.weight.numel(), bias=False, **place)  # W_γ, W_β
        nn.init.zeros_(self.modulation.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, D) or (N, D), as ``x`` is.

        Raises:
            ValueError: the condition has another number of rows, or of features.
        """
        vector = self.condition.vector
        if vector is None:
            return self.norm(x)
        self._check(x, vector)
        if vector.ndim < x.ndim:
            vector = vector.view(len(vector), *[1] * (x.ndim - 2), -1)  # (N, 1, C)
        gain, bias = self.modulation(vector.to(self.norm.weight.dtype)).chunk(2, -1)
        norm = self.norm
        if not isinstance(norm, nn.LayerNorm):  # whatever an RMSNorm makes of its own weight
            return norm(x) + torch.addcmul(bias, _rms(x, norm), gain).to(x.dtype)
        if norm.bias is not None:
            bias = bias + norm.bias
        plain = F.layer_norm(x, norm.normalized_shape, eps=norm.eps)
        return torch.addcmul(bias, plain.to(bias.dtype), norm.weight + gain).to(x.dtype)

    def _check(self, x: Tensor, vector: Tensor) -> None:
        if vector.shape[-1] != self.condition_size:
            raise ValueError(
                f"the condition has {vector.shape[-1]} features: expected {self.condition_size}, as swap_norms was told"
            )
        if len(vector) not in (1, len(x)) or (vector.ndim == 3 and vector.shape[1] not in (1, x.shape[1])):
            raise ValueError(
                f"the condition is {tuple(vector.shape)} where the norm reads {tuple(x.shape)}: expected one vector, one a row, or one a "
                "position. Next: repeat the conditions as the rows were repeated"
            )


def _rms(x: Tensor, norm: nn.Module) -> Tensor:
    """``x`` over the root of its mean square, without a gain."""
    eps = getattr(norm, "variance_epsilon", None) or getattr(norm, "eps", None) or 1e-6
    x = x.float()
    return (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)).to(norm.weight.dtype)


def swap_norms(model: nn.Module, condition_size: int, *, condition: Condition | None = None) -> Condition:
    """Make every norm of a network conditional, in place; returns the `Condition` by which they are told.

    Of a BERT, GPT-2 or GPT-NeoX these are all: of the embeddings, both of each layer, the last one, that of the head for
    masked tokens.  RMSNorms of Llama, Qwen and their like are taken too, but for those inside the attention.

    Args:
        condition_size: C.
        condition: None for a new one.

    Raises:
        TypeError: the model has no norms with a gain.
        ValueError: its norms are conditional already, or ``condition_size`` is below 1.

    Example:
        >>> from transformers import GPT2Config, GPT2Model
        >>> model = GPT2Model(GPT2Config(vocab_size=9, n_embd=8, n_layer=2, n_head=2)).eval()
        >>> ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
        >>> before, condition = model(ids)[0], swap_norms(model, 3)
        >>> with condition.given(torch.randn(2, 3)):
        ...     torch.allclose(model(ids)[0], before, atol=1e-5)
        True
        >>> len(conditional_norms(model))
        5
    """
    if isinstance(condition_size, bool) or not isinstance(condition_size, int) or condition_size < 1:
        raise ValueError(f"condition_size={condition_size!r} is not possible: expected 1 or more")
    if conditional_norms(model):
        raise ValueError(f"the norms of {type(model).__name__} are conditional already: expected plain ones")
    width = getattr(getattr(model, "config", None), "hidden_size", None)
    found = [(name, module) for name, module in model.named_modules() if _is_norm(module, width)]
    if not found:
        raise TypeError(
            f"{type(model).__name__} has no LayerNorm or RMSNorm with a gain: expected a Transformer such as BERT, GPT-2 or GPT-NeoX"
        )
    condition = condition or Condition()
    for name, norm in found:
        _put(model, name, ConditionalNorm(norm, condition_size, condition))
    return condition


def conditional_norms(model: nn.Module) -> dict[str, ConditionalNorm]:
    """Name → norm of those that `swap_norms` made, in the order of the network."""
    return {name: module for name, module in model.named_modules() if isinstance(module, ConditionalNorm)}


@contextmanager
def plain_norms(model: nn.Module) -> Iterator[None]:
    """A block in which the network has its own norms again, as for files that anybody can load."""
    swapped = conditional_norms(model)
    for name, norm in swapped.items():
        _put(model, name, norm.norm)
    try:
        yield
    finally:
        for name, norm in swapped.items():
            _put(model, name, norm)


@torch.no_grad()
def fold(model: nn.Module, vector: Tensor) -> None:
    """Add what a condition (C,) does to the norms to their own gains and biases: without a condition they then give what they
    gave with it, and all conditions are to be told less that vector.

    Raises:
        TypeError: a norm has no bias, which the condition would give it.
    """
    norms = conditional_norms(model)
    if without := [name for name, one in norms.items() if getattr(one.norm, "bias", None) is None]:
        raise TypeError(f"{without[0]} has no bias of its own: expected a LayerNorm with gain and bias")
    for one in norms.values():
        gain, bias = one.modulation(vector.to(one.modulation.weight)).chunk(2)
        one.norm.weight += gain
        one.norm.bias += bias


def can_fold(model: nn.Module) -> bool:
    """Whether all conditional norms are LayerNorms with a bias."""
    norms = (one.norm for one in conditional_norms(model).values())
    return all(isinstance(norm, nn.LayerNorm) and norm.bias is not None for norm in norms)


def _is_norm(module: nn.Module, width: int | None) -> bool:
    """LayerNorms of any width; RMSNorms of the width of the network, as the smaller ones are inside its attention."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 1:
        return False
    if isinstance(module, nn.LayerNorm):
        return True
    return type(module).__name__.endswith("RMSNorm") and width in (None, len(weight))


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    owner, _, last = name.rpartition(".")
    setattr(model.get_submodule(owner), last, module)
