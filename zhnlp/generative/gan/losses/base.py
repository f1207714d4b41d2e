"""The protocol of a loss of a GAN."""

from __future__ import annotations

from torch import Tensor


class AdversarialLoss:
    """What the critic lowers and what the generator lowers, given scores; real = high.

    A subclass gives `critic`, which falls as real scores rise and fake ones sink, and `generator`, which falls as fake
    scores rise.
    """

    name = ""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """0-d, of scores of real (B,) and generated (B,) examples."""
        raise NotImplementedError(f"{type(self).__name__} does not say what the critic lowers")

    def generator(self, fake: Tensor) -> Tensor:
        """0-d, of scores (B,) of generated examples, with their graph."""
        raise NotImplementedError(f"{type(self).__name__} does not say what the generator lowers")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
