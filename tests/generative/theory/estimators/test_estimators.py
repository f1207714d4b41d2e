"""Estimators of gradients: bias and variance by hand, by torch, and as the spec states them.

Run: pytest tests/generative/theory/estimators/test_estimators.py
"""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.theory.estimators import (
    bias_variance_table,
    exact_gradient,
    expectation,
    gaussian_grad_estimate,
    grad_estimate,
    temperature_curve,
)
from zhnlp.generative.theory.estimators.categorical import METHODS
from zhnlp.generative.theory.estimators.gaussian import METHODS as GAUSSIAN_METHODS

P = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, -1.0, 2.0, -2.0], dtype=torch.float64)
UNBIASED = ["reinforce", "reinforce_baseline", "reinforce_optimal", "loo"]


def linear(y):
    return y @ WEIGHTS


def bent(y):
    return (y @ WEIGHTS - 0.5).square()


def parabola(z):
    return (z - 2) ** 2


# Gaussian: E[(z - 2)²] at μ = 0, σ = 1 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "variance"),
    [
        ("reinforce", 87),
        ("reinforce_baseline", 42),
        ("reinforce_optimal", 38),
        ("loo", 42),
        ("reparameterised", 4),
        ("exact", 0),
    ],
)
def test_every_estimator_gives_minus_four_with_its_variance(method, variance):
    """By hand with the moments 1, 3, 15 of the normal distribution: E[(z-2)⁴ z²] - 16 = 103 - 16, and so on."""
    estimate = gaussian_grad_estimate(0.0, 1.0, parabola, method, 400_000)
    assert estimate.exact.tolist() == pytest.approx([-4, 2], rel=1e-12)
    assert estimate.mean[0].item() == pytest.approx(-4, abs=0.05)
    assert estimate.variance[0].item() == pytest.approx(variance, rel=0.05, abs=1e-12)


def test_score_function_varies_fifteen_times_as_much():
    score, path = (
        gaussian_grad_estimate(0.0, 1.0, parabola, method, 100_000)
        for method in ("reinforce", "reparameterised")
    )
    assert score.variance[0] / path.variance[0] > 15


