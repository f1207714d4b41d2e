"""The figures of the posts on scikit-learn's digits, for one seed; the recipes have more.

Run: pytest tests/generative/vae/test_digits.py
"""

import pytest
import torch

from zhnlp.generative.datasets import digits
from zhnlp.generative.measures import Judge
from zhnlp.generative.vae import VAE, ConditionalVAE, DiscreteVAE

TRAINING = {"epochs": 100, "progress": False}


@pytest.fixture(scope="module")
def data():
    return digits()


@pytest.fixture(scope="module")
def judge(data):
    return Judge().fit(*data[:2])


def error(model, x):
    return (model.decode(model.encode(x)) - x).square().mean().item()


@pytest.mark.slow
def test_a_vae_reconstructs_and_draws_all_classes(data, judge):
    torch.manual_seed(0)
    model = VAE((1, 8, 8), latent=8, likelihood="gaussian", sigma=0.2, hidden=[256, 256]).fit(
        data[0], **TRAINING
    )
    assert error(model, data[2]) < 0.025
    assert judge.class_entropy(model.sample(1000, seed=0)) > 2.1
    report = model.report(data[0])
    assert report.active >= 5
    assert report.mean.abs().mean() < 0.1
    assert 0.9 < report.variance.mean() < 1.1
    assert report.width.mean() < 0.5  # 5383: single posteriors are narrow, their sum is not


@pytest.mark.slow
def test_a_conditional_vae_draws_what_is_asked(data, judge):
    torch.manual_seed(0)
    model = ConditionalVAE((1, 8, 8), classes=10, latent=8).fit(data[0], labels=data[1], **TRAINING)
    asked = torch.arange(1000) % 10
    assert judge.accuracy(model.sample(1000, asked, seed=0), asked) >= 0.9
    assert error(model, data[2]) < 0.025


@pytest.mark.slow
def test_a_discrete_vae_uses_its_variables(data):
    torch.manual_seed(0)
    model = DiscreteVAE(
        (1, 8, 8), 32, 10, likelihood="gaussian", sigma=0.15, final_temperature=0.3, cooling=0.998
    )
    model.fit(data[0], epochs=60, learning_rate=2e-3, progress=False)
    assert error(model, data[2]) < 0.03
    assert model.active(data[2]) >= 0.8
