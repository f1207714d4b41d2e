"""Closed-form fields are the gradients of the objectives; the published field of GAN-QP is not.

Run: pytest tests/generative/theory/dirac_gan/test_fields.py
"""

import math

import numpy as np
import pytest
import torch
from scipy.special import lambertw

from zhnlp.generative.theory.dirac_gan import DiracGAN
from zhnlp.generative.theory.dirac_gan.f_divergences import F_LOSSES, log_lambert
from zhnlp.generative.theory.dirac_gan.losses import NAMES

PENALTIES = ["none", "gp", "gp(0)", "gp(0.5)", "r1", "r2", "l2"]


def points(dim=2, count=200, scale=1.0, seed=0):
    return scale * torch.randn(2, count, dim, generator=torch.Generator().manual_seed(seed)).double()


def gradients(gan, phi, theta):
    """The oracle: what autograd makes of the objectives."""
    phi, theta = phi.clone().requires_grad_(), theta.clone().requires_grad_()
    critic = torch.autograd.grad(gan.critic_objective(phi, theta).sum(), phi)[0]
    generator = torch.autograd.grad(gan.generator_objective(phi, theta).sum(), theta)[0]
    return critic, -generator


# autograd as oracle --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("loss", NAMES)
def test_field_is_the_gradient_of_the_objectives(loss, dim):
    phi, theta = points(dim, scale=0.7)
    gan = DiracGAN(loss, dim=dim, qp=0.7)
    for ours, oracle in zip(gan.field(phi, theta), gradients(gan, phi, theta)):
        assert ours.shape == (200, dim)
        assert torch.allclose(ours, oracle, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("reg", PENALTIES)
@pytest.mark.parametrize("loss", ["vanilla", "wgan", "qp"])
def test_penalty_is_taken_off_the_critic_and_off_the_critic_alone(loss, reg):
    phi, theta = points()
    gan, bare = DiracGAN(loss, reg, weight=0.3), DiracGAN(loss)
    for ours, oracle in zip(gan.field(phi, theta), gradients(gan, phi, theta)):
        assert torch.allclose(ours, oracle, rtol=1e-9, atol=1e-10)
    assert torch.equal(gan.field(phi, theta)[1], bare.field(phi, theta)[1])


@pytest.mark.parametrize("loss", [name for name in NAMES if name != "wgan-normalised"])
@pytest.mark.parametrize("reg", ["none", "gp(0)", "r1", "l2"])
def test_jacobian_is_the_derivative_of_the_field(loss, reg):
    gan, h = DiracGAN(loss, reg, weight=0.3), 1e-6
    columns = []
    for unit in torch.eye(4, dtype=torch.float64):
        ahead, back = (torch.cat(gan.field(*(sign * h * unit).split(2))) for sign in (1, -1))
        columns.append((ahead - back) / (2 * h))
    assert torch.allclose(gan.jacobian(), torch.stack(columns, 1), atol=1e-5)


@pytest.mark.parametrize("loss", NAMES)
@pytest.mark.parametrize("reg", ["none", "l2"])
def test_nothing_moves_at_the_equilibrium(loss, reg):
    gan, zero = DiracGAN(loss, reg), torch.zeros(2, dtype=torch.float64)
    if loss == "wgan-normalised":
        assert not torch.cat(gan.field(torch.tensor([1e-9, 0.0]), zero)).abs().max() < 1
    else:
        assert not torch.cat(gan.field(zero, zero)).any()


# the table of the post, by hand -----------------------------------------------------------------------------------

PHI, THETA = torch.tensor([3.0, 4.0]).double(), torch.tensor([1.0, 2.0]).double()  # φ·θ = 11, |φ| = 5
P = 1 / (1 + math.exp(-11))


@pytest.mark.parametrize(
    ("gan", "critic", "generator"),
    [
        (DiracGAN("vanilla"), [-P, -2 * P], [3 * (1 - P), 4 * (1 - P)]),
        (DiracGAN("saturating"), [-P, -2 * P], [3 * P, 4 * P]),
        (DiracGAN("hinge"), [-1, -2], [3, 4]),
        (DiracGAN("lsgan"), [-12, -24], [-30, -40]),
        (DiracGAN("wgan"), [-1, -2], [3, 4]),
        (DiracGAN("wgan-normalised"), [-1 / 5 + 33 / 125, -2 / 5 + 44 / 125], [3 / 5, 4 / 5]),
        (DiracGAN("wgan", "gp(1)", weight=0.5), [-1 - 0.8 * 3, -2 - 0.8 * 4], [3, 4]),
        (DiracGAN("wgan", "gp(0)", weight=0.5), [-4, -6], [3, 4]),
        (DiracGAN("wgan", "r1", weight=0.5), [-2.5, -4], [3, 4]),
        (DiracGAN("qp", qp=2.0), [-1 - 11 / (2 * 5**0.5), -2 - 22 / (2 * 5**0.5)], [3, 4]),
        (DiracGAN("qp", "l2", weight=0.1), [-1 - 11 / 5**0.5 - 0.3, -2 - 22 / 5**0.5 - 0.4], [3, 4]),
    ],
    ids=lambda value: value.name + " " + value.reg if isinstance(value, DiracGAN) else "",
)
def test_fields_by_hand(gan, critic, generator):
    ours = gan.field(PHI, THETA)
    assert ours[0].tolist() == pytest.approx(critic, rel=1e-9)
    assert ours[1].tolist() == pytest.approx(generator, rel=1e-6)


def test_real_is_high_in_every_loss():
    """The critic lowers the score of the generated point, the generator raises it."""
    phi, theta = points(dim=1, scale=0.2)
    for name in NAMES:
        critic, generator = DiracGAN(name, dim=1).field(phi, theta)
        if name != "wgan-normalised":  # whose one coordinate is the sign of φ, and does not move
            assert (critic * theta <= 0).all() and (critic * theta < 0).any(), name
        assert (generator * phi >= 0).all() and (generator * phi > 0).any(), name


# the trap: the published script divides GAN-QP's quadratic term by the norm of φ --------------------------------------


def published_qp(phi, theta, qp):
    return -theta - (phi * theta).sum(-1, keepdim=True) * theta / (qp * phi.norm(dim=-1, keepdim=True))


def test_qp_divides_by_the_distance_of_the_points_not_by_the_norm_of_the_critic():
    phi, theta = points()
    gan = DiracGAN("qp", qp=1.5)
    oracle, _ = gradients(gan, phi, theta)
    assert torch.allclose(gan.field(phi, theta)[0], oracle, rtol=1e-9)
    assert (published_qp(phi, theta, 1.5) - oracle).norm(dim=-1).median() > 0.1
    same = theta * (phi.norm(dim=-1) / theta.norm(dim=-1))[:, None]  # equal norms hide it
    assert torch.allclose(gan.field(phi, same)[0], published_qp(phi, same, 1.5), rtol=1e-9)


# f-GANs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(F_LOSSES))
def test_activation_rises_and_the_slope_is_that_of_the_conjugate(name):
    loss = F_LOSSES[name]
    v = torch.linspace(-3, 3, 301, dtype=torch.float64, requires_grad=True)
    assert (loss.activation(v).diff() > 0).all()
    slope = torch.autograd.grad(loss.conjugate(loss.activation(v)).sum(), v)[0]
    assert torch.allclose(loss.slope(v), slope, rtol=1e-8, atol=1e-10)


def test_lambert_is_scipys():
    a = torch.linspace(-30, 300, 331, dtype=torch.float64)
    oracle = torch.from_numpy(np.log(lambertw(a.exp().numpy()).real))
    assert torch.allclose(log_lambert(a), oracle, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradcheck(log_lambert, a[::30].clone().requires_grad_())


def test_js_is_half_of_the_saturating_game():
    phi, theta = points()
    for half, whole in zip(DiracGAN("js").field(phi, theta), DiracGAN("saturating").field(phi, theta)):
        assert torch.allclose(2 * half, whole, rtol=1e-12)


# refusals ---------------------------------------------------------------------------------------------------


def test_what_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"loss got 'wgan-normalized'.*Did you mean 'wgan-normalised'\?"):
        DiracGAN("wgan-normalized")
    for reg in ("gp(-1)", "gp(x)", "r3", "gp()"):
        with pytest.raises(ValueError, match=r"expected none, gp\(c\)"):
            DiracGAN("wgan", reg)
    with pytest.raises(ValueError, match="weight got -1"):
        DiracGAN("wgan", "l2", weight=-1)
    with pytest.raises(ValueError, match="qp got 0"):
        DiracGAN("qp", qp=0)
    with pytest.raises(ValueError, match="dim got 0"):
        DiracGAN(dim=0)
    with pytest.raises(ValueError, match="slope 1 everywhere"):
        DiracGAN("wgan-normalised", "r1")
