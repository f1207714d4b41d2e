"""The problems on which training techniques are compared: scikit-learn's digits, documents by Zipf's law, small networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.training.regularizers import regularized_backward


def digits(seed: int, train: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(x, y, x_test, y_test), pixels in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = torch.tensor(x[order] / 16, dtype=torch.float32), torch.tensor(y[order])
    return x[:train], y[:train], x[train:], y[train:]


def noisy_digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """400 images, a fifth with a random label."""
    x, y, x_test, y_test = digits(seed, 400)
    random = torch.Generator().manual_seed(seed)
    wrong = torch.rand(400, generator=random) < 0.2
    return x, torch.where(wrong, torch.randint(10, (400,), generator=random), y), x_test, y_test


def zipf(seed: int, train: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Documents of 20 of 2,000 words in 4 classes; 1,000 to test."""
    random = np.random.default_rng(seed)
    count, words, classes = train + 1000, 2000, 4
    chance = 1 / np.arange(1, words + 1)
    labels = random.integers(classes, size=count)
    ids = random.choice(words, size=(count, 20), p=chance / chance.sum())
    topical = random.random((count, 20)) < 0.2
    ids = np.where(topical, ids // classes * classes + labels[:, None], ids)
    ids, labels = torch.tensor(ids), torch.tensor(labels)
    return ids[:train], labels[:train], ids[train:], labels[train:]


class Bag(nn.Module):
    """Mean of word vectors, then one layer."""

    def __init__(self, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        self.words, self.out = nn.Embedding(2000, 32), nn.Linear(32, 4)

    def forward(self, ids: Tensor) -> Tensor:  # (B, L) → (B, 4)
        return self.out(self.words(ids).mean(1))


def mlp(seed: int, hidden: int, dropout: float = 0.0) -> nn.Sequential:
    """64-hidden-10 behind an Identity, which VAT disturbs."""
    torch.manual_seed(seed)
    inner = [nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 10)]
    return nn.Sequential(nn.Identity(), *(layer for layer in inner if getattr(layer, "p", 1) > 0))


@torch.no_grad()
def score(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """(loss in nats, accuracy)."""
    training = model.training
    logits = model.eval()(x)
    model.train(training)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def fit(
    model, optimizer, x, y, epochs, batch, seed, parts=(), after: Callable[[], None] = lambda: None
) -> nn.Module:
    """A plain loop with regularizers."""
    random = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout, VAT
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=random).split(batch):

            def compute_loss(rows=rows):
                outputs = model(x[rows])
                return F.cross_entropy(outputs, y[rows]), outputs

            optimizer.zero_grad()
            regularized_backward(model, x[rows], compute_loss, parts)
            optimizer.step()
            after()
    return model


def adam(model: nn.Module, lr: float = 1e-3) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=lr, fused=True)


class Deep(nn.Module):
    """64-96-96-96-classes, its inner layers in a list."""

    def __init__(self, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        self.blocks = nn.ModuleList(nn.Linear(width, 96) for width in (64, 96, 96))
        self.out = nn.Linear(96, 10)

    def forward(self, x: Tensor) -> Tensor:  # (B, 64) → (B, classes)
        for block in self.blocks:
            x = block(x).relu()
        return self.out(x)
