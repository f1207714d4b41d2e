"""Dropout for the time of a training, where a model has none: R-Drop compares two passes that differ by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def dropout_on(model: nn.Module, p: float = 0.1) -> Iterator[int]:
    """Give every dropout module of rate 0 the rate ``p`` inside the block; yields how many were changed.

    A model with dropout of its own, in any module, stays as it is.

    Raises:
        ValueError: the model has no dropout modules, so none can be turned on.

    Example:
        >>> layer = nn.Dropout(0.0)
        >>> with dropout_on(nn.Sequential(layer)) as changed:
        ...     changed, layer.p
        (1, 0.1)
        >>> layer.p
        0.0
    """
    modules = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    if not modules:
        raise ValueError(
            f"{type(model).__name__} has no dropout modules: expected some, as r_drop compares two passes that differ by "
            "their dropout. Next: r_drop=0"
        )
    off = [] if any(module.p > 0 for module in modules) else modules
    try:
        for module in off:
            module.p = p
        yield len(off)
    finally:
        for module in off:
            module.p = 0.0
