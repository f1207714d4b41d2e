"""The nearest vector of a codebook, which learns by its gradient.  K codes, D features.

Source: 苏剑林, https://kexue.fm/archives/6760; van den Oord et al. 2017, https://arxiv.org/abs/1711.00937
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.generative.discrete.quantizers.base import Quantized
from zhnlp.generative.discrete.quantizers.gradients import rotated, straight_through


class VectorQuantizer(nn.Module):
    """z → the nearest e_k, with ‖sg[z] - e‖² + γ ‖z - sg[e]‖² (means over features) to bring both together.

    γ < 1, as codes should move towards what is encoded rather than the other way.

    Args:
        size: K.
        dim: D.
        commit: γ ≥ 0.
        reset_dead: while training, put codes that are hardly used onto vectors of the batch at hand.
        dead_share: a code is dead when its share of the vectors, as a moving average, is below this part of 1/K.
        decay: of that average, in [0, 1).
        gradient: "straight_through" or "rotation".

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> quantizer = VectorQuantizer(8, 4)
        >>> z = torch.randn(2, 3, 3, 4)
        >>> out = quantizer(z)
        >>> out.vectors.shape, out.codes.shape, sorted(out.losses)
        (torch.Size([2, 3, 3, 4]), torch.Size([2, 3, 3]), ['codebook', 'commit'])
        >>> torch.equal(quantizer.lookup(out.codes), out.vectors)
        True
    """

    def __init__(
        self,
        size: int,
        dim: int,
        *,
        commit: float = 0.25,
        reset_dead: bool = True,
        dead_share: float = 0.03,
        decay: float = 0.99,
        gradient: str = "straight_through",
    ):
        super().__init__()
        if size < 2 or dim < 1:
            raise ValueError(f"got size={size} and dim={dim}: expected 2 codes or more of 1 feature or more")
        if commit < 0 or not 0 <= decay < 1 or dead_share < 0:
            raise ValueError(
                f"got commit={commit}, decay={decay}, dead_share={dead_share}: expected ≥ 0, in [0, 1), ≥ 0"
            )
        if gradient not in ("straight_through", "rotation"):
            raise ValueError(f"gradient={gradient!r} is not known: expected straight_through or rotation")
        self.size, self.dim, self.commit, self.decay = size, dim, commit, decay
        self.reset_dead, self.dead_share, self.gradient = reset_dead, dead_share, gradient
        self.register_buffer("shares", torch.full((size,), 1 / size))
        self._make_codebook()

    # --- the codebook, which subclasses keep in other ways ----------------------------------------------------------

    def _make_codebook(self) -> None:
        self.weight = nn.Parameter(torch.empty(self.size, self.dim).uniform_(-1 / self.size, 1 / self.size))

    @property
    def codebook(self) -> Tensor:
        """(K, D)."""
        return self.weight

    def _learn(self, z: Tensor, codes: Tensor) -> None:
        """Change the codebook by other means than a gradient: of the vectors (N, D) and their codes (N,)."""

    def _replace(self, dead: Tensor, vectors: Tensor) -> None:
        """Put the dead codes (K,) bool onto vectors (their number, D)."""
        self.weight.data[dead] = vectors.to(self.weight.dtype)

    def _losses(self, z: Tensor, rounded: Tensor) -> dict[str, Tensor]:
        return {
            "codebook": F.mse_loss(rounded, z.detach()),
            "commit": self.commit * F.mse_loss(z, rounded.detach()),
        }

    # --- rounding --------------------------------------------------------------------------------------------------

    def nearest(self, z: Tensor) -> Tensor:
        """Codes (...) of the nearest vectors to z (..., D)."""
        flat, book = z.detach().reshape(-1, self.dim), self.codebook.detach()
        distance = book.square().sum(1) - 2 * flat @ book.mT  # and |z|², which is the same for all
        return distance.argmin(1).view(z.shape[:-1])

    def lookup(self, codes: Tensor) -> Tensor:
        """The vectors (..., D) of codes (...)."""
        return F.embedding(codes, self.codebook)

    def forward(self, z: Tensor) -> Quantized:
        """Round z (..., D); while training, count the codes and revive dead ones."""
        codes = self.nearest(z)
        rounded = self.lookup(codes)
        losses = self._losses(z, rounded)
        pass_on = straight_through if self.gradient == "straight_through" else rotated
        vectors = pass_on(rounded, z)
        if self.training:
            with torch.no_grad():
                flat, used = z.detach().reshape(-1, self.dim), codes.flatten()
                self._learn(flat, used)
                self._count(flat, used)
        return Quantized(vectors, codes, losses)

    def _count(self, z: Tensor, codes: Tensor) -> None:
        now = torch.bincount(codes, minlength=self.size) / len(codes)
        self.shares.lerp_(now.to(self.shares.dtype), 1 - self.decay)
        if not self.reset_dead:
            return
        dead = self.shares < self.dead_share / self.size
        if count := int(dead.sum()):
            picked = torch.randint(len(z), (count,), device=z.device)
            self._replace(dead, z[picked])
            self.shares[dead] = 1 / self.size
