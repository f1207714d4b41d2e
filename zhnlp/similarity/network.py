"""The network of a sentence encoder: hidden states, pooling, and what follows it.

B batch, L positions, D features of a vector, H features of the hidden states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zhnlp.models.inference import RoFormerModel
from zhnlp.models.roformer import encode
from zhnlp.nn.losses.cosine import unit
from zhnlp.nn.pooling import Pooling

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.nn.whitening import Whitening

ACTIVATIONS = {
    "Identity": nn.Identity,
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
}  # what a dense layer may end in, by the name of its class in torch.nn


class Dense(nn.Module):
    """A linear map of vectors, and an activation.

    Args:
        size: features that come in.
        out: features that go out.
        bias: whether one is added.
        activation: a name of `ACTIVATIONS`.

    Example:
        >>> Dense(4, 2)(torch.ones(3, 4)).shape
        torch.Size([3, 2])
    """

    def __init__(self, size: int, out: int, *, bias: bool = True, activation: str = "Identity"):
        super().__init__()
        self.linear = nn.Linear(size, out, bias=bias)
        self.activation_name = activation
        self.activation = ACTIVATIONS[activation]()

    def forward(self, vectors: Tensor) -> Tensor:  # (B, size)
        return self.activation(self.linear(vectors.to(self.linear.weight.dtype)))  # (B, out)

    @classmethod
    def of_whitening(cls, whitening: Whitening) -> Dense:
        """The map ``(x - μ)W`` of what was learnt, as a layer."""
        kernel = whitening.kernel  # (D, k)
        layer = cls(*kernel.shape)
        with torch.no_grad():
            layer.linear.weight.copy_(kernel.T)
            layer.linear.bias.copy_(-whitening.mean @ kernel)
        return layer


class Normalize(nn.Module):
    """Vectors divided by their length; a vector of zeros stays one.

    Example:
        >>> Normalize()(torch.tensor([[3.0, 4.0]])).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """

    def forward(self, vectors: Tensor) -> Tensor:  # (B, D)
        return unit(vectors)


class SentenceNetwork(nn.Module):
    """From ids to vectors; it is trained as it stands.

    Args:
        transformer: gives hidden states (B, L, H).
        pooling: of those states.
        head: `Dense` and `Normalize` layers that follow, in order.

    Example:
        >>> from zhnlp.models.gru_encoder import GRUEncoder, GRUEncoderConfig
        >>> network = SentenceNetwork(GRUEncoder(GRUEncoderConfig(vocab_size=9, hidden_size=6)), Pooling("last", 6))
        >>> network(torch.tensor([[5, 6, 7]]), torch.tensor([[1, 1, 0]])).shape, network.size
        (torch.Size([1, 6]), 6)
    """

    def __init__(self, transformer: PreTrainedModel, pooling: Pooling, head: Iterable[nn.Module] = ()):
        super().__init__()
        self.transformer, self.pooling = transformer, pooling
        self.head = nn.ModuleList(head)

    @property
    def size(self) -> int:
        """D."""
        dense = [layer for layer in self.head if isinstance(layer, Dense)]
        return dense[-1].linear.out_features if dense else self.pooling.size

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.transformer.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors (B, D); what stands in the padding changes nothing.

        Args:
            input_ids, attention_mask: (B, L); the mask is 1 for real tokens.
        """
        if self.pooling.layers == 2:
            output = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
            )
            states = _layers(output.hidden_states, type(self.transformer).__name__)
            layers = [states[1], output[0]]
        else:
            layers = [self._last(input_ids, attention_mask)]
        return self.pooled(layers, attention_mask)

    def _last(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The last hidden states (B, L, H)."""
        if isinstance(self.transformer, RoFormerModel):  # the quicker pass, in training too
            return encode(self.transformer, ids, mask)
        return self.transformer(input_ids=ids, attention_mask=mask)[0]

    def pooled(self, layers: Sequence[Tensor], attention_mask: Tensor) -> Tensor:
        """Vectors (B, D) of hidden states, the first layer's and the last's (B, L, H), or the last's alone."""
        vectors = self.pooling(layers, attention_mask)
        for layer in self.head:
            vectors = layer(vectors)
        return vectors


def _layers(states: tuple[Tensor, ...] | None, name: str) -> tuple[Tensor, ...]:
    if states is None or len(states) < 2:
        raise ValueError(
            f"{name} gives no states of its layers: expected those of a transformer for pooling='first-last'. "
            "Next: pooling='mean' or 'last'"
        )
    return states
