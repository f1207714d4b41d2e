"""Penalties with slopes known by hand, points, clipped and normalised weights, and the traps of the published scripts.

Run: pytest tests/generative/gan/test_constraints.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from zhnlp.generative.gan.constraints import (
    R1,
    R2,
    DivPenalty,
    OneCentredPenalty,
    clip_weights,
    penalty,
    penalty_points,
    spectral_normalised,
    squared_gradient_norms,
)
from zhnlp.generative.gan.constraints.gradients import refuse_batch_norm
from zhnlp.generative.gan.constraints.points import POINTS

REAL, FAKE = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, -1.0]])


def bowl(x):
    """½ |x|², whose slope at x is x."""
    return x.square().sum(1) / 2


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (penalty("gp", weight=10, at="real"), 10 * (0 + 1) / 2),  # slopes 1, 2
        (penalty("gp", weight=10, at="fake"), 10 * (4 + 0) / 2),  # slopes 3, 1
        (penalty("gp-one-sided", weight=10, at="fake"), 10 * (2 + 0) / 2),
        (penalty("gp0", weight=1, at="both"), (1 + 4 + 9 + 1) / 4),
        (R1(2.0), (1 + 4) / 2),
        (R2(2.0), (9 + 1) / 2),
        (penalty("div", k=2, p=6, at="both"), 2 * (1 + 64 + 729 + 1) / 4),
        (penalty("div", k=0.5, p=3, at="real"), 0.5 * (1 + 8) / 2),
    ],
    ids=repr,
)
def test_penalties_with_norms_by_hand(made, value):
    assert made(bowl, REAL, FAKE).item() == pytest.approx(value, rel=1e-5)


def test_div_at_both_is_the_formula_of_the_script():
    """k/2 · (mean at real + mean at fake), (Σ grad²)^{p/2}."""
    script = 2 / 2 * (bowl(REAL).mul(2).pow(3).mean() + bowl(FAKE).mul(2).pow(3).mean())
    assert DivPenalty(2, 6, "both")(bowl, REAL, FAKE).item() == pytest.approx(script.item(), rel=1e-5)


@given(st.floats(0.1, 3), st.floats(0.2, 4), st.floats(1.5, 8))
def test_the_best_slope_of_div_is_where_the_objective_is_highest(distance, k, p):
    best = DivPenalty(k, p).best_slope(distance)
    value = lambda s: s * distance - k * s**p  # noqa: E731
    assert value(best) >= max(value(best * 1.01), value(best * 0.99))


def test_flat_critics_give_finite_gradients():
    critic = nn.Linear(2, 1)
    nn.init.zeros_(critic.weight)
    for name in ("gp", "gp-one-sided", "gp0", "div"):
        critic.zero_grad()
        penalty(name)(critic, REAL, FAKE).backward()
        assert critic.weight.grad.isfinite().all()


def test_slopes_are_those_of_each_row_alone():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 1))
    x = torch.randn(5, 3)
    alone = torch.cat([squared_gradient_norms(critic, row[None]) for row in x])
    assert torch.allclose(squared_gradient_norms(critic, x), alone, atol=1e-6)


def test_batch_norm_makes_slopes_of_rows_mean_nothing():
    """Trap of the scripts of 4439 and 6139: a row's slope then hangs on the other rows."""
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.randn(5, 3)
    with_others = squared_gradient_norms(critic, x)[:3]
    assert not torch.allclose(with_others, squared_gradient_norms(critic, x[:3]), rtol=0.05)
    with pytest.raises(ValueError, match=r"layer '1' is a BatchNorm1d.*LayerNorm"):
        refuse_batch_norm(critic)
    refuse_batch_norm(nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.GroupNorm(1, 2)))


