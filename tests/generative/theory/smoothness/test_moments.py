"""Second moments, and the learning rates that they allow: the spec's figures on digits, the bound, refusals.

Run: pytest tests/generative/theory/smoothness/test_moments.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from zhnlp.generative.theory.smoothness import (
    MeanOnlyBatchNorm,
    SoftmaxRegression,
    largest_stable_lr,
    moment_report,
    second_moment,
    top_eigenvalue,
)
from zhnlp.generative.theory.smoothness.moments import centred, standardised


def digits(count=None):
    x, y = load_digits(return_X_y=True)
    return torch.from_numpy(x)[:count], torch.from_numpy(y)[:count]


def rows(seed, count=40, features=3, shift=1.0):
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed)).double() + shift


# the spec's figures ---------------------------------------------------------------------------------------------


def test_moments_of_digits():
    """Spec: 2676.6, 178.9, 7.34; sums of absolute entries 98,897 and 10,207; raw / centred ≥ 10."""
    report = moment_report(digits()[0])
    assert report.raw.eigenvalue == pytest.approx(2676.6, abs=0.1)
    assert report.centred.eigenvalue == pytest.approx(178.9, abs=0.1)
    assert report.standardised.eigenvalue == pytest.approx(7.34, abs=0.01)
    assert report.raw.absolute_sum == pytest.approx(98_897, abs=1)
    assert report.centred.absolute_sum == pytest.approx(10_207, rel=1e-3)
    assert report.gain >= 10


@pytest.mark.slow
def test_centring_digits_allows_eight_times_the_learning_rate():
    """Spec: the largest stable lr is 2/λ within 5 % on raw and on centred digits, and centring gives ≥ 8 times it."""
    x, y = digits()
    found = []
    for inputs in (x, centred(x)):
        loss = SoftmaxRegression(inputs, y)
        minimum = loss.minimum()
        expected = 2 / torch.linalg.eigvalsh(loss.hessian(minimum))[-1].item()
        found.append(largest_stable_lr(loss, minimum, steps=150, precision=0.02))
        assert found[-1] == pytest.approx(expected, rel=0.05)
    assert found[1] >= 8 * found[0]


def test_the_same_on_fewer_digits_and_pixels():
    x, y = digits(150)
    x = x[:, 18:30]
    limits = []
    for inputs in (x, centred(x)):
        loss = SoftmaxRegression(inputs, y)
        limits.append(largest_stable_lr(loss, loss.minimum(), steps=150, precision=0.02))
        hessian = loss.hessian(loss.minimum())
        assert limits[-1] == pytest.approx(2 / torch.linalg.eigvalsh(hessian)[-1].item(), rel=0.05)
    assert limits[1] > 3 * limits[0]


# what the post proves ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_gradient_of_a_layer_is_bounded_by_the_second_moment(seed, shift):
    """|E[λ x]| ≤ sqrt(E[λ²]) sqrt(|E[x ⊗ x]|₁), and the greatest eigenvalue is no more than |·|₁."""
    x = rows(seed, shift=shift)
    weights = rows(seed + 1, features=1)
    moment = second_moment(x)
    bound = weights.square().mean().sqrt() * moment.absolute_sum**0.5
    assert (weights * x).mean(0).norm() <= bound * (1 + 1e-12)
    assert moment.eigenvalue <= moment.absolute_sum * (1 + 1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_no_other_shift_has_a_much_smaller_moment_than_the_mean(seed):
    x = rows(seed, count=500, features=4)
    at_mean = second_moment(centred(x))
    for shift in rows(seed + 1, count=20, features=4, shift=0.0):
        other = second_moment(centred(x) - shift)
        assert other.eigenvalue >= at_mean.eigenvalue - 1e-9
        assert other.absolute_sum >= 0.97 * at_mean.absolute_sum


def test_standardised_features_have_variance_one_or_none():
    x = torch.cat([rows(0), torch.full((40, 1), 7.0)], 1)
    assert torch.allclose(standardised(x).square().mean(0), torch.tensor([1.0, 1, 1, 0]).double())


# softmax regression: torch is the oracle ----------------------------------------------------------------------------


def test_gradient_and_hessian_are_autograds():
    x, y = digits(30)
    loss = SoftmaxRegression(x[:, 20:24] / 16, y)
    w = torch.randn(loss.size, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(loss.gradient(w.detach()), torch.autograd.grad(loss(w), w)[0], atol=1e-12)
    oracle = torch.autograd.functional.hessian(loss, w.detach())
    assert torch.allclose(loss.hessian(w.detach()), oracle, atol=1e-12)
    top = top_eigenvalue(lambda: loss(w), [w])
    assert top.value == pytest.approx(torch.linalg.eigvalsh(oracle)[-1].item(), rel=1e-6)


def test_at_zero_the_curvature_is_a_tenth_of_the_second_moment():
    """p = 1/10 for all classes: the Hessian is E[x xᵀ] ⊗ (I/10 - 1/100), with 1/10 as its greatest factor."""
    x, y = digits()
    with_bias = torch.cat([x, torch.ones(len(x), 1).double()], 1)
    loss = SoftmaxRegression(x, y, weight_decay=1e-9)
    w = torch.zeros(loss.size, dtype=torch.float64, requires_grad=True)
    found = top_eigenvalue(lambda: loss(w), [w]).value
    assert found == pytest.approx(second_moment(with_bias).eigenvalue / 10, rel=1e-6)


def test_stable_learning_rate_of_quadratics():
    spectrum = torch.tensor([0.5, 3.0, 40.0], dtype=torch.float64)
    found = largest_stable_lr(lambda w: (spectrum * w * w).sum() / 2, torch.zeros(3).double(), precision=1e-3)
    assert found == pytest.approx(2 / 40, rel=2e-2)


# the layer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 5), (6, 4, 5, 3)])
def test_mean_only_norm_has_the_running_mean_of_torch(shape):
    ours = MeanOnlyBatchNorm(4)
    theirs = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d}[len(shape)](4)
    others = [axis for axis in range(len(shape)) if axis != 1]
    for seed in range(3):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 2
        assert ours(x).mean(others).abs().max() < 1e-6
        assert torch.allclose(ours(x) + x.mean(others, keepdim=True), x, atol=1e-6)
    ours = MeanOnlyBatchNorm(4)
    for seed in range(3):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 2
        ours(x), theirs(x)
    assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-6)
    ours.eval()
    assert torch.allclose(
        x - ours(x), ours.running_mean.view(-1, *[1] * (len(shape) - 2)).expand_as(x), atol=1e-6
    )


# refusals ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"expected \(N, D\)"):
        second_moment(torch.zeros(2, 3, 4))
    with pytest.raises(ValueError, match="weight_decay got 0"):
        SoftmaxRegression(torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64), weight_decay=0)
    with pytest.raises(ValueError, match=r"expected \(N, D\) and \(N,\)"):
        SoftmaxRegression(torch.zeros(2, 2), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match="precision 2"):
        largest_stable_lr(lambda w: w.sum(), torch.zeros(1), precision=2)
    with pytest.raises(RuntimeError, match="Likely a saddle"):
        largest_stable_lr(lambda w: -(w * w).sum(), torch.zeros(1).double(), steps=20)
    with pytest.raises(RuntimeError, match="a loss that curves"):
        largest_stable_lr(lambda w: 0 * w.sum(), torch.zeros(1).double(), steps=2)
    with pytest.raises(ValueError, match="features 0"):
        MeanOnlyBatchNorm(0)
    with pytest.raises(ValueError, match=r"expected \(B, 4\)"):
        MeanOnlyBatchNorm(4)(torch.zeros(2, 3))
