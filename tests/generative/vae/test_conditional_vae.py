"""Labels enter by the prior mean, or beside z; and are asked for.

Run: pytest tests/generative/vae/test_conditional_vae.py
"""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from zhnlp.generative.vae import ConditionalVAE
from zhnlp.generative.vae.conditional_vae import asked_classes

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 1, 2])


def small(**options):
    torch.manual_seed(0)
    return ConditionalVAE((1, 8, 8), classes=3, latent=4, hidden=16, **options)


def test_the_kl_is_to_the_normal_of_the_class():
    model = small()
    mean, log_variance = model.posterior(X)
    prior = Normal(model.class_means[Y], torch.ones(6, 4))
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), prior).sum(1).mean()
    assert torch.isclose(model.loss(X, Y)["kl"], expected)


def test_with_prior_means_the_networks_do_not_see_the_label():
    model = small()
    assert torch.equal(model.encode(X), model.encode(X, Y))
    z = torch.randn(3, 4)
    assert torch.equal(model.decode(z), model.decode(z, Y[:3]))


def test_beside_z_they_do():
    model = small(mode="concat")
    z = torch.zeros(3, 4)
    assert not torch.allclose(model.decode(z, Y[:3])[0], model.decode(z, Y[:3])[1])
    assert not torch.allclose(model.encode(X, Y), model.encode(X, Y.flip(0)))
    assert torch.isclose(model.loss(X, Y)["elbo"], -model.loss(X, Y)["loss"], rtol=0.2)


@pytest.mark.parametrize("mode", ["prior_mean", "concat"])
def test_a_class_is_drawn_when_it_is_asked_for(mode):
    model = small(mode=mode)
    assert model.sample(5, seed=0).shape == (5, 1, 8, 8)
    assert torch.equal(model.sample(3, 1, seed=0), model.sample(3, torch.tensor([1, 1, 1]), seed=0))
    assert not torch.equal(model.sample(3, 1, seed=0), model.sample(3, 2, seed=0))


def test_without_temperature_a_sample_is_the_picture_of_the_mean():
    model = small()
    assert torch.allclose(
        model.sample(1, 2, temperature=0.0), model.decode(model.class_means[2:3]), atol=1e-6
    )


def test_labels_are_asked_for_and_checked():
    model = small()
    with pytest.raises(ValueError, match=r"labels are missing.*fit\(data, labels="):
        model.loss(X)
    with pytest.raises(ValueError, match="learns from labels too"):
        model.fit(X, epochs=1)
    with pytest.raises(ValueError, match=r"classes go from 0 to 7: expected 0 to 2\. Next: classes=8"):
        model.fit(X, labels=[0, 1, 2, 7, 0, 1], epochs=1)
    with pytest.raises(ValueError, match=r"classes go from 3 to 3"):
        model.sample(2, 3)
    with pytest.raises(ValueError, match="mode='both' is not known"):
        small(mode="both")
    with pytest.raises(ValueError, match=r"expected one class, or \(4,\)"):
        asked_classes(torch.tensor([1, 2]), 4, 3)
