"""The KL of categorical latents against torch, an exact likelihood by summing over all codes, and the temperature.

Run: pytest tests/generative/vae/test_discrete_vae.py
"""

import itertools
import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from zhnlp.generative.vae import DiscreteVAE

X = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def small(**options):
    torch.manual_seed(0)
    options = {"variables": 3, "classes": 4, "hidden": 16, "likelihood": "gaussian", "sigma": 1.0, **options}
    return DiscreteVAE((1, 8, 8), **options)


def test_the_kl_is_that_of_torch_to_the_uniform_law():
    model = small()
    logits = model.logits(X)
    expected = kl_divergence(Categorical(logits=logits), Categorical(logits=torch.zeros_like(logits)))
    assert torch.isclose(model.loss(X)["kl"], expected.sum(1).mean(), atol=1e-6)
    assert torch.allclose(model.kl(X), expected.mean(0), atol=1e-6)
    assert 0 <= model.active(X) <= 1


def test_the_bound_rises_to_the_sum_over_all_codes():
    model = small()
    codes = torch.tensor(list(itertools.product(range(4), repeat=3)))  # (64, 3)
    output = model.decoder(torch.nn.functional.one_hot(codes, 4).float().flatten(1))
    with torch.no_grad():
        each = torch.stack([model.likelihood.log_prob(output, x.expand(64, 1, 8, 8)) for x in X])
        truth = each.logsumexp(1) - math.log(64)
    assert (model.bound(X, samples=1).mean() - truth.mean()) < 0.5
    assert torch.allclose(model.bound(X, samples=800), truth, atol=0.1)


def test_draws_are_soft_in_training_and_one_hot_after():
    model = small()
    log_p = model.logits(X).log_softmax(-1)
    soft, hard = model.train()._draw(log_p), model.eval()._draw(log_p)
    assert 0.01 < soft.max(-1).values.min() < 0.999
    assert torch.equal(hard.sort(-1).values[..., -1], torch.ones(5, 3))
    straight = small(hard=True).train()._draw(log_p)
    assert torch.equal(straight.max(-1).values, torch.ones(5, 3))
    assert straight.requires_grad


def test_the_temperature_falls_as_in_the_published_code():
    model = small(final_temperature=0.01, cooling=0.999)
    assert model.temperature == 1.0
    model.steps.fill_(1000)
    assert math.isclose(model.temperature, 0.01 + 0.99 * 0.999**1000, rel_tol=1e-6)
    assert math.isclose(model.loss(X)["temperature"].item(), model.temperature, rel_tol=1e-5)


def test_codes_are_decoded_as_their_one_hot_vectors():
    model = small()
    codes = model.encode(X)
    assert torch.equal(codes, model.logits(X).argmax(-1))
    assert torch.equal(model.decode(codes), model.decode(torch.nn.functional.one_hot(codes, 4).float()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes": 1}, "got variables=3, classes=1"),
        ({"cooling": 0.0}, "decay"),
        ({"final_temperature": 0.0}, "end"),
    ],
    ids=["classes", "cooling", "temperature"],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        small(**options)
