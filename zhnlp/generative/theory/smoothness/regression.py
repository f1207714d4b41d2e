"""Softmax regression as a loss of one flat vector: small enough for an exact Hessian.  N rows, D features, C classes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


class SoftmaxRegression:
    """Mean cross-entropy of a linear classifier plus ``weight_decay`` / 2 |w|²; parameters ((D + 1) C,), bias last.

    Args:
        x: (N, D).
        y: (N,) int64, classes from 0.
        weight_decay: > 0, so that there is one minimum.

    Raises:
        ValueError: shapes that do not match; a weight decay that is not above 0.

    Example:
        >>> loss = SoftmaxRegression(torch.eye(2, dtype=torch.float64), torch.tensor([0, 1]))
        >>> round(loss(torch.zeros(loss.size)).item(), 4), bool(loss.gradient(loss.minimum()).abs().max() < 1e-8)
        (0.6931, True)
    """

    def __init__(self, x: Tensor, y: Tensor, *, weight_decay: float = 0.1):
        if x.ndim != 2 or y.shape != x.shape[:1]:
            raise ValueError(f"got x {tuple(x.shape)} and y {tuple(y.shape)}: expected (N, D) and (N,)")
        if not weight_decay > 0:
            raise ValueError(
                f"weight_decay got {weight_decay}: expected above 0, or separable classes have no minimum"
            )
        self.x = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], 1)
        self.y, self.weight_decay = y, weight_decay
        self.classes = int(y.max()) + 1
        self.size = self.x.shape[1] * self.classes

    def __call__(self, w: Tensor) -> Tensor:
        """The loss () at w (P,), in nats."""
        w = w.double()
        logits = self.x @ w.view(-1, self.classes)
        return F.cross_entropy(logits, self.y) + self.weight_decay / 2 * w.square().sum()

    def gradient(self, w: Tensor) -> Tensor:
        """(P,), in closed form: xᵀ (p - one-hot) / N + decay w."""
        w = w.double()
        excess = (self.x @ w.view(-1, self.classes)).softmax(-1)
        excess[torch.arange(len(excess)), self.y] -= 1
        return (self.x.mT @ excess / len(excess)).reshape(-1) + self.weight_decay * w

    def hessian(self, w: Tensor) -> Tensor:
        """(P, P), in closed form: E[x xᵀ ⊗ (diag p - p pᵀ)] + decay."""
        p = (self.x @ w.double().view(-1, self.classes)).softmax(-1)
        blocks = torch.diag_embed(p) - p[:, :, None] * p[:, None]  # (N, C, C)
        hessian = torch.einsum("nd,nce,nf->dcfe", self.x, blocks, self.x) / len(p)
        return hessian.reshape(self.size, self.size) + self.weight_decay * torch.eye(self.size).double()

    def minimum(self) -> Tensor:
        """Where the gradient vanishes, (P,), by L-BFGS and then Newton's steps.

        Raises:
            RuntimeError: the gradient stays above 1e-8.
        """
        w = torch.zeros(self.size, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([w], max_iter=100, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = self(w)
            loss.backward()
            return loss

        optimizer.step(closure)
        w = w.detach()
        for _ in range(10):
            slope = self.gradient(w)
            if slope.abs().max() < 1e-12:
                break
            w = w - torch.linalg.solve(self.hessian(w), slope)
        if not self.gradient(w).abs().max() < 1e-8:
            raise RuntimeError(
                f"the gradient is still {self.gradient(w).abs().max():.1e}: expected below 1e-8. Likely features of very "
                "different sizes; take more weight_decay"
            )
        return w
