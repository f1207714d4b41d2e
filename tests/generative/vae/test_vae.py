"""The loss of a VAE against its parts, its bound against an exact likelihood, and the options that change it.

Run: pytest tests/generative/vae/test_vae.py
"""

import math

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from zhnlp.generative.vae import VAE, BoundedMeans, manifold
from zhnlp.generative.vae.latent_pictures import side_by_side

X = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def small(**options):
    torch.manual_seed(0)
    return VAE((1, 8, 8), latent=3, hidden=16, **options)


class Affine(nn.Module):
    """A linear decoder x̂ = W z, or an encoder that gives a posterior of known width."""

    def __init__(self, matrix, log_variance=None):
        super().__init__()
        self.matrix, self.log_variance = nn.Parameter(matrix), log_variance

    def forward(self, x):
        mean = x @ self.matrix.mT
        return mean if self.log_variance is None else torch.cat([mean, self.log_variance.expand_as(mean)], -1)


def linear_model(sigma=0.5):
    """x = W z + σ ε: q(x) and q(z|x) are known.  One latent dimension, two pixels; the encoder is exact, or nearly."""
    weight = torch.tensor([[1.0], [0.5]])
    variance = 1 / (1 + weight.square().sum() / sigma**2)
    encoder = Affine((variance / sigma**2 * weight.mT), variance.log())
    model = VAE(
        (2,), 1, likelihood="gaussian", sigma=sigma, output="linear", encoder=encoder, decoder=Affine(weight)
    )
    marginal = MultivariateNormal(torch.zeros(2), weight @ weight.mT + sigma**2 * torch.eye(2))
    return model, marginal


def test_the_loss_is_reconstruction_and_kl():
    model = small(likelihood="bernoulli")
    torch.manual_seed(1)
    losses = model.loss(X)
    torch.manual_seed(1)
    heads = model.encoder(X)
    mean, log_variance = heads[:, :3], heads[:, 3:]
    z = mean + (log_variance / 2).exp() * torch.randn(12, 3)
    rec = nn.functional.binary_cross_entropy_with_logits(model.decoder(z), X, reduction="sum") / 12
    kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
    assert torch.isclose(losses["rec"], rec)
    assert torch.isclose(losses["kl"], kl)
    assert torch.isclose(losses["loss"], rec + kl)
    assert torch.isclose(losses["elbo"], -losses["loss"])


def test_with_the_exact_posterior_the_bound_is_the_likelihood():
    model, marginal = linear_model()
    x = marginal.sample((20,))
    assert torch.allclose(model.bound(x), marginal.log_prob(x), atol=1e-4)


def test_the_total_is_the_kl_of_the_joints_less_a_constant():
    # post 5343: loss = KL(p(x)p(z|x) ‖ q(z)q(x|z)) - E log p(x); equal laws make the KL 0, so the loss is the entropy of x
    model, marginal = linear_model()
    torch.manual_seed(0)
    losses = model.loss(marginal.sample((200_000,)))
    assert math.isclose(losses["loss"].item(), marginal.entropy().item(), abs_tol=0.01)
    # neither term alone is near 0
    assert losses["rec"] > 0.5
    assert losses["kl"] > 0.5


def test_the_bound_rises_to_the_likelihood_with_the_number_of_samples():
    model, marginal = linear_model()
    with torch.no_grad():
        model.encoder.matrix.mul_(0.5)  # a posterior that is off
    x = marginal.sample((2000,))
    truth = marginal.log_prob(x).mean()
    bounds = [model.bound(x, samples=samples).mean() for samples in (1, 5, 200)]
    assert bounds[0] < bounds[1] - 0.02 < bounds[2]
    assert truth - bounds[0] > 0.2
    assert abs(truth - bounds[2]) < 0.03


def test_the_bound_of_one_sample_is_the_loss_in_the_mean():
    model = small(likelihood="gaussian", sigma=0.5).eval()
    bound = torch.stack([model.bound(X, seed=seed).mean() for seed in range(300)]).mean()
    torch.manual_seed(0)
    elbo = torch.stack([model.loss(X)["elbo"].detach() for _ in range(300)]).mean()
    assert abs(bound - elbo) < 0.1


