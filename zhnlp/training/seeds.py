"""Seeds: everything random starts from one number, and what must not disturb the training runs on numbers of its own."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int, *, deterministic: bool = False) -> None:
    """Seed python, numpy, torch and every CUDA device; ``deterministic`` also refuses kernels that are not repeatable.

    Raises:
        ValueError: ``seed`` is outside 0 … 2^32 − 1, the range of numpy.

    Example:
        >>> seed_everything(7); first = torch.rand(1); seed_everything(7); bool(first == torch.rand(1))
        True
    """
    if not 0 <= seed < 1 << 32:
        raise ValueError(f"seed is {seed}: expected 0 to {(1 << 32) - 1}, the range of numpy's generator")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # CUDA too, when it starts
    if deterministic:
        torch.use_deterministic_algorithms(True)


def derive_seed(*parts: int | str) -> int:
    """A seed in 0 … 2^32 − 1 that depends on all parts and on nothing else, neither machine nor process.

    Example:
        >>> derive_seed(1, "epoch", 2) == derive_seed(1, "epoch", 2) != derive_seed(1, "epoch", 3)
        True
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=4).digest(), "little")


@dataclass(frozen=True)
class RandomState:
    """Where the generators of python, numpy, torch and the CUDA devices stand."""

    python: Any
    numpy: Any
    torch: torch.Tensor
    cuda: tuple[torch.Tensor, ...]

    @classmethod
    def now(cls, *, devices: bool = True) -> RandomState:
        """The state at this moment; CUDA is asked only when it has been started, and only with ``devices``."""
        cuda = torch.cuda.get_rng_state_all() if devices and torch.cuda.is_initialized() else ()
        return cls(random.getstate(), np.random.get_state(), torch.get_rng_state(), tuple(cuda))

    def restore(self) -> None:
        """Put every generator back."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)
        torch.set_rng_state(self.torch)
        if self.cuda:
            torch.cuda.set_rng_state_all(list(self.cuda))


@contextmanager
def own_randomness(seed: int | None = None, *, devices: bool = True) -> Iterator[None]:
    """A block after which all generators stand where they stood before; within, they start from ``seed`` if given.

    Args:
        devices: CUDA generators too. Without, the block must not draw on a GPU; that is 10 times as quick.

    Example:
        >>> seed_everything(7); expected = torch.rand(1); seed_everything(7)
        >>> with own_randomness(3):
        ...     _ = torch.rand(100), random.random()
        >>> bool(torch.rand(1) == expected)
        True
    """
    before = RandomState.now(devices=devices)
    try:
        if seed is not None:
            random.seed(seed)
            np.random.seed(seed)
            torch.default_generator.manual_seed(seed)
            if before.cuda:
                torch.cuda.manual_seed_all(seed)
        yield
    finally:
        before.restore()


def drawn_apart(stream: Iterable[Any], seed: int) -> Iterator[Any]:
    """The items of ``stream``, whose random draws go on from one item to the next, apart from those of everybody else.

    Example:
        >>> shuffled = lambda: iter(sorted("abcdef", key=lambda _: random.random()))
        >>> class Shuffled:
        ...     __iter__ = lambda self: shuffled()
        >>> list(drawn_apart(Shuffled(), 1)) == list(drawn_apart(Shuffled(), 1)) != list(drawn_apart(Shuffled(), 2))
        True
    """
    state = iterator = None
    while True:
        with own_randomness(seed if state is None else None, devices=False):
            if state is not None:
                state.restore()
            if iterator is None:
                iterator = iter(stream)
            try:
                item = next(iterator)
            except StopIteration:
                return
            state = RandomState.now(devices=False)
        yield item
