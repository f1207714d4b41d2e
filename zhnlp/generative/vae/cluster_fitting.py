"""The two stages of a clustering VAE: a plain VAE, then classes started by k-means++ on its means.

On scikit-learn's digits the accuracy in the end is within a few hundredths of that of the start, which differs from one
plain VAE to the next (.68 and .80 for two seeds); its bound says which is better, without labels.

Source: 苏剑林, https://kexue.fm/archives/5887; Jiang et al. 2016, https://arxiv.org/abs/1611.05148 (pre-training)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from zhnlp.training.seeds import derive_seed, own_randomness

if TYPE_CHECKING:
    from zhnlp.generative.vae.cluster_vae import ClusterVAE


def fit_in_two_stages(
    model: ClusterVAE, fit: Callable[..., Any], data: Any, valid: Any, training: dict[str, Any]
) -> None:
    """Train in place with ``fit(data, valid, **training)``, for each stage; each has a folder of its own in ``out``.

    Of ``model.n_init`` first stages, from other weights each, the one whose start has the best bound goes on.
    """
    out, seed = training.pop("out", None), training.get("seed", 0)
    found: list[tuple[float, dict[str, torch.Tensor], list]] = []
    for number in range(model.n_init):
        if number:
            with own_randomness(derive_seed(seed, "weights", number)):
                model.apply(_anew)
        history = []
        if model.pretrain_epochs:
            folder = None if out is None else Path(out) / f"plain-{number}"
            model.pretraining = True
            try:
                fit(data, valid, **{**training, "epochs": model.pretrain_epochs, "out": folder})
            finally:
                model.pretraining = False
            history = model.history_
        if model.start == "kmeans":
            start_classes(model, data, seed)
        state = {name: value.clone() for name, value in model.state_dict().items()}
        found.append((model.score(data) if model.n_init > 1 else 0.0, state, history))
    _, state, history = max(found, key=lambda one: one[0])
    model.load_state_dict(state)
    fit(data, valid, **training, out=None if out is None else Path(out) / "clusters")
    model.history_ = history + model.history_


def _anew(module: nn.Module) -> None:
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()


def start_classes(model: ClusterVAE, data: Any, seed: int = 0) -> np.ndarray:
    """Put the class means at the centres of k-means++ on latent means; returns the class of each row, (N,).

    Learned shares start at those of the clusters, learned variances at what z has within them, and a classifier network
    learns the closed form first, since one that knows nothing would pull the means together again.
    """
    from sklearn.cluster import KMeans

    latent = model.transform(data)
    found = KMeans(model.classes, n_init=20, random_state=seed).fit(latent)
    counts = np.bincount(found.labels_, minlength=model.classes)
    with torch.no_grad():
        model.class_means.copy_(torch.from_numpy(found.cluster_centers_))
        if model.class_logits.requires_grad:
            model.class_logits.copy_(torch.from_numpy(np.log(np.maximum(counts, 1) / counts.sum())))
        if model.class_log_variances.requires_grad:
            within = (latent - found.cluster_centers_[found.labels_]) ** 2
            for number in range(model.classes):
                spread = within[found.labels_ == number].mean(0) + 1e-2
                model.class_log_variances[number].copy_(torch.from_numpy(np.log(spread)))
    if model.classifier is not None:
        _teach_classifier(model.classifier, model, torch.from_numpy(latent), seed)
    return found.labels_


def _teach_classifier(classifier: nn.Module, model: ClusterVAE, latent: torch.Tensor, seed: int) -> None:
    """Bring p(y|z) of the network to the closed form, at the latent means."""
    optimizer = torch.optim.Adam(classifier.parameters(), 1e-3)
    latent = latent.to(model.device)
    goal = model.log_joint(latent).softmax(-1).detach()
    order = torch.Generator().manual_seed(seed)
    for _ in range(300):
        rows = torch.randint(len(latent), (256,), generator=order).to(model.device)
        loss = nn.functional.cross_entropy(classifier(latent[rows]), goal[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
