"""f-VAE: its two limits (a flow, a VAE), its options, samples, files, refusals.

Run: pytest tests/generative/flow/test_f_vae.py
"""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from zhnlp.generative.flow import FVAE, Flatten, Identity, RealNVP, glow_layers, real_nvp_layers
from zhnlp.generative.flow.residual import ResidualConvolutions

MODELS = {
    "same": lambda **more: FVAE((1, 4, 4), couplings=2, hidden=16, **more),
    "per-dim": lambda **more: FVAE(
        (1, 4, 4), couplings=2, hidden=16, sigma1="per_dim", sigma2="per_dim", **more
    ),
    "small-code": lambda **more: FVAE((16,), latent=3, couplings=2, hidden=16, **more),
    "head": lambda **more: FVAE((16,), latent=5, couplings=2, hidden=16, sigma1="head", **more),
    "image": lambda **more: FVAE((1, 8, 8), preset="conv", couplings=2, hidden=8, scales=2, blocks=1, **more),
}


def moved(model, by=0.1, seed=0):
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += by * torch.randn_like(parameter)
    return model.eval()


# the two limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1e-4, 0.3])
def test_without_an_autoencoder_it_is_the_flow_on_noisy_data(sigma):
    """E = G = identity, σ₂ = σ₁ → 0; with equal σ the two normals cancel, so that any σ will do."""
    flow = moved(real_nvp_layers((6,), couplings=4, hidden=16), by=0.1).double()
    model = FVAE(
        (6,), encoder=nn.Identity(), decoder=nn.Identity(), flow=flow, sigma1=sigma, sigma2=sigma
    ).double()
    x = torch.randn(50, 6, dtype=torch.float64)
    torch.manual_seed(1)
    bound = model.log_density(x)
    torch.manual_seed(1)
    noisy = x + model.log_sigma1.exp() * torch.randn_like(x)
    plain = RealNVP((6,), couplings=2)
    plain.bijection = flow
    assert (bound - plain.log_prob(noisy)).abs().max() < 1e-6
    if sigma < 1e-3:
        assert abs(bound.mean() - plain.log_prob(x).mean()) < 1e-3


def test_without_a_flow_it_is_a_vae():
    """F = identity and σ(x) heads: Gaussian reconstruction + ½|z|² − ½|u|² − Σ ln σ, draw for draw."""
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(8, 2 * 3), nn.Linear(3, 8)
    model = FVAE((8,), latent=3, encoder=encoder, decoder=decoder, flow=Identity(), sigma1="head", sigma2=0.5)
    x = torch.randn(40, 8)
    torch.manual_seed(1)
    loss = model.loss(x)["loss"]
    torch.manual_seed(1)
    mean, log_sigma = encoder(x).chunk(2, 1)
    u = torch.randn_like(mean)
    z = mean + log_sigma.exp() * u
    reconstruction = (
        (x - decoder(z)).square().sum(1) / (2 * 0.25) + 8 * math.log(0.5) + 4 * math.log(2 * math.pi)
    )
    kl = 0.5 * z.square().sum(1) - 0.5 * u.square().sum(1) - log_sigma.sum(1)
    assert torch.allclose(loss, (reconstruction + kl).mean(), rtol=1e-6)


def test_the_mean_over_draws_is_the_closed_form_of_a_vae():
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(4, 2 * 2), nn.Linear(2, 4)
    model = FVAE((4,), latent=2, encoder=encoder, decoder=decoder, flow=Identity(), sigma1="head", sigma2=1.0)
    x = torch.randn(1, 4)
    with torch.no_grad():
        mean, log_sigma = encoder(x).chunk(2, 1)
        posterior = Normal(mean, log_sigma.exp())
        draws = model.log_density(x.expand(100_000, 4)).mean()
        missed = (x - decoder(mean)).square().sum() + (
            decoder.weight.square() @ log_sigma.exp().square().mT
        ).sum()
        closed = -0.5 * missed - 2 * math.log(2 * math.pi) - kl_divergence(posterior, Normal(0, 1)).sum()
    assert abs(draws - closed) < 0.02