# points --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", POINTS)
def test_points_have_shape_and_place(at):
    torch.manual_seed(0)
    real = torch.rand(50, 2)
    fake = 10 + torch.rand(50, 2)
    points = penalty_points(real.requires_grad_(), fake, at)
    assert points.shape == ((100, 2) if at == "both" else (50, 2))
    assert not points.requires_grad
    low, high = points.min().item(), points.max().item()
    assert low >= (10 if at in ("fake", "fake-fake") else 0)
    assert high <= (1 if at in ("real", "real-real") else 11)
    if at in ("interp", "mixed"):
        assert ((points > 1) & (points < 10)).any()


def test_interpolates_lie_on_the_line_of_their_rows():
    torch.manual_seed(0)
    points = penalty_points(torch.zeros(6, 2, 2), torch.arange(6.0)[:, None, None].expand(6, 2, 2))
    assert (points == points[:, :1, :1]).all()  # one share a row
    assert ((points[:, 0, 0] >= 0) & (points[:, 0, 0] <= torch.arange(6.0))).all()


def test_points_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="at got 'middle'"):
        OneCentredPenalty(at="middle")
    with pytest.raises(ValueError, match="one row beside the other"):
        penalty_points(REAL, FAKE[:1])
    with pytest.raises(ValueError, match="weight got -1"):
        penalty("gp", weight=-1)
    with pytest.raises(ValueError, match=r"'gpo'.*try 'gp'"):
        penalty("gpo")
    with pytest.raises(ValueError, match="does not take gamma"):
        penalty("gp", gamma=1)
    with pytest.raises(ValueError, match="one score a row"):
        squared_gradient_norms(lambda x: x, REAL)


# weights -------------------------------------------------------------------------------------------------------------


def largest(layer: nn.Module) -> float:
    return torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item()


def test_every_layer_has_spectral_norm_1_after_20_passes():
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(144, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 1),
    )
    spectral_normalised(critic)
    for _ in range(20):
        critic(torch.zeros(1, 1, 8, 8))
    assert all(0.99 < largest(critic[number]) < 1.01 for number in (0, 3, 5))


def test_a_restart_from_ones_misses_singular_vectors_orthogonal_to_ones():
    """Trap of the script of 6051: five iterations from a vector of ones at every step."""
    weight = torch.diag(torch.tensor([1.0, 1.0, 1.0, 1.0]))
    odd = torch.tensor([1.0, -1.0, 1.0, -1.0]) / 2
    weight = weight + 4 * torch.outer(odd, odd)  # largest singular value 5, at a vector orthogonal to ones
    v = torch.ones(4)
    for _ in range(5):
        v = nn.functional.normalize(weight @ v, dim=0)
    assert (weight @ v).norm().item() == pytest.approx(1.0)
    layer = nn.Linear(4, 4, bias=False)
    layer.weight.data.copy_(weight)
    torch.manual_seed(0)
    spectral_normalised(layer)
    for _ in range(20):
        layer(torch.zeros(1, 4))
    assert 0.99 < largest(layer) < 1.01


def test_a_scaled_critic_is_steeper_by_the_scale():
    torch.manual_seed(0)
    critic = spectral_normalised(nn.Sequential(nn.Linear(1, 1)), scale=4.0)
    critic(torch.zeros(1, 1))
    assert squared_gradient_norms(critic, torch.zeros(1, 1)).item() == pytest.approx(16.0, rel=1e-4)


def test_clipping_puts_every_parameter_into_the_box():
    torch.manual_seed(0)
    layer = clip_weights(nn.Linear(50, 3), 0.05)
    assert layer.weight.abs().max().item() == pytest.approx(0.05)
    with pytest.raises(ValueError, match="limit got 0"):
        clip_weights(layer, 0)


def test_what_cannot_be_normalised_is_refused():
    with pytest.raises(ValueError, match="no linear or convolutional layer"):
        spectral_normalised(nn.ReLU())
    with pytest.raises(ValueError, match="scale got 0"):
        spectral_normalised(nn.Linear(1, 1), scale=0)
