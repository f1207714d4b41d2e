import pytest
import torch
import torch.nn.functional as F

from zhnlp.nn.folded_convolution import FoldedBlock


def test_a_block_is_what_its_formula_says():
    torch.manual_seed(0)
    block = FoldedBlock(3, 4, (1, 2))
    x = torch.randn(2, 3, 11)
    y = x
    for layer, dilation in zip(block.layers, (1, 2)):
        y = F.conv1d(y, layer.weight, layer.bias, padding=dilation, dilation=dilation)
        y = y[:, :4].clamp(min=0) + y[:, 4:].clamp(min=0)
    expected = y + F.conv1d(x, block.residual.weight, block.residual.bias)
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_the_residual_path_is_plain_where_channels_agree_and_15_places_are_seen():
    block = FoldedBlock(4, 4)
    for parameter in block.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    x = torch.zeros(1, 4, 41, requires_grad=True)
    block(x)[0, 0, 20].backward()
    seen = x.grad[0].abs().sum(0).nonzero().flatten()
    assert (int(seen.min()), int(seen.max())) == (13, 27)
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(block(x), x)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel=2"):
        FoldedBlock(1, 1, kernel=2)