def test_beta_and_its_warm_up_weigh_the_kl():
    model = small(beta=4.0, kl_warmup=10).train()
    for step, weight in ((0, 0.0), (5, 2.0), (10, 4.0), (50, 4.0)):
        model.steps.fill_(step)
        losses = model.loss(X)
        assert torch.isclose(losses["loss"], losses["rec"] + weight * losses["kl"], rtol=1e-4)
    model.steps.fill_(0)
    losses = model.eval().loss(X)  # evaluations are not warming up
    assert torch.isclose(losses["loss"], losses["rec"] + 4 * losses["kl"], rtol=1e-4)


def test_free_bits_are_charged_whether_used_or_not():
    losses = small(free_bits=5.0).loss(X)
    assert losses["kl"] < 5
    assert torch.isclose(losses["loss"] - losses["rec"], torch.tensor(15.0), rtol=1e-4)  # 3 dimensions


def test_free_bits_leave_no_gradient_below_them():
    model = small(free_bits=5.0)
    losses = model.loss(X)
    gradient = torch.autograd.grad(losses["loss"] - losses["rec"], model.encoder[-1].bias)[0]
    assert gradient.abs().max() == 0


def test_normalised_means_keep_a_kl_in_each_dimension():
    model = small(bn_on_mu=True).train()
    kl = 0.5 * model._posterior(X, None).mean.square().mean(0)
    assert torch.allclose(kl, torch.full((3,), 0.25), rtol=1e-3)  # of variance ½; what σ adds is 0 or more
    assert (model._posterior(X, None).kl().mean(0) >= 0.2499).all()


def test_more_samples_estimate_the_same_loss_with_less_noise():
    def reconstructions(n_samples):
        model = small(n_samples=n_samples, likelihood="gaussian", sigma=0.5)
        torch.manual_seed(3)
        return torch.stack([model.loss(X)["rec"].detach() for _ in range(200)])

    one, eight = reconstructions(1), reconstructions(8)
    assert abs(one.mean() - eight.mean()) < 4 * one.std() / 200**0.5 + 1e-3
    assert eight.std() < 0.6 * one.std()


def test_data_out_of_range_is_refused_before_the_first_step():
    with pytest.raises(ValueError, match=r"the data goes from -1 to 1: expected 0 to 1.*output=.tanh"):
        small().fit(2 * X.round() - 1, epochs=1, progress=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"latent": 0}, "expected 1 or more"),
        ({"beta": -1}, "expected none below 0"),
        ({"preset": "conv99"}, "preset='conv99' is not known"),
    ],
    ids=["latent", "beta", "preset"],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        VAE((1, 8, 8), **options)


def test_a_variance_of_means_above_one_is_refused():
    with pytest.raises(ValueError, match="variance=2"):
        BoundedMeans(3, 2.0)


def test_the_manifold_goes_right_with_the_first_dimension_and_up_with_the_second():
    decoder = Affine(torch.eye(2))
    model = VAE((2,), 2, output="linear", decoder=decoder)
    points = manifold(model, side=3, low=0.1, high=0.9).view(3, 3, 2)
    assert torch.allclose(points[:, 2, 0], torch.full((3,), 1.2816), atol=1e-3)
    assert torch.allclose(points[0, :, 1], torch.full((3,), 1.2816), atol=1e-3)
    assert torch.allclose(points[1, 1], torch.zeros(2), atol=1e-6)
    with pytest.raises(ValueError, match="a manifold needs 2"):
        manifold(small())


def test_an_interpolation_begins_and_ends_at_the_reconstructions():
    model = small()
    walk = model.interpolate(X[:3], X[3:6], steps=4)
    assert walk.shape == (3, 4, 1, 8, 8)
    assert torch.allclose(walk[:, 0], model.decode(model.encode(X[:3])), atol=1e-6)
    assert torch.allclose(walk[:, -1], model.decode(model.encode(X[3:6])), atol=1e-6)
    assert side_by_side(X[:2], X[2:4]).shape == (4, 1, 8, 8)
