"""Paths and eigenvalues: every row of the spec's table, and what the linear theory says.

Run: pytest tests/generative/theory/dirac_gan/test_dynamics.py
"""

import cmath
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.theory.dirac_gan import DiracGAN, DiracTrajectory, moving_average
from zhnlp.generative.theory.dirac_gan.f_divergences import F_LOSSES


def energy(path):
    return path.critic.square().sum(-1) + path.generator.square().sum(-1)


# the measured table (start radius 0.2236) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gan", "T", "low", "high"),
    [
        (DiracGAN("vanilla"), 100, 0.134, 0.2225),
        (DiracGAN("wgan-normalised"), 10, 0.05, 0.4),
        (DiracGAN("wgan", "gp(1)"), 40, 0.998, 1.002),
        (DiracGAN("wgan", "gp(0)"), 40, 0.0, 1e-4),
        (DiracGAN("qp"), 40, 0.16, 0.18),
        (DiracGAN("qp", "l2", weight=0.1), 70, 0.005, 0.008),
    ],
    ids=["vanilla", "wgan normalised", "gp(1)", "gp(0)", "qp", "qp + l2"],
)
def test_radius_over_the_last_tenth_is_that_of_the_spec(gan, T, low, high):
    path = gan.trajectory(T, lr=0.05)
    assert path.radius[0].item() == pytest.approx(0.2236, abs=1e-4)
    least, greatest = path.radius_range()
    assert low <= least <= greatest <= high


def test_wgan_is_a_harmonic_oscillator():
    path = DiracGAN("wgan").trajectory(10)
    least, greatest = path.radius_range(1.0)
    assert (least, greatest) == (pytest.approx(0.1, abs=1e-3), pytest.approx(0.3, abs=1e-3))
    t = path.times[:, None]
    assert torch.allclose(path.generator, path.generator[0] * t.cos() + path.critic[0] * t.sin(), atol=1e-6)
    assert torch.allclose(energy(path), energy(path)[:1], rtol=1e-6)


def test_moving_average_comes_nearer_than_the_orbit():
    path = DiracGAN("vanilla").trajectory(200, ema_decay=0.999)
    assert path.average_radius[-1].item() == pytest.approx(0.037, abs=0.002)
    assert path.radius_range()[1] == pytest.approx(0.197, abs=0.002)


def test_one_centred_penalty_has_a_limit_cycle_from_inside_and_outside():
    for start in ([0.1, 0.2, 0.2, 0.1], [2.0, 0.0, 0.3, 2.0]):
        path = DiracGAN("wgan", "gp(1)").trajectory(40, lr=0.1, start=start)
        assert path.radius_range() == (pytest.approx(1, abs=4e-3), pytest.approx(1, abs=4e-3))
        assert path.critic[-1].norm().item() == pytest.approx(1, abs=4e-3)


@pytest.mark.parametrize("loss", ["saturating", "wgan", "hinge", *F_LOSSES])
def test_a_game_of_one_value_keeps_its_energy(loss):
    """dφ = -h θ, dθ = h φ: |φ|² + |θ|² stays."""
    path = DiracGAN(loss).trajectory(5, lr=0.1)
    assert torch.allclose(energy(path), energy(path)[:1], rtol=1e-5)


def test_least_squares_loses_energy_without_a_penalty():
    """d(|φ|² + |θ|²)/dt = -4 (φ·θ)² with labels ±1, so the decay is algebraic."""
    path = DiracGAN("lsgan").trajectory(20, lr=0.02)
    assert (energy(path).diff() <= 1e-9).all() and energy(path)[-1] > 0.5 * energy(path)[0]
    scores = (path.critic * path.generator).sum(-1).square()
    lost = 4 * torch.trapezoid(scores, path.times)
    assert (energy(path)[0] - energy(path)[-1]).item() == pytest.approx(lost.item(), rel=1e-3)


def test_vanilla_orbits_close_only_in_the_limit():
    """d(|φ|² + |θ|²)/dt = -2 s tanh(s/2) with s = φ·θ: no eigenvalue shows it, but the orbit shrinks, algebraically."""
    gan = DiracGAN("vanilla")
    phi, theta = torch.randn(2, 100, 2, generator=torch.Generator().manual_seed(0)).double()
    critic, generator = gan.field(phi, theta)
    score = (phi * theta).sum(-1)
    rate = 2 * (phi * critic + theta * generator).sum(-1)
    assert torch.allclose(rate, -2 * score * (score / 2).tanh(), atol=1e-12)
    assert gan.eigenvalues().real.abs().max() < 1e-12


# eigenvalues ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("weight", [0.0, 0.1, 0.25, 0.9, 1.0, 1.5, 4.0])
def test_eigenvalues_of_the_zero_centred_penalty(weight, dim):
    """-λ ± sqrt(λ² - 1), to 1e-6; critical damping at λ = 1, where the matrix has one eigenvector only."""
    ours = DiracGAN("wgan", "gp(0)", dim, weight=weight).eigenvalues().tolist()
    root = cmath.sqrt(weight**2 - 1)
    for expected in (-weight + root, -weight - root):
        near = [value for value in ours if abs(value - expected) < 1e-6]
        assert len(near) == (2 * dim if root == 0 else dim)


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 3), st.sampled_from(["vanilla", "wgan", "hinge", "lsgan", "js", "kl", "pearson"]))
def test_sum_and_product_of_eigenvalues(weight, loss):
    """The trace is that of the penalty, the determinant that of the coupling."""
    gan = DiracGAN(loss, "r1", 1, weight=weight)
    critic, generator = gan.jacobian()[0, 1], gan.jacobian()[1, 0]
    values = gan.eigenvalues()
    assert values.sum().real.item() == pytest.approx(-weight, abs=1e-9)
    assert values.prod().real.item() == pytest.approx(-(critic * generator).item(), abs=1e-9)
    assert (values.real <= 1e-9).all()


