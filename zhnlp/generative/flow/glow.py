"""The layers of a flow of images.

Source: Kingma and Dhariwal 2018, arXiv 1807.03039; https://kexue.fm/archives/5977
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from zhnlp.generative.flow.actnorm import ActNorm
from zhnlp.generative.flow.bijection import Bijection, Chain, Flatten
from zhnlp.generative.flow.conditioners import convolutions
from zhnlp.generative.flow.coupling import Coupling
from zhnlp.generative.flow.real_nvp import mixing_layer
from zhnlp.generative.flow.split import Split
from zhnlp.generative.flow.squeeze import Squeeze


def glow_layers(
    shape: Sequence[int],
    *,
    scales: int = 2,
    blocks: int = 4,
    width: int = 64,
    coupling: str = "affine",
    mixing: str = "linear",
    seed: int = 0,
    squeezes: bool = True,
) -> Chain:
    """(B, C, H, W) → rows (B, D); arguments as `Glow` has them.

    Args:
        squeezes: False leaves the first squeeze out: ``shape`` has 2 channels or more already.

    Raises:
        ValueError: no (C, H, W), or a side that does not halve ``scales`` times.

    Example:
        >>> import torch
        >>> glow_layers((1, 8, 8), blocks=1, width=4)(torch.rand(3, 1, 8, 8))[0].shape
        torch.Size([3, 64])
    """
    halvings = scales if squeezes else scales - 1
    if len(shape) != 3 or scales < 1 or shape[1] % 2**halvings or shape[2] % 2**halvings:
        raise ValueError(
            f"shape {tuple(shape)} with scales={scales}: expected (C, H, W) with H and W multiples of {2 ** max(halvings, 0)}. "
            "Next: fewer scales, or RealNVP(shape), which takes images as rows"
        )
    return _scale(tuple(shape), scales, blocks, width, coupling, mixing, seed, squeezes)


def _scale(shape, scales, blocks, width, coupling, mixing, seed, squeezes) -> Chain:
    channels, height, breadth = shape
    layers: list[Bijection] = []
    if squeezes:
        layers, channels, height, breadth = [Squeeze()], 4 * channels, height // 2, breadth // 2
    conditioner = partial(convolutions, hidden=width)
    for number in range(blocks):
        layers += [
            ActNorm(channels),
            mixing_layer(mixing, channels, number, seed),
            Coupling(channels, kind=coupling, conditioner=conditioner),
        ]
    if scales == 1:
        return Chain([*layers, ActNorm(channels), Flatten((channels, height, breadth))])
    left = channels - channels // 2
    rest = _scale((left, height, breadth), scales - 1, blocks, width, coupling, mixing, seed + blocks, True)
    return Chain([*layers, Split(channels, (height, breadth), rest, conditioner=conditioner)])
