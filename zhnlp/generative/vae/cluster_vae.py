"""The clustering VAE: one model that finds classes without labels and draws from each of them.

B batch, D latent dimensions, K classes.  The prior of z is a mixture q(z) = Σ q(y) q(z|y) of K normals.

Source: 苏剑林, https://kexue.fm/archives/5887 (the loss as corrected in December 2018); Jiang et al. 2016,
https://arxiv.org/abs/1611.05148 (the posterior in closed form)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zhnlp.generative.rows import as_rows
from zhnlp.generative.vae.cluster_fitting import fit_in_two_stages
from zhnlp.generative.vae.conditional_vae import asked_classes
from zhnlp.generative.vae.normals import LOG_2PI, Normal
from zhnlp.generative.vae.vae import VAE


class ClusterVAE(VAE):
    """E[-log q(x|z)] + E Σ_y p(y|z) log p(z|x)/q(z|y) + E KL(p(y|z) ‖ q(y)), with z drawn from p(z|x).

    The first term keeps information, the second brings z to one of the normals, the third keeps classes from merging.
    `fit` trains a plain VAE first and starts the classes by k-means++ on its means; from zero means all rows fall into a
    few classes, as readers of the post found.  Methods are those of scikit-learn: `fit`, `predict`, `predict_proba`,
    `transform`, `score`, `fit_predict`.

    Args:
        shape: of one example.
        classes: K.
        posterior: p(y|z): "exact", ∝ q(y) q(z|y), which is the best there can be; "net", a network of its own.
        sigma: σ of the likelihood; the post's weight of the reconstruction is 1/σ² (there 2.5, on ½‖x - x̂‖²).
        pretrain_epochs: passes as a plain VAE; 0 for none.
        start: of the class means: "kmeans" on latent means, or "zeros" as in the post's code.
        n_init: plain VAEs to train; the one whose start has the best bound goes on.  No label is needed for that choice.
        learn_variances: whether classes have variances of their own, or I.
        learn_shares: whether q(y) is learned, or even.
        category_weight: of the third term; 0 leaves it out, for classes of very different size.
        **options: of `VAE`.

    Attributes:
        labels_: (N,) classes of the rows of the last `fit`.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = ClusterVAE((2,), classes=3, latent=2, output="linear", pretrain_epochs=1)
        >>> points = np.random.default_rng(0).normal(size=(60, 2))
        >>> model.fit_predict(points, epochs=1, progress=False).shape, model.predict_proba(points[:2]).shape
        ((60,), (2, 3))
    """

    def __init__(
        self,
        shape: Sequence[int],
        classes: int,
        latent: int = 10,
        preset: str = "mlp",
        *,
        posterior: str = "exact",
        likelihood: str = "gaussian",
        sigma: float = 30**-0.5,
        pretrain_epochs: float = 40,
        start: str = "kmeans",
        n_init: int = 1,
        learn_variances: bool = False,
        learn_shares: bool = False,
        category_weight: float = 1.0,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        **options: Any,
    ):
        super().__init__(
            shape,
            latent,
            preset,
            likelihood=likelihood,
            sigma=sigma,
            encoder=encoder,
            decoder=decoder,
            **options,
        )
        for name, value, known in (
            ("posterior", posterior, ("exact", "net")),
            ("start", start, ("kmeans", "zeros")),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r} is not known: expected {' or '.join(known)}")
        if classes < 2 or n_init < 1:
            raise ValueError(f"got classes={classes} and n_init={n_init}: expected 2 and 1 or more")
        self.classes, self.start, self.n_init, self.pretrain_epochs = classes, start, n_init, pretrain_epochs
        self.category_weight = category_weight
        self.pretraining = False  # while True, the loss is that of a plain VAE
        means = torch.randn(classes, latent) if start == "kmeans" else torch.zeros(classes, latent)
        self.class_means = nn.Parameter(means)
        self.class_log_variances = nn.Parameter(torch.zeros(classes, latent), requires_grad=learn_variances)
        self.class_logits = nn.Parameter(torch.zeros(classes), requires_grad=learn_shares)
        self.classifier = None
        if posterior == "net":
            self.classifier = nn.Sequential(nn.Linear(latent, 256), nn.ReLU(), nn.Linear(256, classes))

    # --- the mixture -----------------------------------------------------------------------------------------------

    def log_joint(self, z: Tensor) -> Tensor:
        """log q(y) + log q(z|y), (B, K) in nats."""
        normals = Normal(self.class_means, self.class_log_variances)
        return self.class_logits.log_softmax(0) + normals.log_prob(z[:, None]).sum(-1)

    def log_class(self, z: Tensor) -> Tensor:
        """log p(y|z), (B, K) in nats: by the network, or in closed form."""
        return (self.log_joint(z) if self.classifier is None else self.classifier(z)).log_softmax(-1)

    # --- the loss --------------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, ``rec``, ``align`` (second term), ``category`` (third), ``kl`` (both) and ``elbo``, in nats."""
        if self.pretraining:
            return super().loss(x)
        posterior = self._posterior(x, None).repeat(self.n_samples)
        z = posterior.draw()
        rec = -self.likelihood.log_prob(self._decode(z, None), x.repeat_interleave(self.n_samples, 0)).mean()
        align, category = (term.mean() for term in self.latent_terms(posterior, z))
        return {
            "loss": rec + self._weight() * (align + self.category_weight * category),
            "rec": rec,
            "align": align,
            "category": category,
            "kl": align + category,
            "elbo": -rec - align - category,
        }

    def latent_terms(self, posterior: Normal, z: Tensor) -> tuple[Tensor, Tensor]:
        """Second and third term of each row, (B,) and (B,), at a z drawn from the posterior (B, D)."""
        log_class, log_joint = self.log_class(z), self.log_joint(z)  # (B, K)
        share = log_class.exp()
        log_share = self.class_logits.log_softmax(0)
        entropy = 0.5 * (posterior.log_variance + LOG_2PI + 1).sum(-1)  # of p(z|x), exactly
        align = -(share * (log_joint - log_share)).sum(-1) - entropy
        return align, (share * (log_class - log_share)).sum(-1)

    def bound(self, x: Tensor, y: Tensor | None = None, *, samples: int = 1, seed: int | None = 0) -> Tensor:
        """As `VAE.bound`, with the mixture as the prior of z, so without the gap that a "net" posterior leaves."""
        return super().bound(x, y, samples=samples, seed=seed)

    def _log_prior(self, z: Tensor, y: Tensor | None) -> Tensor:
        return self.log_joint(z).logsumexp(-1)

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(self, data: Any, valid: Any = None, *, labels: Any = None, **training: Any) -> ClusterVAE:
        """Plain VAE, then the start of the classes, then both together; see `GenerativeModel.fit`.

        ``labels`` are not looked at.  `history_` has the passes of both stages.
        """
        fit_in_two_stages(self, super().fit, data, valid, training)
        self.labels_ = self.predict(data)
        return self

    def fit_predict(self, data: Any, y: Any = None, **training: Any) -> np.ndarray:
        """`fit`, then the class of each row, (N,)."""
        return self.fit(data, **training).labels_

    # --- scikit-learn ----------------------------------------------------------------------------------------------

    def predict_proba(self, data: Any) -> np.ndarray:
        """p(y|z) at the mean z of each row, (N, K)."""
        with self.drawing(None):
            return self.log_class(torch.from_numpy(self.transform(data)).to(self.device)).exp().cpu().numpy()

    def predict(self, data: Any) -> np.ndarray:
        """The likeliest class of each row, (N,) numbers 0 to K - 1."""
        return self.predict_proba(data).argmax(-1)

    def transform(self, data: Any) -> np.ndarray:
        """The mean z of each row, (N, D)."""
        rows = as_rows(data, self.shape)
        return np.concatenate([self.encode(part.to(self.device)).cpu().numpy() for part in rows.split(4096)])

    def score(self, data: Any, y: Any = None) -> float:
        """The mean `bound` of the rows, in nats; higher is better."""
        rows = as_rows(data, self.shape)
        return torch.cat([self.bound(part.to(self.device)).cpu() for part in rows.split(4096)]).mean().item()

    def sample(
        self,
        n: int,
        y: Tensor | int | None = None,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        noise: bool = False,
    ) -> Tensor:
        """``n`` pictures of class ``y``, one for all or (n,); None: classes drawn by q(y).

        Args:
            temperature, noise: see `VAE.sample`.
        """
        with self.drawing(seed):
            if y is None:
                y = torch.multinomial(self.class_logits.softmax(0), n, replacement=True)
            y = asked_classes(y, n, self.classes).to(self.device)
            spread = temperature * (self.class_log_variances[y] / 2).exp()
            return self._picture(self.class_means[y] + spread * torch.randn_like(spread), None, noise)