def test_it_is_a_bound_of_a_likelihood_that_is_known():
    """Linear E and G around the identity flow: x is normal with covariance GGᵀ + σ₂²."""
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(3, 2), nn.Linear(2, 3)
    model = FVAE((3,), latent=2, encoder=encoder, decoder=decoder, flow=Identity(), sigma1=0.9, sigma2=0.7)
    x = torch.randn(300, 3)
    covariance = decoder.weight @ decoder.weight.mT + 0.49 * torch.eye(3)
    exact = torch.distributions.MultivariateNormal(decoder.bias, covariance).log_prob(x).mean().detach()
    once, often = (model.bound(x, samples=k, seed=0).mean() for k in (1, 500))
    assert once < often < exact + 0.01 and exact - often < 0.1


# every option ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MODELS))
def test_gradient_reaches_every_parameter(name):
    model = MODELS[name]().train()
    model.loss(torch.rand(8, *model.shape))  # at its start an actnorm is already at its optimum
    loss = moved(model).train().loss(torch.rand(8, *model.shape))
    loss["loss"].backward()
    lazy = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not lazy and {"loss", "bits_per_dim", "sigma2"} <= set(loss)


@pytest.mark.parametrize("name", list(MODELS))
def test_samples_noise_and_files(name, tmp_path):
    model = MODELS[name](levels=17).train()
    x = (torch.rand(20, *model.shape) * 16).round() / 16
    model.loss(x)
    model.eval()
    drawn = model.sample(6, seed=0, temperature=0.8)
    assert drawn.shape == (6, *model.shape) and drawn.min() >= 0 and drawn.max() <= 1
    assert model.encode(x).shape == (20, model.noise_size)
    bound = model.log_prob_bound(x, seed=0)
    assert torch.allclose(bound["bits_per_dim"], -bound["nats"] / (model.dimensions * math.log(2)))
    assert torch.equal(bound["nats"], model.bound(x, seed=0))
    model.save(tmp_path)
    assert torch.equal(FVAE.load(tmp_path).sample(6, seed=0, temperature=0.8), drawn)


@pytest.mark.parametrize("name", ["same", "image"])
def test_at_the_start_nothing_is_lost(name):
    """Residual E and G start as each other's inverse, so noise and back is the example itself."""
    model = MODELS[name]().eval()
    x = torch.rand(5, *model.shape)
    assert (model.decode(model.encode(x)) - x).abs().max() < 1e-5
    line = model.interpolate(x[:1], x[1:2], steps=4)[0]
    assert torch.allclose(line[[0, -1]], x[:2], atol=1e-4)


def test_own_image_networks():
    flow = glow_layers((4, 4, 4), scales=1, blocks=1, width=4, squeezes=False)
    model = FVAE(
        (1, 8, 8),
        encoder=ResidualConvolutions(1, scales=1),
        decoder=ResidualConvolutions(1, scales=1, back=True),
        flow=flow,
        sigma1="per_dim",
    )
    assert model.code_shape == (4, 4, 4) and model.log_sigma1.shape == (4, 4, 4)
    assert model.sample(2, seed=0).shape == (2, 1, 8, 8)


def test_it_learns():
    torch.manual_seed(0)
    x = torch.randn(1000, 2) @ torch.randn(2, 6) + 0.1 * torch.randn(1000, 6)
    model = FVAE((6,), couplings=2, hidden=32)
    before = model.bound(x, seed=0).mean()
    model.fit(x, epochs=15, batch_size=100, learning_rate=3e-3, seed=0, progress=False)
    after = model.bound(x, seed=0).mean()
    assert after > before + 5
    assert model.history_[-1]["sigma2"] != pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FVAE((4,), preset="audio"), "preset got 'audio'"),
        (lambda: FVAE((4,), latent=0), "latent got 0"),
        (lambda: FVAE((4,), sigma1="wide"), "sigma1 got 'wide'"),
        (lambda: FVAE((4,), sigma2="head"), "sigma2 got 'head'"),
        (lambda: FVAE((4,), sigma2=-1.0), "sigma2 got -1"),
        (lambda: FVAE((1, 8, 8), preset="conv", latent=8), "keeps the size"),
        (lambda: FVAE((4,), encoder=nn.Linear(4, 3), sigma1="head"), "expected an even dimension"),
        (
            lambda: FVAE((4,), encoder=nn.Linear(4, 2), decoder=nn.Linear(2, 5), flow=Flatten((2,))),
            "the decoder makes",
        ),
    ],
    ids=["preset", "latent", "sigma1", "sigma2", "negative", "image-latent", "odd-heads", "decoder"],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
