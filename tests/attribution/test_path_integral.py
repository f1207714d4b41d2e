"""Integrated gradients of plain functions: by hand, exact where the theory says so, and beside captum.

Run: pytest tests/attribution/test_path_integral.py
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.attribution.gradients import gradient, gradient_x_input
from zhnlp.attribution.path_integral import (
    adaptive_integrated_gradients,
    integrated_gradients,
    path_points,
)


@given(st.integers(1, 30))
def test_n_points_are_exact_for_polynomials_up_to_degree_2n_minus_1(steps):
    places, weights = path_points(steps)
    assert ((places > 0) & (places < 1)).all() and weights.sum() == pytest.approx(1)
    degree = 2 * steps - 1
    assert weights @ places**degree == pytest.approx(1 / (degree + 1))


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 10**6))
def test_a_linear_score_gives_exactly_weight_times_difference(steps, seed):
    torch.manual_seed(seed)
    x, baseline, weight = torch.randn(5, 4), torch.randn(5, 4), torch.randn(5, 4)
    (share,) = integrated_gradients(lambda v: (v * weight).sum((1, 2)), [x], [baseline], steps=steps)
    assert share == pytest.approx((weight * (x - baseline)).double(), abs=1e-6)
    (same,) = gradient_x_input(lambda v: (v * weight).sum((1, 2)), [x], [torch.zeros(5, 4)])
    assert torch.equal(same, (weight.double() * x.double()))


def test_a_product_is_shared_by_hand():
    """F = x²y from (0, 0) to (1, 3): ∫ 2α·1·α·3 dα = 2 for x, ∫ α² dα · 3 = 1 for y."""
    (share,) = integrated_gradients(
        lambda v: v[:, 0] ** 2 * v[:, 1], [torch.tensor([1.0, 3.0])], [torch.zeros(2)], steps=2
    )
    assert share.tolist() == pytest.approx([2.0, 1.0])


def test_the_sign_is_kept_and_the_shares_sum_to_the_difference():
    x, baseline = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.0, 1.0, 0.5])

    def score(v):
        return (v[:, 0] * 2 - v[:, 1].exp() + v.prod(1)).tanh()

    (share,) = integrated_gradients(score, [x], [baseline], steps=50)
    difference = score(x[None]) - score(baseline[None])
    assert share.sum().item() == pytest.approx(difference.item(), rel=1e-5)
    assert share[2].item() == 0.0  # does not move
    (back,) = integrated_gradients(score, [baseline], [x], steps=50)
    assert back.tolist() == pytest.approx((-share).tolist(), abs=1e-6)


def test_several_inputs_go_along_the_path_together():
    a, b = torch.tensor([2.0]), torch.tensor([[3.0]])
    shares = integrated_gradients(
        lambda u, v: u[:, 0] * v[:, 0, 0], [a, b], [torch.zeros(1), torch.zeros(1, 1)], steps=1
    )
    assert [share.item() for share in shares] == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize("rows", [1, 3, 7, 50, 100])
def test_how_many_points_run_together_changes_nothing(rows):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x, baseline = torch.randn(6), torch.zeros(6)
    (whole,) = integrated_gradients(lambda v: net(v)[:, 0], [x], [baseline], steps=50)
    (parts,) = integrated_gradients(lambda v: net(v)[:, 0], [x], [baseline], steps=50, rows=rows)
    assert parts.tolist() == pytest.approx(whole.tolist(), abs=1e-7)
    assert all(value.grad is None for value in net.parameters())


def test_points_gather_where_the_score_jumps():
    """Twenty points in all miss a jump; pieces that are halved find it, and keep to the bound."""
    x, baseline = torch.tensor([1.0, 1.0, 0.0]), torch.zeros(3)

    def score(v):
        return (200 * (v.sum(1) - 0.617)).tanh()

    (rough,) = integrated_gradients(score, [x], [baseline], steps=20)
    (share,), used = adaptive_integrated_gradients(score, [x], [baseline], tolerance=0.001)
    assert abs(rough.sum().item() - 2) > 0.1 and 20 < used < 400
    assert share.tolist() == pytest.approx([1.0, 1.0, 0.0], abs=0.002)
    (summed,), same = adaptive_integrated_gradients(
        score, [x], [baseline], tolerance=0.001, reduce=lambda part: part.sum(-1)
    )
    assert same == used and summed.item() == pytest.approx(share.sum().item())
    _, few = adaptive_integrated_gradients(score, [x], [baseline], tolerance=0.0, most=100)
    assert few == 100
    (line,), once = adaptive_integrated_gradients(lambda v: v.sum(1), [x], [baseline], points=1)
    assert once == 1 and line.tolist() == [1.0, 1.0, 0.0]


def test_captum_gives_the_same():
    captum = pytest.importorskip("captum.attr", reason="captum is the oracle: pip install 'zhnlp[explain]'")
    torch.manual_seed(2)
    net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.GELU(), torch.nn.Linear(16, 3)).eval()
    x, baseline = torch.randn(6), torch.randn(6)
    for steps in (1, 5, 50):
        wanted = captum.IntegratedGradients(net).attribute(
            x[None], baseline[None], target=2, n_steps=steps, method="gausslegendre"
        )
        (share,) = integrated_gradients(lambda v: net(v)[:, 2], [x], [baseline], steps=steps)
        assert share.tolist() == pytest.approx(wanted[0].tolist(), abs=1e-5)


def test_the_slope_is_the_gradient_along_the_way_from_the_baseline():
    weight = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    x, baseline = torch.tensor([[5.0, 0.0], [0.0, -7.0]]), torch.zeros(2, 2)
    (slope,) = gradient(lambda v: (v * weight).sum((1, 2)), [x], [baseline])
    assert slope.tolist() == [3.0, 0.0]  # the second way has a right angle with its weight
    (other,) = gradient(lambda v: -(v * weight).sum((1, 2)), [2 * x], [baseline])
    assert other.tolist() == [-3.0, 0.0]  # neither the length nor the sign of the way is lost


def test_gradients_work_where_the_caller_has_switched_them_off():
    x = torch.tensor([1.0, 2.0])
    with torch.no_grad():
        (first,) = integrated_gradients(lambda v: (v**2).sum(1), [x], [torch.zeros(2)])
    with torch.inference_mode():
        (second,) = integrated_gradients(lambda v: (v**2).sum(1), [x], [torch.zeros(2)])
    assert first.tolist() == second.tolist() == pytest.approx([1.0, 4.0])


def test_refusals():
    x = torch.ones(2)
    with pytest.raises(ValueError, match="differ in shape"):
        integrated_gradients(lambda v: v.sum(1), [x], [torch.ones(3)])
    for steps in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match=r"steps=.*expected 1 or more"):
            integrated_gradients(lambda v: v.sum(1), [x], [x], steps=steps)
    with pytest.raises(ValueError, match=r"has the shape \(50, 2\): expected \(50,\)"):
        integrated_gradients(lambda v: v, [x], [x])
    with pytest.raises(ValueError, match="has no gradient"):
        integrated_gradients(lambda v: v.detach().sum(1), [x], [x])
    with pytest.raises(ValueError, match="score is nan or infinite"):
        integrated_gradients(lambda v: (v * np.nan).sum(1), [x], [x])
    with pytest.raises(ValueError, match="gradient is nan or infinite"):
        integrated_gradients(lambda v: (v * 0).sqrt().sum(1), [x], [x])
