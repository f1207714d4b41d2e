"""What a decoder's output says of a picture: q(x|z) as Bernoulli, normal or categorical, pixel by pixel.

The fixed σ of a normal likelihood is the balance of the two terms of a VAE: -log q = ‖x - x̂‖²/(2σ²) and a constant.

Source: 苏剑林, https://kexue.fm/archives/5343
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.generative.networks import RANGES


class Bernoulli(nn.Module):
    """Each value is 1 with chance σ(output), else 0: -log q is the cross-entropy.

    Values between 0 and 1 are taken as chances; then the sum is no density of x, and not to be compared with others.

    Example:
        >>> Bernoulli().log_prob(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 1.0]]))  # 3 log ½
        tensor([-2.0794])
    """

    range = (0.0, 1.0)

    def outputs(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that the decoder has to give."""
        return shape

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """(B,) nats of x (B, ...)."""
        return -F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        """Chances (B, ...) in (0, 1)."""
        return output.sigmoid()

    def draw(self, output: Tensor) -> Tensor:
        """(B, ...) of 0 and 1."""
        return torch.bernoulli(output.sigmoid())


class Gaussian(nn.Module):
    """N(x; f(output), σ²) with one σ for all values.

    Args:
        sigma: σ > 0 in units of x; where it begins if it is learned.
        learned: whether σ is a parameter.  Below 0.001 it does not go, where the likelihood has no bound.
        output: f: "sigmoid" for values in [0, 1], "tanh" for [-1, 1], "linear" for any.

    Raises:
        ValueError: a σ or an output that cannot be.

    Example:
        >>> Gaussian(sigma=0.5, output="linear").log_prob(torch.zeros(1, 1), torch.ones(1, 1))
        tensor([-2.2258])
    """

    def __init__(self, sigma: float = 1.0, *, learned: bool = False, output: str = "sigmoid"):
        super().__init__()
        if not sigma > 0:
            raise ValueError(
                f"sigma={sigma} is not possible: expected a number above 0, in units of the data"
            )
        if output not in RANGES:
            raise ValueError(f"output={output!r} is not known: expected one of {', '.join(RANGES)}")
        log_sigma = torch.tensor(math.log(sigma))
        if learned:
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma)
        self.output, self.range = output, RANGES[output]

    def outputs(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that the decoder has to give."""
        return shape

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """(B,) nats of x (B, ...)."""
        log_sigma = self.log_sigma.clamp(min=math.log(1e-3))
        square = ((x - self.mean(output)).square() / 2).flatten(1).sum(1) * (-2 * log_sigma).exp()
        return -square - x[0].numel() * (log_sigma + math.log(2 * math.pi) / 2)

    def mean(self, output: Tensor) -> Tensor:
        """f(output), (B, ...)."""
        return output if self.output == "linear" else getattr(torch, self.output)(output)

    def draw(self, output: Tensor) -> Tensor:
        """(B, ...) with the noise of the likelihood, which makes pictures grainy."""
        mean = self.mean(output)
        return mean + self.log_sigma.exp() * torch.randn_like(mean)


class Categorical(nn.Module):
    """Each value is one of so many even levels of [0, 1], with a chance of its own; no order is known between them.

    Args:
        levels: 2 or more, such as the 17 of scikit-learn's digits or 256.

    Raises:
        ValueError: fewer levels than 2.

    Example:
        >>> pixels = Categorical(4)
        >>> pixels.outputs((1, 8, 8)), pixels.log_prob(torch.zeros(2, 4), torch.tensor([[0.0], [1 / 3]]))
        ((4, 8, 8), tensor([-1.3863, -1.3863]))
    """

    range = (0.0, 1.0)

    def __init__(self, levels: int):
        super().__init__()
        if levels is None or levels < 2:
            raise ValueError(f"levels={levels} is not possible: expected 2 or more, such as 256 for bytes")
        self.levels = levels

    def outputs(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that the decoder has to give: the levels of a value are channels."""
        return (self.levels * shape[0], *shape[1:])

    def _logits(self, output: Tensor) -> Tensor:
        return output.unflatten(1, (self.levels, -1))  # (B, levels, C, ...)

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """(B,) nats of x (B, ...), each value rounded to its level."""
        level = (x * (self.levels - 1)).round().long()
        return -F.cross_entropy(self._logits(output), level, reduction="none").flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        """The expected value, (B, ...) in [0, 1]."""
        values = torch.linspace(0, 1, self.levels, device=output.device, dtype=output.dtype)
        return torch.einsum("bl...,l->b...", self._logits(output).softmax(1), values)

    def draw(self, output: Tensor) -> Tensor:
        """(B, ...) of levels, as numbers in [0, 1]."""
        chances = self._logits(output).softmax(1).movedim(1, -1)  # (B, C, ..., levels)
        level = torch.multinomial(chances.flatten(0, -2), 1)
        return level.view(chances.shape[:-1]).to(output.dtype) / (self.levels - 1)


def make_likelihood(
    name: str, *, sigma: float = 1.0, levels: int | None = None, output: str = "sigmoid"
) -> nn.Module:
    """The likelihood of that name: "bernoulli", "gaussian", "gaussian_learned" or "categorical".

    Raises:
        ValueError: a name that is not known, or what the likelihood refuses.

    Example:
        >>> make_likelihood("gaussian_learned", sigma=0.3).log_sigma.requires_grad
        True
    """
    if name == "bernoulli":
        return Bernoulli()
    if name in ("gaussian", "gaussian_learned"):
        return Gaussian(sigma, learned=name == "gaussian_learned", output=output)
    if name == "categorical":
        return Categorical(levels)
    raise ValueError(
        f"likelihood={name!r} is not known: expected bernoulli, gaussian, gaussian_learned or categorical"
    )
