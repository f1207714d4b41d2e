"""Losses by hand, and one convention for all: real = high.

Run: pytest tests/generative/gan/test_losses.py
"""

import math

import pytest
import torch
from torch import nn

from zhnlp.generative.gan.divergences.rows import ROWS
from zhnlp.generative.gan.losses import LeastSquares, adversarial_loss
from zhnlp.generative.gan.losses.named import LOSSES

NAMES = [*LOSSES, *(f"f:{name}" for name in ROWS), *(f"f-saturating:{name}" for name in ROWS)]
REAL, FAKE = torch.tensor([0.5, -1.0]), torch.tensor([-0.3, 2.0])


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [
        (
            "non-saturating",
            (math.log1p(math.exp(-0.5)) + math.log1p(math.e)) / 2
            + (math.log1p(math.exp(-0.3)) + math.log1p(math.exp(2))) / 2,
            (math.log1p(math.exp(0.3)) + math.log1p(math.exp(-2))) / 2,
        ),
        ("hinge", (0.5 + 2) / 2 + (0.7 + 3) / 2, -0.85),
        ("least-squares", (0.25 + 4) / 4 + (0.09 + 4) / 4, (1.69 + 1) / 4),
        ("wasserstein", 0.85 + 0.25, -0.85),
        ("f:kl", (math.exp(-1.3) + math.e) / 2 + 0.25, -0.85),
        ("f-saturating:kl", (math.exp(-1.3) + math.e) / 2 + 0.25, -(math.exp(-1.3) + math.e) / 2),
    ],
)
def test_by_hand(name, critic, generator):
    loss = adversarial_loss(name)
    assert loss.critic(REAL, FAKE).item() == pytest.approx(critic, rel=1e-5)
    assert loss.generator(FAKE).item() == pytest.approx(generator, rel=1e-5)


def test_the_saturating_generator_is_the_critics_negated():
    loss = adversarial_loss("saturating")
    both = loss.critic(REAL, FAKE) + loss.generator(FAKE)
    assert both.item() == pytest.approx(nn.functional.softplus(-REAL).mean().item())


@pytest.mark.parametrize("name", NAMES)
def test_real_is_high(name):
    """A critic raises real scores and sinks fake ones; a generator raises fake ones."""
    loss = adversarial_loss(name)
    real, fake = (torch.full((4,), 0.1, requires_grad=True) for _ in range(2))
    loss.critic(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake.grad = None
    loss.generator(fake).backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_scores_may_be_columns(name):
    loss = adversarial_loss(name)
    assert loss.critic(REAL[:, None], FAKE[:, None]).item() == pytest.approx(loss.critic(REAL, FAKE).item())


def test_unknown_names_and_targets_are_refused():
    with pytest.raises(ValueError, match=r"no loss is called 'hing'.*try 'hinge'"):
        adversarial_loss("hing")
    with pytest.raises(ValueError, match="no f-divergence is called 'kll'"):
        adversarial_loss("f:kll")
    with pytest.raises(ValueError, match="fake below real"):
        LeastSquares(1.0, 0.0)
