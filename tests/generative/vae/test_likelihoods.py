"""Likelihoods against torch.distributions; MSE is the normal one up to a constant.

Run: pytest tests/generative/vae/test_likelihoods.py
"""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Normal

from zhnlp.generative.vae.likelihoods import make_likelihood

OUTPUT = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
X = torch.rand(4, 2, 3, 3, generator=torch.Generator().manual_seed(1))


def summed(log_prob):
    return log_prob.flatten(1).sum(1)


def test_bernoulli_is_that_of_torch():
    bits = X.round()
    got = make_likelihood("bernoulli").log_prob(OUTPUT, bits)
    assert torch.allclose(got, summed(Bernoulli(logits=OUTPUT).log_prob(bits)), atol=1e-5)


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "linear"])
def test_gaussian_is_that_of_torch(output):
    likelihood = make_likelihood("gaussian", sigma=0.2, output=output)
    mean = OUTPUT if output == "linear" else getattr(torch, output)(OUTPUT)
    assert torch.allclose(likelihood.log_prob(OUTPUT, X), summed(Normal(mean, 0.2).log_prob(X)), rtol=1e-5)
    assert torch.equal(likelihood.mean(OUTPUT), mean)


def test_categorical_is_that_of_torch():
    levels = 5
    output = torch.randn(4, levels * 2, 3, 3, generator=torch.Generator().manual_seed(2))
    x = (X * (levels - 1)).round() / (levels - 1)
    logits = output.view(4, levels, 2, 3, 3).movedim(1, -1)
    oracle = Categorical(logits=logits)
    likelihood = make_likelihood("categorical", levels=levels)
    assert torch.allclose(
        likelihood.log_prob(output, x), summed(oracle.log_prob((x * (levels - 1)).round())), atol=1e-4
    )
    expected = (oracle.probs * torch.linspace(0, 1, levels)).sum(-1)
    assert torch.allclose(likelihood.mean(output), expected, atol=1e-6)


def test_squared_error_is_a_normal_likelihood_but_for_a_constant():
    sigma, size = 0.3, X[0].numel()
    log_prob = make_likelihood("gaussian", sigma=sigma, output="linear").log_prob(OUTPUT, X)
    squares = (X - OUTPUT).square().flatten(1).sum(1) / (2 * sigma**2)
    constant = size * math.log(sigma * math.sqrt(2 * math.pi))
    assert torch.allclose(-log_prob, squares + constant, rtol=1e-5)


def test_a_learned_sigma_tends_to_the_root_of_the_mean_square():
    likelihood = make_likelihood("gaussian_learned", sigma=1.0, output="linear")
    optimizer = torch.optim.Adam(likelihood.parameters(), 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (-likelihood.log_prob(OUTPUT, X).mean()).backward()
        optimizer.step()
    rms = (X - OUTPUT).square().mean().sqrt()
    assert torch.isclose(likelihood.log_sigma.exp(), rms, rtol=1e-3)


def test_a_learned_sigma_has_a_floor():
    likelihood = make_likelihood("gaussian_learned", sigma=1e-9, output="linear")
    assert likelihood.log_prob(X, X).isfinite().all()


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "gaussian_learned", "categorical"])
def test_draws_average_to_the_mean(name):
    torch.manual_seed(0)
    likelihood = make_likelihood(name, sigma=0.3, levels=4)
    shape = likelihood.outputs((1, 2, 2))
    output = torch.randn(1, *shape).expand(20_000, *shape)
    drawn, mean = likelihood.draw(output), likelihood.mean(output)
    assert drawn.shape == (20_000, 1, 2, 2)
    assert (drawn.mean(0) - mean[0]).abs().max() < 0.015


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "poisson"}, "not known: expected bernoulli"),
        ({"name": "gaussian", "sigma": 0.0}, "expected a number above 0"),
        ({"name": "gaussian", "output": "relu"}, "expected one of sigmoid"),
        ({"name": "categorical"}, "levels=None is not possible"),
    ],
    ids=["name", "sigma", "output", "levels"],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        make_likelihood(**options)
