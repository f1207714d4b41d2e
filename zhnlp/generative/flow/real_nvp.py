"""The layers of a flow of rows.

Source: Dinh et al. 2017, arXiv 1605.08803
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from zhnlp.generative.flow.actnorm import ActNorm
from zhnlp.generative.flow.bijection import Bijection, Chain, Flatten, Identity
from zhnlp.generative.flow.conditioners import mlp
from zhnlp.generative.flow.coupling import Coupling
from zhnlp.generative.flow.linear import InvertibleLinear
from zhnlp.generative.flow.permutation import Permutation

MIXINGS = ("permutation", "reversal", "linear")


def mixing_layer(kind: str, channels: int, number: int, seed: int) -> Bijection:
    """What stands before coupling ``number`` (from 0): an order of the channels, or a matrix.

    "permutation" is a random order, then that order reversed, and so on; "reversal" reverses only.  A reversal gives the halves of a
    coupling to the next one, so that no channel stays behind.

    Raises:
        ValueError: an unknown kind.

    Example:
        >>> mixing_layer("permutation", 4, 1, seed=0).order.tolist()
        [3, 2, 1, 0]
    """
    if kind not in MIXINGS:
        raise ValueError(f"mixing got {kind!r}: expected {' or '.join(map(repr, MIXINGS))}")
    if kind == "linear":
        return InvertibleLinear(channels, seed=seed + number)
    if kind == "reversal" or number % 2:
        return Permutation.reversed(channels)
    return Permutation.random(channels, seed=seed + number)


def real_nvp_layers(
    shape: Sequence[int],
    *,
    couplings: int = 8,
    hidden: int = 128,
    depth: int = 2,
    coupling: str = "affine",
    mixing: str = "permutation",
    actnorm: bool = True,
    seed: int = 0,
) -> Chain:
    """(B, *shape) → rows (B, D): ``couplings`` times actnorm, mixing and coupling; arguments as `RealNVP` has them.

    Raises:
        ValueError: fewer than 2 couplings, or one number in an example.

    Example:
        >>> import torch
        >>> real_nvp_layers((1, 8, 8), couplings=2)(torch.rand(3, 1, 8, 8))[0].shape
        torch.Size([3, 64])
    """
    size = math.prod(shape)
    if couplings < 2:
        raise ValueError(f"couplings got {couplings}: expected 2 or more, or half of the numbers never moves")
    layers: list[Bijection] = [Flatten(shape)]
    for number in range(couplings):
        layers += [
            ActNorm(size) if actnorm else Identity(),
            mixing_layer(mixing, size, number, seed),
            Coupling(size, kind=coupling, conditioner=partial(mlp, hidden=hidden, depth=depth)),
        ]
    return Chain([*layers, ActNorm(size) if actnorm else Identity()])
