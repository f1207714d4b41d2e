"""The two numbers of EM, from log p(x, y) as (n, K): the likelihood, and the bound beneath it.

With data p̃(x) and a free posterior q(y|x), KL(p̃(x) q(y|x) ‖ p(x, y)) is the entropy of the data with its sign turned,
minus the bound; KL(p̃(x) ‖ p(x)) is the same minus the log-likelihood.  So their difference is the mean of
KL(q(y|x) ‖ p(y|x)), which an E step makes 0; a step that lowers the joint KL then lowers the marginal one.

Source: https://kexue.fm/archives/5239
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp


def posterior(log_joint: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """q(y|x) in proportion to p(x, y)^β, (n, K); β = 1 is the posterior, which makes the bound an equality.

    Example:
        >>> posterior(np.log([[0.1, 0.3]])).round(2).tolist()
        [[0.25, 0.75]]
    """
    scaled = beta * log_joint
    return np.exp(scaled - logsumexp(scaled, axis=1, keepdims=True))


def log_likelihood(log_joint: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of log p(x) over the n rows, in nats a row.

    Example:
        >>> abs(log_likelihood(np.log([[0.1, 0.3]])) - float(np.log(0.4))) < 1e-12
        True
    """
    return _mean(logsumexp(log_joint, axis=1), weights)


def evidence_bound(
    log_joint: np.ndarray, responsibilities: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Mean of Σ_y q(y|x) (log p(x, y) − log q(y|x)), in nats a row: never above `log_likelihood`.

    Example:
        >>> joint = np.log([[0.1, 0.3]])
        >>> bool(evidence_bound(joint, np.array([[0.5, 0.5]])) < log_likelihood(joint))
        True
    """
    return _mean(_sum(responsibilities, log_joint), weights)


def posterior_kl(
    log_joint: np.ndarray, responsibilities: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Mean of KL(q(y|x) ‖ p(y|x)), in nats a row: what the bound lacks to the likelihood.

    Example:
        >>> joint, q = np.log([[0.1, 0.3]]), np.array([[0.5, 0.5]])
        >>> gap = log_likelihood(joint) - evidence_bound(joint, q)
        >>> round(gap - posterior_kl(joint, q), 12) + 0.0
        0.0
    """
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return -_mean(_sum(responsibilities, log_posterior), weights)


def _sum(q: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Σ_y q (logs − log q), where 0 log 0 is 0."""
    some = q > np.finfo(float).tiny  # smaller ones may have become 0 in a parameter
    terms = np.zeros(q.shape)
    terms[some] = q[some] * (logs[some] - np.log(q[some]))
    return terms.sum(1)


def _mean(rows: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(rows, weights=weights))
