"""Losses against classes: formulas in numpy, by hand, half precision, gradients, refusals.

Run: pytest tests/nn/losses/test_class_losses.py
"""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from zhnlp.nn.losses.a_softmax import a_softmax
from zhnlp.nn.losses.am_softmax import am_softmax
from zhnlp.nn.losses.arcface import arcface
from zhnlp.nn.losses.margin_softmax import margin_softmax
from zhnlp.nn.losses.norm_softmax import norm_softmax
from zhnlp.nn.losses.simpler_a_softmax import simpler_a_softmax


def sphereface(theta, m):
    """The pieces of the paper, by the angle."""
    k = min(math.floor(theta * m / math.pi), m - 1)
    return (-1) ** k * math.cos(m * theta) - 2 * k


def additive_angle(theta, m=0.5):
    if theta <= math.pi - m:
        return math.cos(theta + m)
    return math.cos(theta) - m * math.sin(m)


FAMILY = {
    "norm": (norm_softmax, math.cos),
    "am": (am_softmax, lambda theta: math.cos(theta) - 0.35),
    "arc": (arcface, additive_angle),
    "a": (a_softmax, lambda theta: sphereface(theta, 4)),
    "a, 3": (partial(a_softmax, margin=3), lambda theta: sphereface(theta, 3)),
    "a, blended": (
        partial(a_softmax, blend=5.0),
        lambda theta: (5 * math.cos(theta) + sphereface(theta, 4)) / 6,
    ),
    "simpler a": (simpler_a_softmax, lambda theta: min(math.cos(4 * theta), math.cos(theta))),
}
COSINE = st.floats(-1, 1, width=32)


def explicit(cos, target, psi, scale):
    """The formula of the post, row by row: -log(e^{sψ} / (e^{sψ} + Σ e^{s cos}))."""
    losses = []
    for row, right in zip(np.asarray(cos, float), target):
        top = scale * psi(math.acos(np.clip(row[right], -1, 1)))
        rest = scale * np.delete(row, right)
        losses.append(np.log1p(np.exp(rest - top).sum()))
    return np.mean(losses)


def batch(rows=16, classes=7, dtype=torch.float64):
    torch.manual_seed(0)
    return torch.rand(rows, classes, dtype=dtype) * 1.96 - 0.98, torch.randint(classes, (rows,))


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("scale", [1.0, 30.0, 64.0])
def test_it_is_the_explicit_formula(name, scale):
    loss, psi = FAMILY[name]
    cos, target = batch()
    expected = explicit(cos.numpy(), target.tolist(), psi, scale)
    assert loss(cos, target, scale=scale).item() == pytest.approx(expected, rel=1e-9)
    assert loss(cos.float(), target, scale=scale).item() == pytest.approx(expected, rel=1e-5)


def test_am_softmax_is_the_one_hot_formula():
    cos, target = batch(dtype=torch.float32)
    one_hot = np.eye(7)[target.numpy()]
    logits = 30 * (cos.numpy().astype(float) - 0.35 * one_hot)
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log((chance * one_hot).sum(1)).mean()
    assert am_softmax(cos, target).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("right", [1.0, -1.0, 0.0, 0.5])
@pytest.mark.parametrize("others", [1.0, 0.0, -1.0])
def test_loss_and_gradient_are_finite_at_the_ends_in_half_precision(name, dtype, right, others):
    loss, psi = FAMILY[name]
    cos = torch.full((2, 10), others, dtype=dtype)
    cos[:, 3] = right
    cos.requires_grad_()
    target = torch.tensor([3, 3])
    found = loss(cos, target, scale=64.0)
    found.backward()
    expected = explicit(cos.detach().float().numpy(), [3, 3], psi, 64.0)
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-6) and found >= 0
    assert cos.grad.dtype == dtype and cos.grad.isfinite().all()


def test_the_reference_of_the_post_fails_where_this_holds():
    cos = torch.tensor([[1.0] + [-1.0] * 9])
    scores = torch.cat([64 * cos, 64 * (cos[:, :1] - 0.5)], 1)
    total = scores.logsumexp(1)
    reference = (total + (1 - (64 * cos[:, 0] - total).exp()).log() - 64 * (cos[:, 0] - 0.5)).mean()
    ours = am_softmax(cos, torch.tensor([0]), margin=0.5, scale=64.0)
    assert not reference.isfinite() and 0 <= ours < 1e-6


@pytest.mark.parametrize("name", FAMILY)
def test_gradients_are_the_numerical_ones(name):
    loss, _ = FAMILY[name]
    cos, target = batch(rows=5)
    assert gradcheck(lambda value: loss(value, target, scale=8.0), cos.requires_grad_())


@pytest.mark.parametrize("name", FAMILY)
@given(right=COSINE, other=COSINE)
def test_no_loss_is_below_that_without_a_margin(name, right, other):
    cos, target = torch.tensor([[right, other]], dtype=torch.float64), torch.tensor([0])
    assert FAMILY[name][0](cos, target) >= norm_softmax(cos, target) - 1e-12


@pytest.mark.parametrize("name", ["norm", "am", "arc", "a", "a, 3"])
def test_what_counts_falls_with_the_angle(name):
    cos = torch.linspace(-1, 1, 201, dtype=torch.float64)
    losses = [FAMILY[name][0](torch.stack([one, one * 0])[None], torch.tensor([0]), scale=1.0) for one in cos]
    assert torch.stack(losses).diff().max() < 0


def test_without_a_margin_they_are_softmax():
    cos, target = batch()
    plain = norm_softmax(cos, target)
    for loss in (
        partial(am_softmax, margin=0.0),
        partial(arcface, margin=0.0),
        partial(a_softmax, margin=1),
        partial(margin_softmax, psi=lambda right: right),
    ):
        torch.testing.assert_close(loss(cos, target), plain)


def test_under_autocast_it_counts_in_float32():
    cos, target = batch(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        under = [loss(cos, target) for loss, _ in FAMILY.values()]
    torch.testing.assert_close(under, [loss(cos, target) for loss, _ in FAMILY.values()])


@pytest.mark.parametrize(
    ("cos", "target", "message"),
    [
        (torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), r"cos is \(0, 3\)"),
        (torch.zeros(2, 3), torch.tensor([0]), r"target \(1,\)"),
        (torch.zeros(2, 3), torch.tensor([0.0, 1.0]), "of torch.float32"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), r"target has 0 to 3: expected classes in \[0, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused(cos, target, message):
    with pytest.raises(ValueError, match=message):
        am_softmax(cos, target)


def test_margins_out_of_range_are_refused():
    cos, target = batch()
    with pytest.raises(ValueError, match=r"margin=28.6: expected radians .* math.radians"):
        arcface(cos, target, margin=28.6)
    with pytest.raises(ValueError, match=r"margin=1\.5"):
        a_softmax(cos, target, margin=1.5)
    with pytest.raises(ValueError, match="blend=-1"):
        a_softmax(cos, target, blend=-1)
