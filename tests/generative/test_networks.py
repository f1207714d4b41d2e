import pytest
import torch

from zhnlp.generative.networks import PRESETS, Residual, decoder, encoder


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 28, 23), (3, 64, 64), (1, 8, 8), (1, 29, 27)])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("norm", [False, True])
def test_shapes_go_there_and_back(preset, shape, norm):
    read, write = encoder(preset, shape, 6, norm=norm), decoder(preset, 6, shape, norm=norm)
    codes = read(torch.rand(2, *shape))
    assert codes.shape == (2, 6)
    images = write(codes)
    assert images.shape == (2, *shape)
    images.sum().backward()
    assert all(one.grad is not None for one in [*read.parameters(), *write.parameters()])


def test_widths_of_ones_own():
    assert [layer.out_features for layer in encoder("mlp", (2,), 3, hidden=[5, 7])[1::2]] == [5, 7, 3]
    assert [layer.out_features for layer in decoder("mlp", 3, (2,), hidden=[5, 7])[:-1:2]] == [7, 5, 2]


def test_a_residual_block_begins_as_the_identity():
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(Residual(4)(x), x)


def test_unknown_presets_and_shapes_are_refused():
    with pytest.raises(ValueError, match="preset='conv' is not known"):
        encoder("conv", (1, 8, 8), 2)
    with pytest.raises(ValueError, match="reads images"):
        decoder("conv28", 2, (5,))
    with pytest.raises(ValueError, match="expected 2 widths"):
        encoder("conv28", (1, 28, 28), 2, hidden=[4])