def test_without_a_penalty_the_flow_turns_and_steps_leave_or_stay():
    for loss in ("vanilla", "wgan", "lsgan", "qp"):
        gan = DiracGAN(loss)
        assert gan.eigenvalues().real.abs().max() < 1e-12
        assert (gan.eigenvalues("simultaneous", 0.1).abs() > 1).all()
        assert torch.allclose(gan.eigenvalues("alternating", 0.1).abs(), torch.ones(4).double())


@pytest.mark.parametrize("method", ["simultaneous", "alternating"])
def test_update_matrix_is_what_a_step_does_near_the_equilibrium(method):
    gan, start = DiracGAN("vanilla", "r1", weight=0.5), 1e-6 * torch.tensor([1.0, -2.0, 0.5, 3.0]).double()
    path = gan.trajectory(0.2, method, lr=0.2, start=start)
    end = torch.cat([path.critic[1], path.generator[1]])
    assert torch.allclose(gan.update_matrix(method, 0.2) @ start, end, rtol=1e-5)


# discrete methods -------------------------------------------------------------------------------------------


def test_simultaneous_steps_of_the_wgan_grow_by_the_modulus_of_the_eigenvalue():
    path = DiracGAN("wgan").trajectory(20, "simultaneous", lr=0.1)
    assert (energy(path)[-1] / energy(path)[0]).item() == pytest.approx((1 + 0.1**2) ** 200, rel=1e-9)


def test_alternating_steps_of_the_wgan_stay():
    path = DiracGAN("wgan").trajectory(200, "alternating", lr=0.1)
    assert energy(path).max() < 1.12 * energy(path)[0]


@pytest.mark.parametrize("method", ["simultaneous", "alternating"])
def test_short_steps_follow_the_flow(method):
    gan = DiracGAN("vanilla", "gp(0)")
    exact = gan.trajectory(2, lr=1.0).generator[-1]
    errors = [torch.dist(gan.trajectory(2, method, lr=h).generator[-1], exact).item() for h in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)


def test_alternating_uses_the_new_critic():
    path = DiracGAN("wgan", dim=1).trajectory(0.5, "alternating", lr=0.5, start=[1.0, 1.0])
    assert (path.critic[1].item(), path.generator[1].item()) == (0.5, 1.25)
    path = DiracGAN("wgan", dim=1).trajectory(0.5, "simultaneous", lr=0.5, start=[1.0, 1.0])
    assert (path.critic[1].item(), path.generator[1].item()) == (0.5, 1.5)


def test_a_path_that_explodes_says_so():
    assert DiracGAN("lsgan").trajectory(200, "simultaneous", lr=2.0, start=[5.0] * 4).diverged
    assert not DiracGAN("wgan").trajectory(1, "simultaneous").diverged


@settings(deadline=None)
@given(st.floats(0, 0.99), st.integers(1, 20))
def test_moving_average_is_the_weighted_sum(decay, steps):
    path = torch.randn(steps + 1, 2, generator=torch.Generator().manual_seed(steps)).double()
    weights = torch.tensor([(1 - decay) * decay ** (steps - n) for n in range(steps + 1)]).double()
    weights[0] = decay**steps
    assert torch.allclose(moving_average(path, decay)[-1], weights @ path, atol=1e-9)


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gan", [DiracGAN("wgan-normalised"), DiracGAN("wgan", "gp(1)")], ids=["slope", "gp"])
def test_a_field_that_jumps_has_no_jacobian(gan):
    with pytest.raises(ValueError, match="its field jumps at φ = 0"):
        gan.eigenvalues()


def test_numbers_that_cannot_be_are_refused():
    gan = DiracGAN("wgan")
    with pytest.raises(ValueError, match="expected one of ode, simultaneous, alternating"):
        gan.trajectory(1, "euler")
    with pytest.raises(ValueError, match="lr got 0"):
        gan.trajectory(1, lr=0)
    for T in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="expected a length of time"):
            gan.trajectory(T)
    with pytest.raises(ValueError, match="expected 4 finite numbers, φ and then θ"):
        gan.trajectory(1, start=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"ema_decay got 1: expected a number in \[0, 1\)"):
        gan.trajectory(1, ema_decay=1)
    with pytest.raises(ValueError, match="pass ema_decay"):
        gan.trajectory(1).average_radius  # noqa: B018
    with pytest.raises(ValueError, match="which have steps"):
        gan.update_matrix("ode")
    with pytest.raises(ValueError, match="share got 0"):
        DiracTrajectory(torch.zeros(1), torch.zeros(1, 2), torch.zeros(1, 2)).radius_range(0)
