"""Gumbel samples: exact ones have the right frequencies, relaxed ones are torch's, gradients pass.

Run: pytest tests/nn/test_gumbel.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch.nn import functional as F

from zhnlp.nn.gumbel import (
    GumbelSoftmax,
    exponential_schedule,
    gumbel_max,
    gumbel_noise,
    gumbel_softmax,
    straight_through,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# exact samples ------------------------------------------------------------------------------------------------


def test_gumbel_max_has_the_frequencies_of_the_softmax():
    """Spec: p = (.1, .2, .3, .4), 200,000 draws, chi-square p-value above 0.01."""
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    counts = gumbel_max(p.log().expand(200_000, 4), generator=seeded()).bincount(minlength=4)
    assert counts.sum() == 200_000
    assert chisquare(counts, 200_000 * p).pvalue > 0.01
    assert (counts / 200_000).tolist() == pytest.approx(p.tolist(), abs=0.004)


def test_noise_is_gumbel():
    """P(noise ≤ x) = exp(-exp(-x)), at a few x."""
    noise = gumbel_noise(torch.empty(200_000), generator=seeded())
    for x in (-1.0, 0.0, 1.0, 3.0):
        expected = torch.tensor(-x).exp().neg().exp().item()
        assert (noise <= x).float().mean().item() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_noise_of_half_precision_is_drawn_in_single(dtype):
    noise = gumbel_noise(torch.empty(200_000, dtype=dtype), generator=seeded())
    assert noise.dtype == torch.float32 and noise.isfinite().all()
    y = gumbel_softmax(torch.zeros(1000, 4, dtype=dtype), 0.1, generator=seeded())
    assert y.dtype == dtype and y.isfinite().all()


# relaxed samples: torch is the oracle -----------------------------------------------------------------------------


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("tau", [0.1, 1.0, 5.0])
def test_samples_and_gradients_are_torchs(tau, hard):
    logits = torch.randn(5, 3, 7, generator=seeded(1), requires_grad=True)
    weights = torch.randn(5, 3, 7, generator=seeded(2))
    torch.manual_seed(3)
    theirs = F.gumbel_softmax(logits, tau, hard=hard)
    torch.manual_seed(3)
    ours = gumbel_softmax(logits, tau, hard=hard)
    assert torch.allclose(ours, theirs, atol=1e-6)
    gradients = [torch.autograd.grad((y * weights).sum(), logits)[0] for y in (ours, theirs)]
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-6)


@given(st.integers(0, 1000), st.floats(0.01, 10))
def test_soft_samples_are_distributions_with_the_hard_ones_class(seed, tau):
    logits = torch.randn(4, 5, generator=seeded(seed))
    soft = gumbel_softmax(logits, tau, generator=seeded(seed))
    hard = gumbel_softmax(logits, tau, hard=True, generator=seeded(seed))
    assert torch.allclose(soft.sum(-1), torch.ones(4)) and (soft >= 0).all()
    assert torch.equal(hard.argmax(-1), soft.argmax(-1))
    assert set(hard.unique().tolist()) == {0.0, 1.0} and torch.equal(hard.sum(-1), torch.ones(4))
    exact = gumbel_max(logits, generator=seeded(seed))
    assert torch.equal(hard.argmax(-1), exact)


def test_a_low_temperature_is_nearly_one_hot_and_a_high_one_nearly_uniform():
    logits = torch.randn(200, 6, generator=seeded())
    greatest = [gumbel_softmax(logits, tau, generator=seeded(1)).amax(-1).mean() for tau in (1e-3, 1.0, 1e3)]
    assert greatest[0] > 0.995 and greatest[0] > greatest[1] > greatest[2]
    assert greatest[2].item() == pytest.approx(1 / 6, abs=0.01)


def test_straight_through_has_the_softs_gradient():
    logits = torch.randn(3, 4, requires_grad=True)
    weights = torch.randn(3, 4)
    soft = logits.softmax(-1)
    y = straight_through(F.one_hot(torch.tensor([0, 1, 2]), 4).float(), soft)
    assert torch.equal(
        torch.autograd.grad((y * weights).sum(), logits, retain_graph=True)[0],
        torch.autograd.grad((soft * weights).sum(), logits)[0],
    )


# the layer --------------------------------------------------------------------------------------------------


def test_layer_follows_its_schedule_while_training_only():
    layer = GumbelSoftmax(schedule=exponential_schedule())
    assert layer.tau == 1.0
    for _ in range(3):
        layer(torch.zeros(2, 3))
    assert layer.tau == pytest.approx(0.01 + 0.99 * 0.999**3)
    layer.eval()(torch.zeros(2, 3))
    assert layer.steps == 3
    resumed = GumbelSoftmax(schedule=exponential_schedule())
    resumed.load_state_dict(layer.state_dict())
    assert resumed.tau == layer.tau


def test_layer_in_evaluation_draws_nothing_and_samples_on_demand():
    layer, logits = GumbelSoftmax(0.5).eval(), torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]]).log()
    before = torch.get_rng_state()
    assert layer(logits).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert torch.equal(torch.get_rng_state(), before)
    drawn = layer.sample(logits.expand(20_000, 2, 3), generator=seeded()).mean(0)
    assert torch.allclose(drawn, logits.softmax(-1), atol=0.015)


def test_same_seed_same_sample():
    layer = GumbelSoftmax(0.5, hard=True)
    one, two, other = (layer(torch.zeros(40, 3), generator=seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan"), float("inf")])
def test_temperatures_that_cannot_be_are_refused(tau):
    with pytest.raises(ValueError, match="expected a temperature above 0"):
        gumbel_softmax(torch.zeros(2, 3), tau)
    with pytest.raises(ValueError, match="expected a temperature above 0"):
        GumbelSoftmax(tau)


def test_class_numbers_and_rising_schedules_are_refused():
    with pytest.raises(TypeError, match="Likely class numbers"):
        gumbel_softmax(torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="expected start ≥ end > 0"):
        exponential_schedule(0.1, 1.0)
