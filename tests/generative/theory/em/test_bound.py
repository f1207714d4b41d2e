"""Likelihood, bound and the KL between them, by hand and for any numbers.

Run: pytest tests/generative/theory/em/test_bound.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.generative.theory.em import evidence_bound, log_likelihood, posterior, posterior_kl


def test_by_hand():
    joint, q = np.log([[0.1, 0.3], [0.2, 0.2]]), np.array([[0.5, 0.5], [1.0, 0.0]])
    assert log_likelihood(joint) == pytest.approx(np.log(0.4))
    assert evidence_bound(joint, q) == pytest.approx((0.5 * np.log(0.2 * 0.6) + np.log(0.2)) / 2)
    assert posterior_kl(joint, q) == pytest.approx((0.5 * np.log(2 * 2 / 3) + np.log(2)) / 2)
    assert posterior(joint) == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert posterior(joint, 0.5)[0, 1] == pytest.approx(3**0.5 / (1 + 3**0.5))


def test_weights_are_repetitions():
    joint = np.log([[0.1, 0.3], [0.2, 0.5]])
    assert log_likelihood(joint, np.array([3, 1])) == pytest.approx(log_likelihood(joint[[0, 0, 0, 1]]))


def test_an_impossible_choice_without_responsibility_counts_nothing():
    with np.errstate(divide="ignore"):
        joint = np.log([[0.4, 0.0]])
    q = np.array([[1.0, 0.0]])
    assert evidence_bound(joint, q) == log_likelihood(joint) == pytest.approx(np.log(0.4))
    assert posterior_kl(joint, q) == 0


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 10_000))
def test_joint_kl_minus_marginal_kl_is_the_posterior_kl(n, count, seed):
    random = np.random.default_rng(seed)
    joint, q = random.normal(0, 5, (n, count)), random.dirichlet(np.full(count, 0.3), n)
    gap = log_likelihood(joint) - evidence_bound(joint, q)
    assert gap >= -1e-12
    assert gap == pytest.approx(posterior_kl(joint, q), abs=1e-10)
    assert evidence_bound(joint, posterior(joint)) == pytest.approx(log_likelihood(joint), abs=1e-10)
