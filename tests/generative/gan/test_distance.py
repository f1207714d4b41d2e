"""What a critic says of two blobs one unit apart, under each constraint.

Run: pytest tests/generative/gan/test_distance.py
"""

import pytest
import torch

from zhnlp.generative.gan import critic_distance
from zhnlp.generative.measures import wasserstein_exact


def blobs(seed: int = 0, n: int = 2000) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    p, q = (0.3 * torch.randn(n, 2, generator=random) for _ in range(2))
    return p + torch.tensor([1.0, 0.0]), q


@pytest.mark.slow
@pytest.mark.parametrize(
    ("constraint", "low", "high"),
    [("gp", 0.95, 1.15), ("sn", 0.9, 1.02), ("div", 0.55, 0.62), ("clip", 0.0, 0.1)],
)
def test_critics_find_the_distance_that_their_constraint_allows(constraint, low, high):
    assert low <= critic_distance(*blobs(), constraint).value <= high


def test_a_spectral_critic_never_exceeds_the_exact_distance():
    p, q = blobs(n=300)
    found = critic_distance(p, q, "sn", hidden=(32,), steps=150, rate=1e-2).value
    assert 0.9 < found <= wasserstein_exact(p, q) + 0.02


def test_div_finds_the_slope_of_the_formula():
    p, q = blobs(n=300)
    found = critic_distance(p, q, "div", hidden=(32,), steps=150, rate=1e-2, at="both")
    assert found.value == pytest.approx((1 / 12) ** 0.2, abs=0.04)
    x = torch.zeros(1, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(found.critic(x).sum(), x)
    assert slope.norm().item() == pytest.approx((1 / 12) ** 0.2, abs=0.05)
    assert slope[0, 0] > 0  # real = high


def test_the_same_seed_gives_the_same_figure():
    p, q = blobs(n=50)
    first, second = (critic_distance(p, q, steps=5, seed=2).value for _ in range(2))
    assert first == second


def test_unknown_constraints_are_refused():
    with pytest.raises(ValueError, match=r"constraint got 'none'.*no bound"):
        critic_distance(*blobs(n=10), "none")
