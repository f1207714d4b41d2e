"""Learning rates by the number of parameters.

Run: pytest tests/training/test_learning_rates.py
"""

import pytest
import torch
from torch import nn

from zhnlp.training.learning_rates import adaptation_rate, learning_rate, soft_rate


class Sized(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(int(count), device="meta"))


@pytest.mark.parametrize(
    "rate, small, large",
    [(learning_rate, 3e-4, 2e-5), (soft_rate, 1e-2, 6e-4), (adaptation_rate, 5e-4, 5e-5)],
)
def test_at_the_two_sizes_between_and_beyond(rate, small, large):
    assert rate(Sized(5e6)) == pytest.approx(small) and rate(Sized(100e6)) == pytest.approx(large)
    middle = rate(Sized((5e6 * 100e6) ** 0.5))
    assert middle == pytest.approx((small * large) ** 0.5)
    sizes = [10, 1e5, 5e6, 3e7, 1e8, 3e8, 1e10]
    rates = [rate(Sized(size)) for size in sizes]
    assert rates == sorted(rates, reverse=True) and rates[-1] > 0
