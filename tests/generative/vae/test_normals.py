"""KL and densities against torch.distributions, and against draws.

Run: pytest tests/generative/vae/test_normals.py
"""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal as Oracle
from torch.distributions import kl_divergence

from zhnlp.generative.vae.latent_report import report_of
from zhnlp.generative.vae.normals import Normal, standard_log_prob

NUMBERS = st.floats(-3, 3, width=32)


def oracle(normal):
    return Oracle(normal.mean, (normal.log_variance / 2).exp())


@settings(max_examples=50)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=6))
def test_kl_and_density_are_those_of_torch(rows):
    m, s, m2, s2, z = torch.tensor(rows, dtype=torch.float64).T
    p, q = Normal(m, s), Normal(m2, s2)
    assert torch.allclose(p.kl(q), kl_divergence(oracle(p), oracle(q)), rtol=1e-6, atol=1e-6)
    standard = Oracle(torch.zeros_like(m), torch.ones_like(m))
    assert torch.allclose(p.kl(), kl_divergence(oracle(p), standard), rtol=1e-6, atol=1e-6)
    assert torch.allclose(p.log_prob(z), oracle(p).log_prob(z), rtol=1e-6, atol=1e-6)
    assert torch.allclose(standard_log_prob(z), standard.log_prob(z), rtol=1e-6, atol=1e-6)


def test_kl_by_hand():
    # ½ (μ² + σ² - log σ² - 1) with μ = 2, σ = e: ½ (4 + e² - 2 - 1)
    kl = Normal(torch.tensor([2.0]), torch.tensor([2.0])).kl()
    assert math.isclose(kl.item(), (4 + math.e**2 - 3) / 2, rel_tol=1e-6)


def test_the_sampled_form_of_the_published_code_is_the_closed_one_in_the_mean():
    torch.manual_seed(0)
    p = Normal(torch.full((200_000, 1), 0.7), torch.full((200_000, 1), -1.0))
    z = p.draw()
    noise = (z - p.mean) / (p.log_variance / 2).exp()
    sampled = z.square() / 2 - noise.square() / 2 - p.log_variance / 2
    assert math.isclose(sampled.mean().item(), p.kl()[0].item(), rel_tol=0.01)


def test_draws_have_the_mean_and_variance_and_pass_gradients():
    torch.manual_seed(0)
    mean, log_variance = torch.tensor([1.0], requires_grad=True), torch.tensor([-2.0], requires_grad=True)
    z = Normal(mean.expand(100_000), log_variance.expand(100_000)).draw()
    assert abs(z.mean() - 1) < 0.01
    assert abs(z.var() - math.exp(-2)) < 0.01
    gradients = torch.autograd.grad(z.mean(), [mean, log_variance])
    assert torch.isclose(gradients[0], torch.ones(1)).all()


def test_a_row_is_repeated_next_to_itself():
    assert Normal(torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)).repeat(2).mean.tolist() == [
        [1],
        [1],
        [2],
        [2],
    ]


def test_a_collapsed_dimension_is_not_active():
    torch.manual_seed(0)
    means = torch.stack([torch.randn(500), torch.zeros(500)], 1)
    widths = torch.stack([torch.full((500,), -4.0), torch.zeros(500)], 1)
    report = report_of(Normal(means, widths))
    assert report.active == 1
    assert report.kl[1] == 0
    assert torch.allclose(report.variance, means.var(0, correction=0) + widths.exp().mean(0))
    assert report.summary()["active"] == 1.0


def test_the_report_measures_from_the_prior_of_each_row():
    prior = Normal(torch.tensor([[3.0], [-3.0]]), torch.zeros(2, 1))
    report = report_of(Normal(prior.mean, torch.zeros(2, 1)), prior)
    assert (report.kl.item(), report.mean.item(), report.variance.item()) == (0, 0, 1)
