"""The networks of adversarial models: generators with their output, critics without normalisation, critics of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from zhnlp.generative import networks

LEAKY = partial(nn.LeakyReLU, 0.2)
OUTPUTS: dict[str, type[nn.Module]] = {"linear": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def widths(preset: str, hidden: int | Sequence[int] | None) -> int | list[int]:
    """What was asked for; by default two layers of 128 for "mlp", and the widths of the other presets."""
    if hidden is None:
        return [128, 128] if preset == "mlp" else 256
    return hidden if isinstance(hidden, int) else list(hidden)


def generator(
    preset: str,
    latent: int,
    shape: Sequence[int],
    *,
    output: str = "linear",
    hidden: int | Sequence[int] | None = None,
    norm: bool = False,
) -> nn.Sequential:
    """(B, latent) → (B, *shape), in the range of ``output``: "sigmoid" for [0, 1], "tanh" for [−1, 1], "linear" for any.

    Raises:
        ValueError: the preset or the output is not known.

    Example:
        >>> generator("mlp", 3, (1, 8, 8), output="sigmoid")(torch.zeros(5, 3)).shape
        torch.Size([5, 1, 8, 8])
    """
    if output not in OUTPUTS:
        raise ValueError(f"output got {output!r}: expected one of {', '.join(map(repr, OUTPUTS))}")
    layers = networks.decoder(
        preset, latent, shape, hidden=widths(preset, hidden), norm=norm, activation=nn.ReLU
    )
    return nn.Sequential(*layers, OUTPUTS[output]())


def critic(preset: str, shape: Sequence[int], *, hidden: int | Sequence[int] | None = None) -> nn.Sequential:
    """(B, *shape) → (B, 1), LeakyReLU between, whose slope is at most 1, and no normalisation, which would mix rows.

    Example:
        >>> critic("conv28", (1, 28, 28))(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 1])
    """
    return networks.encoder(preset, shape, 1, hidden=widths(preset, hidden), activation=LEAKY)


class PairCritic(nn.Module):
    """Scores of pairs: x (B, *shape) and z (B, latent) → (B, 1).

    Images pass through the preset first; points and "mlp" are read as they are.

    Example:
        >>> PairCritic("mlp", (2,), 3)(torch.zeros(5, 2), torch.zeros(5, 3)).shape
        torch.Size([5, 1])
    """

    def __init__(
        self, preset: str, shape: Sequence[int], latent: int, *, hidden: int | Sequence[int] | None = None
    ):
        super().__init__()
        if preset == "mlp":
            self.look: nn.Module = nn.Flatten()
            seen, judged = prod(shape), widths(preset, hidden)
        else:
            seen, judged = 128, [128, 128]
            self.look = networks.encoder(preset, shape, seen, hidden=widths(preset, hidden), activation=LEAKY)
        self.judge = networks.encoder("mlp", (seen + latent,), 1, hidden=judged, activation=LEAKY)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.judge(torch.cat([self.look(x), z], dim=1))
