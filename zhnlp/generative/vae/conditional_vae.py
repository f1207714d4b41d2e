"""The conditional VAE: pictures of an asked class, by a prior mean for each class or by the label beside z.

Source: 苏剑林, https://kexue.fm/archives/5253
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.generative.vae.normals import Normal
from zhnlp.generative.vae.vae import VAE

FEATURES = 128  # of the encoder in mode "concat", before the label joins
SPREAD = 3.0  # of the class means at the start, in standard deviations of a class: far enough not to share z


class ConditionalVAE(VAE):
    """A VAE whose pictures have classes.

    Args:
        shape: of one example.
        classes: C; labels are 0 to C - 1.
        mode: "prior_mean": the prior of class y is N(μ_y, I) with learned μ_y, and networks do not see labels, so that
            `encode` needs none; "concat": both networks see the label, and z has nothing to say about it.
        encoder: in mode "concat" (B, *shape) → (B, 128), and the decoder takes (B, D + C).
        **options: of `VAE`.

    Raises:
        ValueError: an argument that cannot be, or labels are missing or out of range.

    Example:
        >>> model = ConditionalVAE((1, 8, 8), classes=10, latent=4)
        >>> model.loss(torch.rand(2, 1, 8, 8), torch.tensor([3, 5]))["loss"].shape
        torch.Size([])
        >>> model.sample(4, y=7, seed=0).shape
        torch.Size([4, 1, 8, 8])
    """

    takes_labels: ClassVar[bool] = True

    def __init__(
        self,
        shape: Sequence[int],
        classes: int,
        latent: int = 8,
        preset: str = "mlp",
        *,
        mode: str = "prior_mean",
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        **options: Any,
    ):
        if mode not in ("prior_mean", "concat"):
            raise ValueError(f"mode={mode!r} is not known: expected prior_mean or concat")
        if classes < 1:
            raise ValueError(f"classes={classes} is not possible: expected 1 or more")
        self._layout = (mode, classes, latent)  # asked for before there is a module
        super().__init__(shape, latent, preset, encoder=encoder, decoder=decoder, **options)
        self.mode, self.classes = mode, classes
        if mode == "prior_mean":
            self.class_means = nn.Parameter(SPREAD * torch.randn(classes, latent))
        else:
            self.head = nn.Sequential(nn.ReLU(), nn.Linear(FEATURES + classes, 2 * latent))

    def _encoder_features(self) -> int:
        mode, _, latent = self._layout
        return 2 * latent if mode == "prior_mean" else FEATURES

    def _decoder_features(self) -> int:
        mode, classes, latent = self._layout
        return latent if mode == "prior_mean" else latent + classes

    def _posterior(self, x: Tensor, y: Tensor | None) -> Normal:
        if self.mode == "prior_mean":
            return super()._posterior(x, y)
        activation, linear = self.head
        posterior = Normal.of(linear(self._beside(activation(self.encoder(x)), y)))
        return Normal(self.means(posterior.mean), posterior.log_variance)

    def _prior(self, y: Tensor | None) -> Normal | None:
        if self.mode == "concat":
            return None
        means = self.class_means[self._given(y)]
        return Normal(means, torch.zeros_like(means))

    def _decode(self, z: Tensor, y: Tensor | None) -> Tensor:
        return self.decoder(z if self.mode == "prior_mean" else self._beside(z, y))

    def _beside(self, x: Tensor, y: Tensor | None) -> Tensor:
        return torch.cat([x, F.one_hot(self._given(y), self.classes).to(x.dtype)], -1)

    def _given(self, y: Tensor | None) -> Tensor:
        if y is None:
            raise ValueError("labels are missing: expected y, (B,) whole numbers. Next: fit(data, labels=…)")
        return y

    def fit(self, data: Any, valid: Any = None, *, labels: Any = None, **training: Any) -> ConditionalVAE:
        """As `VAE.fit`; refuses labels that are no classes."""
        if labels is not None:
            checked_classes(torch.as_tensor(np.asarray(labels)), self.classes)
        return super().fit(data, valid, labels=labels, **training)

    def sample(
        self,
        n: int,
        y: Tensor | int | None = None,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        noise: bool = False,
    ) -> Tensor:
        """``n`` pictures of class ``y``, one for all or (n,); None: 0, 1, … in turn.

        Args:
            temperature, noise: see `VAE.sample`.
        """
        with self.drawing(seed):
            y = asked_classes(y, n, self.classes).to(self.device)
            z = temperature * torch.randn(n, self.latent, device=self.device)
            prior = self._prior(y)
            return self._picture(z if prior is None else z + prior.mean, y, noise)


def asked_classes(y: Tensor | int | None, n: int, classes: int) -> Tensor:
    """(n,) classes from one for all, one for each, or none, which takes them in turn.

    Raises:
        ValueError: ``y`` is of another length, or no class.

    Example:
        >>> asked_classes(None, 4, 3), asked_classes(2, 2, 3)
        (tensor([0, 1, 2, 0]), tensor([2, 2]))
    """
    if y is None:
        return torch.arange(n) % classes
    y = checked_classes(torch.as_tensor(y), classes)
    if y.ndim == 0:
        return y.expand(n)
    if y.shape != (n,):
        raise ValueError(f"y has shape {tuple(y.shape)}: expected one class, or ({n},) of them")
    return y


def checked_classes(y: Tensor, classes: int) -> Tensor:
    """``y``, whose values are 0 to ``classes`` - 1.

    Raises:
        ValueError: one is not.
    """
    if y.numel() and (y.min() < 0 or y.max() >= classes):
        raise ValueError(
            f"classes go from {int(y.min())} to {int(y.max())}: expected 0 to {classes - 1}. "
            f"Next: classes={int(y.max()) + 1}"
        )
    return y
