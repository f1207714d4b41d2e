"""A copy of a float32 model that is only read, on a CPU: weights laid out for oneDNN, nothing in the way that only training needs.

PyTorch multiplies float32 matrices with MKL, which on processors that are not Intel's leaves the wider registers idle, and
lays the weights out anew at every call.  oneDNN does neither when it is handed weights that were packed once.  A single row,
which is a text that is written token by token, is the exception: there MKL reads the weights faster.  What is left of a step
of a small model is Python, so dropouts go and a GELU of six operations becomes one.  The numbers are the same up to the order
of sums (1e-6).
"""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers.activations import NewGELUActivation
from transformers.pytorch_utils import Conv1D

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST = 2**30  # bytes of weights that are held a second time; a larger model is read as it is


class PackedLinear(nn.Module):
    """``x @ weight.T + bias`` with a packed copy of the weight, or with the weight itself for a single row.

    Args:
        weight: (O, I), float32, on a CPU.
        bias: (O,) or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None):
        super().__init__()
        self.weight = weight.detach()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(self.weight.contiguous())
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:  # (…, I)
        if x.numel() == x.shape[-1]:
            return nn.functional.linear(x, self.weight, self.bias)
        return torch.ops.mkldnn._linear_pointwise(x, self.packed, self.bias, "none", [], "")  # (…, O)


@cache
def can_pack() -> bool:
    """Whether this PyTorch multiplies with packed weights, and gets the right numbers."""
    x, weight, bias = torch.eye(3), torch.arange(12.0).reshape(4, 3), torch.ones(4)
    try:
        with torch.inference_mode():
            return torch.equal(PackedLinear(weight, bias)(x), weight.T + bias)
    except (AttributeError, NotImplementedError, RuntimeError):
        return False


def pack_linear(model: PreTrainedModel) -> PreTrainedModel:
    """A copy of a model that reads faster on a CPU.

    The model itself is returned where it is not float32 on a CPU or larger than `MOST`, or where PyTorch lacks oneDNN.
    Embeddings, norms and biases are shared with the model; the weights of linear layers are packed as they are now, so after
    more training pack again.  The copy cannot be trained or saved.

    Example:
        >>> from transformers import GPT2Config, GPT2LMHeadModel
        >>> sizes = {"vocab_size": 9, "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}
        >>> model, ids = GPT2LMHeadModel(GPT2Config(**sizes)).eval(), torch.tensor([[1, 5, 3]])
        >>> with torch.inference_mode():
        ...     torch.allclose(pack_linear(model)(ids).logits, model(ids).logits, atol=1e-5)
        True
    """
    size = sum(parameter.nbytes for parameter in model.parameters())
    if model.device.type != "cpu" or model.dtype != torch.float32 or size > MOST or not can_pack():
        return model
    shared = [*model.parameters(), *model.buffers()]
    packed = copy.deepcopy(model, {id(tensor): tensor for tensor in shared})
    for name, module in list(packed.named_modules()):
        if (other := _only_read(module)) is not None:
            owner, _, last = name.rpartition(".")
            setattr(packed.get_submodule(owner), last, other)
    return packed


def _only_read(module: nn.Module) -> nn.Module | None:
    """What does a module's work in a model that is only read, None for the module itself."""
    if type(module) in (nn.Linear, Conv1D) and module.weight.dtype == torch.float32:
        weight = module.weight if isinstance(module, nn.Linear) else module.weight.T  # (O, I)
        return PackedLinear(weight, module.bias)
    if type(module) is nn.Dropout:
        return nn.Identity()
    if type(module) is NewGELUActivation:
        return nn.GELU(approximate="tanh")
    return None
