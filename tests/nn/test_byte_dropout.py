"""Dropout by bytes: its rate, its mean, its seed, what it leaves alone."""

import pytest
import torch
from torch import nn

from zhnlp.nn.byte_dropout import ByteDropout


@pytest.mark.parametrize(("p", "rounded"), [(0.1, 26 / 256), (0.5, 0.5), (0.9, 230 / 256)])
def test_its_rate_is_that_of_the_nearest_256th_and_its_mean_stays(p, rounded):
    torch.manual_seed(0)
    y = ByteDropout(p)(torch.ones(400, 1001))
    assert (y == 0).float().mean().item() == pytest.approx(rounded, abs=0.003)
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(y.max().item(), 1 / (1 - rounded))


def test_every_place_is_drawn_by_itself():
    """The eight bytes of a drawn word are independent, the sign bit too."""
    torch.manual_seed(0)
    dropped = (ByteDropout(0.5)(torch.ones(50_000, 8)) == 0).double()
    assert (dropped.mean(0) - 0.5).abs().max() < 0.01
    assert (torch.corrcoef(dropped.T) - torch.eye(8)).abs().max() < 0.02


def test_the_gradient_goes_where_the_number_went():
    x = torch.randn(3, 5, requires_grad=True)
    torch.manual_seed(1)
    y = ByteDropout(0.3)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y / x).detach())
    torch.manual_seed(1)
    assert torch.equal(ByteDropout(0.3)(x), y)


def test_it_stands_for_torchs_own():
    layer, x = ByteDropout(0.1), torch.randn(4, 3)
    assert isinstance(layer, nn.Dropout) and torch.equal(layer.eval()(x), x)
    assert torch.equal(ByteDropout(0.0)(x), x) and ByteDropout(0.2)(torch.zeros(0, 3)).shape == (0, 3)
    assert ByteDropout(1.0)(x).abs().sum() == 0
    half = ByteDropout(0.1)(x.bfloat16())
    assert half.dtype == torch.bfloat16
