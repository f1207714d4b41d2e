"""Gradients of E[f(y)], y a one-hot sample of softmax(logits), in the logits: seven estimators.  K classes, n draws.

Source: https://kexue.fm/archives/6705; Jang, Gu and Poole 2016, https://arxiv.org/abs/1611.01144;
Bengio, Léonard and Courville 2013, https://arxiv.org/abs/1308.3432
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zhnlp.generative.theory.estimators.estimate import (
    Function,
    GradientEstimate,
    check_draws,
    leave_one_out,
    score_function_samples,
    values_of,
)
from zhnlp.nn.gumbel import gumbel_max, gumbel_softmax, one_hot, straight_through

METHODS = (
    "reinforce",
    "reinforce_baseline",
    "reinforce_optimal",
    "loo",
    "gumbel",
    "st_gumbel",
    "st",
    "exact",
)


def grad_estimate(
    logits: Any, f: Function, method: str = "gumbel", n: int = 10_000, tau: float = 1.0, *, seed: int = 0
) -> GradientEstimate:
    """n estimates of the gradient of E[f(y)] in the logits.

    ===================  ============================================================================================
    reinforce            f(y) ∇ log p(y): unbiased, for any f
    reinforce_baseline   the same with E[f] taken off f
    reinforce_optimal    with the baseline of least variance taken off, E[f s²] / E[s²], s = ∇ log p
    loo                  with the mean of the other draws taken off
    gumbel               through softmax((logits + Gumbel noise) / tau): biased, the less the smaller tau
    st_gumbel            f sees the one-hot of that, the gradient passes as if it saw the soft one
    st                   f sees an exact sample, the gradient passes as if it saw softmax(logits)
    exact                the sum over all classes
    ===================  ============================================================================================

    Args:
        logits: (K,), unnormalised log-probabilities.
        f: rows (n, K), one-hot or relaxed, → (n,); gumbel and st differentiate it.
        method: of the table above.
        n: draws, ≥ 2.
        tau: temperature > 0 of gumbel and st_gumbel.
        seed: of the draws.

    Raises:
        ValueError: a shape, method, number of draws or temperature that cannot be.

    Example:
        >>> weights = torch.tensor([1.0, -1.0, 2.0, -2.0], dtype=torch.float64)
        >>> def f(y): return y @ weights
        >>> logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log()
        >>> grad_estimate(logits, f, "exact").mean
        tensor([ 0.1300, -0.1400,  0.6900, -0.6800], dtype=torch.float64)
        >>> bool(grad_estimate(logits, f, "gumbel").bias_norm > 5 * grad_estimate(logits, f, "loo").bias_norm)
        True

    Source: https://kexue.fm/archives/6705
    """
    check_draws(method, METHODS, n)
    logits = torch.as_tensor(logits, dtype=torch.float64).detach()
    if logits.ndim != 1 or len(logits) < 2 or not logits.isfinite().all():
        raise ValueError(
            f"logits got shape {tuple(logits.shape)}: expected (K,), finite log-probabilities of K ≥ 2 classes"
        )
    exact = exact_gradient(logits, f)
    if method == "exact":
        return GradientEstimate(exact.expand(n, -1), exact)
    random = torch.Generator().manual_seed(seed)
    if method in ("gumbel", "st_gumbel", "st"):
        return GradientEstimate(_pathwise(logits, f, method, n, tau, random), exact)
    drawn = one_hot(gumbel_max(logits.expand(n, -1), generator=random), logits)  # (n, K)
    with torch.no_grad():
        values = values_of(f, drawn)
    baseline = leave_one_out(values) if method == "loo" else _baseline(logits, f, method)
    return GradientEstimate(score_function_samples(values, drawn - logits.softmax(-1), baseline), exact)


def expectation(logits: Tensor, f: Function) -> Tensor:
    """E[f(y)], the sum over all K classes; differentiable in the logits (K,).

    Example:
        >>> expectation(torch.tensor([0.25, 0.75]).log(), lambda y: y[:, 0] * 8).item()
        2.0
    """
    return logits.softmax(-1) @ values_of(f, torch.eye(len(logits), dtype=logits.dtype))


def exact_gradient(logits: Tensor, f: Function) -> Tensor:
    """Of `expectation`, (K,): p (f - E[f]).

    Example:
        >>> exact_gradient(torch.zeros(2), lambda y: y[:, 0] * 8).tolist()
        [2.0, -2.0]
    """
    with torch.no_grad():
        p, values = logits.softmax(-1), values_of(f, torch.eye(len(logits), dtype=logits.dtype))
        return p * (values - p @ values)


def _pathwise(logits, f, method, n, tau, random) -> Tensor:
    """Gradients through a sample, (n, K); each row has logits of its own, so one backward pass gives all."""
    rows = logits.expand(n, -1).clone().requires_grad_()
    if method == "st":
        drawn = one_hot(gumbel_max(rows.detach(), generator=random), logits)
        y = straight_through(drawn, rows.softmax(-1))
    else:
        y = gumbel_softmax(rows, tau, hard=method == "st_gumbel", generator=random)
    return torch.autograd.grad(values_of(f, y).sum(), rows)[0]


def _baseline(logits: Tensor, f: Function, method: str) -> Tensor | float:
    if method == "reinforce":
        return 0.0
    with torch.no_grad():
        p, one_hots = logits.softmax(-1), torch.eye(len(logits), dtype=logits.dtype)
        values = values_of(f, one_hots)
        if method == "reinforce_baseline":
            return p @ values
        squares = (one_hots - p).square()  # (K, K): class drawn, logit
        return (p * values) @ squares / (p @ squares)
