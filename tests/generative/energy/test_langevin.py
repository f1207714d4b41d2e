"""Langevin: a known mixture, the exact stationary law of a normal, temperature, clipping, the lab's own sampler as oracle.

Run: pytest tests/generative/energy/test_langevin.py
"""

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from zhnlp.generative.energy import Langevin, ReplayBuffer, denoising_score_matching, log_prob_grid
from zhnlp.generative.energy.networks import EnergyNetwork
from zhnlp.generative.theory.dynamics import langevin


def normal_energy(x):
    return 0.5 * x.square().sum(1)


def test_one_step_by_hand():
    torch.manual_seed(3)
    noise = torch.randn(1, 2)
    torch.manual_seed(3)
    x = Langevin(steps=1, step_size=0.04)(normal_energy, torch.tensor([[1.0, -2.0]]))
    assert torch.allclose(x, torch.tensor([[0.98, -1.96]]) + 0.2 * noise)


def test_a_known_mixture():
    """Three normals of 3 shapes in the plane: mean and covariance of 5,000 chains from uniform noise, each within .05."""
    means = torch.tensor([[-0.8, 0.0], [0.7, 0.5], [0.2, -0.9]])
    scales = torch.tensor([[0.5, 0.3], [0.3, 0.5], [0.4, 0.4]])
    weights = torch.tensor([0.5, 0.3, 0.2])
    mixture = MixtureSameFamily(
        Categorical(weights), MultivariateNormal(means, torch.diag_embed(scales.square()))
    )
    torch.manual_seed(0)
    x = Langevin(steps=800, step_size=0.04)(lambda x: -mixture.log_prob(x), 4 * torch.rand(5000, 2) - 2)
    mean = weights @ means
    centred = means - mean
    covariance = (
        weights[:, None, None] * (torch.diag_embed(scales.square()) + centred[:, :, None] * centred[:, None])
    ).sum(0)
    assert torch.allclose(mean, mixture.mean)
    assert (x.mean(0) - mean).abs().max() < 0.05
    assert (x.T.cov() - covariance).abs().max() < 0.05


@pytest.mark.parametrize(("noise", "temperature"), [("matched", 1.0), (0.1, 0.1)])
def test_the_variance_of_a_normal_is_temperature_and_a_little(noise, temperature):
    """Of U = x²/2 the chain x ← (1 − ε/2) x + s α has exactly the variance s² / (ε − ε²/4)."""
    sampler = Langevin(steps=400, step_size=0.1, noise_scale=noise)
    assert sampler.temperature == pytest.approx(temperature)
    torch.manual_seed(0)
    x = sampler(normal_energy, torch.zeros(20_000, 1))
    exact = sampler.noise**2 / (0.1 - 0.1**2 / 4)
    assert abs(x.var().item() / exact - 1) < 0.03


def test_the_laboratory_of_optimizers_agrees():
    """Its SGLD with step ε/2 at temperature 1 is the same chain."""
    theirs = langevin(
        lambda x: 0.5 * x.square().sum(-1) + 0.1 * x.pow(4).sum(-1), 1.0, [0.0], step=0.025, chains=2000
    )
    torch.manual_seed(0)
    ours = Langevin(steps=500, step_size=0.05)(
        lambda x: 0.5 * x.square().sum(1) + 0.1 * x.pow(4).sum(1), torch.zeros(20_000, 1)
    )
    assert abs(ours.var().item() - theirs.points.var().item()) < 0.02


def test_path_clip_box_and_known_numbers():
    start = torch.tensor([[100.0, -100.0]])
    slow = Langevin(steps=10, step_size=2.0, noise_scale=0.0, clip=1.0)
    path = slow.path(normal_energy, start, every=5)
    assert path[:, 0, 0].tolist() == [100, 95, 90] and slow.path(normal_energy, start, every=4).shape[0] == 4
    boxed = Langevin(steps=3, step_size=0.5, low=-1.0, high=1.0)(normal_energy, start)
    assert boxed.abs().max() <= 1
    mask = torch.tensor([[True, False]])
    held = Langevin(steps=5, step_size=0.1)(normal_energy, start, known=(mask, start))
    assert held[0, 0] == 100 and held[0, 1] != -100


def test_a_chain_that_runs_away_is_reported():
    with pytest.raises(FloatingPointError, match="Likely U is too steep"):
        Langevin(steps=200, step_size=10.0)(lambda x: x.pow(4).sum(1), torch.full((3, 1), 5.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Langevin(steps=0), "expected 1 step or more"),
        (lambda: Langevin(step_size=-1.0), "step_size=-1"),
        (lambda: Langevin(noise_scale="hot"), "noise_scale got 'hot'"),
        (lambda: Langevin(clip=0.0), "clip got 0"),
        (lambda: ReplayBuffer(0, (2,)), "size=0"),
        (lambda: ReplayBuffer(5, (2,), reinit=2.0), "reinit=2"),
        (lambda: EnergyNetwork((4,), preset="conv"), "preset got 'conv' for shape"),
        (lambda: log_prob_grid(normal_energy, 1, -1), "low=1"),
    ],
    ids=["steps", "step", "noise", "clip", "size", "reinit", "conv", "grid"],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# buffer, score matching, quadrature -----------------------------------------------------------------------------


def test_the_buffer_restarts_the_share_it_was_told():
    torch.manual_seed(0)
    buffer = ReplayBuffer(1000, (3,), reinit=0.2, low=-2.0, high=2.0)
    assert buffer.chains.min() >= -2 and buffer.chains.max() <= 2 and buffer.chains.abs().max() > 1.9
    buffer.put(torch.arange(1000), torch.full((1000, 3), 9.0))
    _, starts = buffer.draw(5000)
    fresh = (starts != 9).all(1)
    assert torch.equal(fresh, (starts != 9).any(1)) and abs(fresh.float().mean() - 0.2) < 0.02


def test_score_matching_is_least_at_the_density_of_noisy_data():
    """Data N(0, s²) and noise σ: U = a x²/2 with a = 1 / (s² + σ²); the least loss is ½ s² / (s² + σ²)."""
    torch.manual_seed(0)
    s, sigma = 0.8, 0.6
    x, noise = s * torch.randn(200_000, 1), torch.randn(200_000, 1)
    best = 1 / (s**2 + sigma**2)

    def loss(a):
        return denoising_score_matching(lambda x: 0.5 * a * x.square().sum(1), x, sigma, noise=noise).item()

    losses = [loss(a * best) for a in (0.8, 0.95, 1.0, 1.05, 1.2)]
    assert min(losses) == losses[2] and losses[2] == pytest.approx(0.5 * s**2 * best, abs=0.005)


def test_quadrature_of_a_correlated_normal():
    covariance = torch.tensor([[1.0, 0.6], [0.6, 0.8]])
    normal = MultivariateNormal(torch.tensor([0.3, -0.5]), covariance)
    grid = log_prob_grid(lambda x: 7 - normal.log_prob(x), -6, 6, resolution=150)
    assert grid.log_normaliser == pytest.approx(-7, abs=1e-4)
    assert torch.allclose(grid.log_prob.flatten().float(), normal.log_prob(grid.points), atol=1e-3)
    cell = (grid.axis[1] - grid.axis[0]).item() ** 2
    assert grid.log_prob.exp().sum().item() * cell == pytest.approx(1, abs=1e-4)


def test_a_square_that_is_too_small_is_said():
    with pytest.warns(UserWarning, match="a larger square"):
        grid = log_prob_grid(normal_energy, -1, 1, resolution=20)
    assert grid.border > 0.05 and grid.log_normaliser < math.log(2 * math.pi)