def test_where_f_oscillates_the_score_function_varies_less():
    """The post's "usually" has counter-examples: of sin 20z, f' has variance near 200 and f s near 1/2."""
    score, path = (
        gaussian_grad_estimate(0.0, 1.0, lambda z: (20 * z).sin(), method)
        for method in ("reinforce", "reparameterised")
    )
    assert path.variance[0] > 100 * score.variance[0]


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.2, 3), st.lists(st.floats(-2, 2), min_size=1, max_size=5))
def test_exact_gaussian_gradient_of_polynomials(mean, std, coefficients):
    """E[z^k] by the recursion m(k) = μ m(k-1) + (k-1) σ² m(k-2), differentiated by torch."""
    mu, sigma = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (mean, std))
    moments = [torch.ones((), dtype=torch.float64), mu]
    for k in range(2, len(coefficients) + 1):
        moments.append(mu * moments[-1] + (k - 1) * sigma**2 * moments[-2])
    expected = sum(c * moment for c, moment in zip(coefficients, moments[1:]))
    gradient = torch.stack(torch.autograd.grad(expected + 0 * sigma, (mu, sigma)))

    def f(z):
        return sum(c * z ** (k + 1) for k, c in enumerate(coefficients))

    ours = gaussian_grad_estimate(mean, std, f, "exact", 2)
    assert torch.allclose(ours.exact, gradient, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("method", GAUSSIAN_METHODS)
def test_gaussian_estimators_are_unbiased_in_both_parameters(method):
    estimate = gaussian_grad_estimate(0.5, 0.7, lambda z: z.exp() + z.sin(), method, 100_000, seed=1)
    assert (estimate.bias.abs() <= 4 * estimate.standard_error + 1e-12).all()


# categorical --------------------------------------------------------------------------------------------------


def test_exact_gradient_by_hand_and_by_autograd():
    """p (f - E f) with E f = .1 - .2 + .6 - .8 = -.3."""
    assert exact_gradient(P.log(), linear).tolist() == pytest.approx([0.13, -0.14, 0.69, -0.68])
    logits = torch.randn(5, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(5, dtype=torch.float64)
    gradient = torch.autograd.grad(expectation(logits, lambda y: (y @ scores).exp()), logits)[0]
    assert torch.allclose(exact_gradient(logits, lambda y: (y @ scores).exp()), gradient)


@pytest.mark.parametrize("f", [linear, bent], ids=["linear", "bent"])
@pytest.mark.parametrize("method", UNBIASED)
def test_score_function_estimators_are_unbiased(method, f):
    """Spec: the bias of REINFORCE is below 0.02."""
    estimate = grad_estimate(P.log(), f, method, 200_000)
    assert (estimate.bias.abs() <= 4 * estimate.standard_error).all()
    assert estimate.bias_norm < 0.02 * (1 if f is linear else 5)


def test_bias_of_gumbel_falls_and_variance_rises_as_tau_falls():
    curve = temperature_curve(P.log(), linear, [1.0, 0.5, 0.1], n=200_000)
    assert (curve.bias.diff() < 0).all() and (curve.variance.diff() > 0).all()
    assert curve.bias.tolist() == pytest.approx([0.344, 0.136, 0.018], abs=0.01)
    assert curve.variance.tolist() == pytest.approx([0.163, 0.834, 8.55], rel=0.03)
    assert curve.best(1) == 1.0 and curve.best(1_000_000) == 0.1


def test_variance_of_reinforce_by_enumeration_and_the_order_of_baselines():
    values, scores = WEIGHTS, torch.eye(4, dtype=torch.float64) - P
    gradients = values[:, None] * scores  # (4, 4), with chance P
    by_hand = (P @ gradients.square() - (P @ gradients).square()).sum().item()
    variances = [grad_estimate(P.log(), linear, method, 200_000).total_variance for method in UNBIASED]
    assert variances[0] == pytest.approx(by_hand, rel=0.02)
    assert variances[2] == min(variances) and variances[3] == pytest.approx(variances[1], rel=0.02)
    shifted = [
        grad_estimate(P.log(), lambda y: linear(y) + 10, method, 20_000).total_variance for method in UNBIASED
    ]
    assert shifted[0] > 20 * shifted[1]


def test_straight_through_of_a_linear_function_is_exact_and_of_a_bent_one_biased():
    """The Jacobian of softmax times the weights does not depend on the draw: p (w - E w)."""
    estimate = grad_estimate(P.log(), linear, "st", 100)
    assert (
        torch.allclose(estimate.samples, estimate.exact.expand(100, -1)) and estimate.total_variance < 1e-20
    )
    assert grad_estimate(P.log(), bent, "st", 50_000).bias_norm > 0.1


def test_straight_through_gradient_by_hand():
    """f = (w·y)² at the drawn class c has ∇f = 2 w_c w; through softmax: p (v - p·v), v = ∇f."""
    estimate = grad_estimate(P.log(), lambda y: linear(y).square(), "st", 500)
    slopes = 2 * WEIGHTS[:, None] * WEIGHTS  # a row a class drawn
    expected = P * (slopes - (slopes @ P)[:, None])
    distances = (estimate.samples[:, None] - expected).norm(dim=-1)
    assert distances.amin(1).max() < 1e-12
    shares = distances.argmin(1).bincount(minlength=4) / 500
    assert torch.allclose(shares.double(), P, atol=0.08)


def test_st_gumbel_is_the_gradient_of_torch():
    """f sees the one-hot sample; the gradient of the soft one passes: F.gumbel_softmax(hard=True) is the oracle."""
    estimate = grad_estimate(P.log(), bent, "st_gumbel", 5, 0.7, seed=3)
    torch.manual_seed(3)
    rows = P.log().expand(5, -1).clone().requires_grad_()
    y = torch.nn.functional.gumbel_softmax(rows, 0.7, hard=True)
    assert torch.allclose(estimate.samples, torch.autograd.grad(bent(y).sum(), rows)[0])


@pytest.mark.parametrize("method", METHODS)
def test_gradients_of_all_logits_sum_to_zero_and_seeds_repeat(method):
    """Adding a constant to every logit changes nothing."""
    one, two = (grad_estimate(P.log(), bent, method, 50, 0.5, seed=7) for _ in range(2))
    assert torch.equal(one.samples, two.samples)
    if method != "reinforce_optimal":  # whose baseline differs from logit to logit
        assert torch.allclose(one.samples.sum(1), torch.zeros(50, dtype=torch.float64), atol=1e-10)
    if method != "exact":
        assert not torch.equal(one.samples, grad_estimate(P.log(), bent, method, 50, 0.5, seed=8).samples)


def test_table_has_a_row_for_each():
    rows = bias_variance_table({name: grad_estimate(P.log(), linear, name, 1000) for name in ("st", "loo")})
    assert [row["method"] for row in rows] == ["st", "loo"]
    assert rows[0]["bias"] < 1e-12 and rows[1]["variance"] > 0.1
    assert rows[1]["noise"] == pytest.approx(math.sqrt(rows[1]["variance"] / 1000))


# refusals ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"expected one of reinforce, .*exact"):
        grad_estimate(P.log(), linear, "rebar")
    with pytest.raises(ValueError, match=r"expected one of reinforce, .*exact"):
        gaussian_grad_estimate(0.0, 1.0, parabola, "gumbel")
    with pytest.raises(ValueError, match="n got 1"):
        grad_estimate(P.log(), linear, n=1)
    with pytest.raises(ValueError, match=r"logits got shape \(1, 4\)"):
        grad_estimate(P.log()[None], linear)
    with pytest.raises(ValueError, match="Likely a mean over the batch"):
        grad_estimate(P.log(), lambda y: linear(y).mean())
    with pytest.raises(ValueError, match="f gave float"):
        gaussian_grad_estimate(0.0, 1.0, lambda z: 1.0)
    with pytest.raises(ValueError, match="std 0"):
        gaussian_grad_estimate(0.0, 0.0, parabola)
    with pytest.raises(ValueError, match="tau got 0"):
        grad_estimate(P.log(), linear, tau=0.0)
    with pytest.raises(ValueError, match="which have a temperature"):
        temperature_curve(P.log(), linear, [1.0], method="st")
    with pytest.raises(ValueError, match="taus got none"):
        temperature_curve(P.log(), linear, [])
