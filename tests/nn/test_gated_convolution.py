"""Gated convolutions: their twin, how far they see, padding, noise.

Run: pytest tests/nn/test_gated_convolution.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from zhnlp.nn.gated_convolution import GatedConv, GatedConvStack, receptive_field

LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=4)


def mask_of(lengths, longest):
    return (torch.arange(longest) < torch.tensor(lengths)[:, None]).long()


def test_by_hand_with_one_feature():
    """v = 2 x_left + x, g = σ(ln 3) = 3/4 everywhere: y = x/4 + 3/4 (2 x_left + x) = x + 3/2 x_left."""
    conv = GatedConv(1, rate=2)
    with torch.no_grad():
        conv.conv.weight.copy_(torch.tensor([[[2.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]]))
        conv.conv.bias.copy_(torch.tensor([0.0, 3.0]).log().nan_to_num(neginf=0.0))
    x = torch.tensor([[[1.0], [10.0], [100.0], [1000.0]]])
    torch.testing.assert_close(conv(x)[0, :, 0], torch.tensor([1.0, 10.0, 101.5, 1015.0]))


@settings(max_examples=40)
@given(st.integers(0, 99), st.sampled_from([1, 3, 5]), st.integers(1, 4))
def test_it_is_a_gated_linear_unit_with_a_residual(seed, kernel, rate):
    """The identity moves into the middle tap: x + conv'(x) · σ(gate) with conv' = conv - identity."""
    torch.manual_seed(seed)
    ours = GatedConv(6, kernel=kernel, rate=rate).eval()
    twin = nn.Conv1d(6, 12, kernel, dilation=rate, padding="same")
    twin.load_state_dict(ours.conv.state_dict())
    with torch.no_grad():
        twin.weight[:6, :, kernel // 2] -= torch.eye(6)
    x = torch.randn(3, 9, 6)
    expected = x + nn.functional.glu(twin(x.mT), 1).mT
    torch.testing.assert_close(ours(x), expected, rtol=0, atol=1e-6)


def test_other_widths_have_no_residual_and_a_spectrum_may_have_one_channel():
    conv, x = GatedConv(1, 4, kernel=5), torch.randn(2, 401, 1)
    value, gate = conv.conv(x.mT).mT.chunk(2, -1)
    torch.testing.assert_close(conv(x), value * gate.sigmoid())
    assert conv(x).shape == (2, 401, 4)


@pytest.mark.parametrize(
    ("rates", "kernel", "field"), [((1, 2, 4, 8, 16, 1), 3, 65), ((1, 2, 1), 3, 9), ((3,), 5, 13)]
)
def test_how_far_a_place_sees_by_gradient(rates, kernel, field):
    torch.manual_seed(0)
    stack = GatedConvStack(3, rates, kernel=kernel).double()
    x = torch.randn(1, 141, 3, dtype=torch.float64, requires_grad=True)
    stack(x)[0, 70].sum().backward()
    seen = x.grad[0].abs().sum(-1).nonzero()[:, 0]
    assert seen.min() == 70 - field // 2 and seen.max() == 70 + field // 2
    assert stack.receptive_field == receptive_field(rates, kernel) == field


@torch.no_grad()
@settings(max_examples=30)
@given(LENGTHS, st.integers(0, 3))
def test_what_stands_in_the_padding_changes_nothing(lengths, more):
    torch.manual_seed(1)
    mask = mask_of(lengths, 7 + more)
    x = torch.randn(len(lengths), 7 + more, 4)
    for layer in (GatedConvStack(4, (1, 2, 1)), GatedConv(4, 5), GatedConv(4)):
        found = layer(x, mask)
        torch.testing.assert_close(layer(x.masked_fill(mask[..., None] == 0, float("nan")), mask), found)
        torch.testing.assert_close(layer(x[:, :7], mask[:, :7]), found[:, :7])
        assert float(found[mask == 0].abs().sum()) == 0
        for row, length in enumerate(lengths):
            if length:
                torch.testing.assert_close(layer(x[row : row + 1, :length])[0], found[row, :length])


def test_rows_without_a_place():
    assert GatedConvStack(4, (1, 2))(torch.zeros(3, 0, 4), torch.zeros(3, 0)).shape == (3, 0, 4)


def test_a_stack_is_its_blocks_one_above_the_other():
    torch.manual_seed(2)
    stack, x, mask = GatedConvStack(4, (1, 2, 1)), torch.randn(2, 6, 4), mask_of([6, 3], 6)
    y = x
    for block in stack.blocks:
        y = block(y, mask)
    torch.testing.assert_close(stack(x, mask), y)


def test_noise_is_on_the_gates_in_training_alone():
    """With x = 0 and gate biases of 8, the gates move between σ(8 · .9) and σ(8 · 1.1)."""
    conv = GatedConv(1, 2, noise=0.1)
    with torch.no_grad():
        conv.conv.bias.copy_(torch.tensor([1.0, 1.0, 8.0, 8.0]))
    x = torch.zeros(1, 500, 1)
    low, middle, high = torch.tensor([7.2, 8.0, 8.8]).sigmoid()
    torch.manual_seed(3)
    found = conv.train()(x)
    assert low - 1e-6 <= found.min() < middle < found.max() <= high + 1e-6 and found.unique().numel() > 100
    assert torch.equal(conv.eval()(x), torch.full((1, 500, 2), float(middle)))


def test_dropout_leaves_gates_half_open():
    conv = GatedConv(1, 2, dropout=0.5)
    with torch.no_grad():
        conv.conv.bias.copy_(torch.tensor([1.0, 1.0, 8.0, 8.0]))
    found = conv.train()(torch.zeros(1, 500, 1))
    assert sorted(round(value, 3) for value in found.unique().tolist()) == [0.5, 1.0]


def test_shut_gates_let_everything_pass_and_open_ones_nothing():
    stack, x = GatedConvStack(8, (1,) * 40), torch.randn(1, 20, 8, requires_grad=True)
    for block in stack.blocks:
        nn.init.constant_(block.conv.bias[8:], -1e4)
    y = stack(x)
    assert torch.equal(y, x)
    y.sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))
    conv = GatedConv(8)
    nn.init.constant_(conv.conv.bias[8:], 1e4)
    torch.testing.assert_close(conv(x), conv.conv(x.mT).mT[..., :8])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kernel": 4}, "kernel=4.*odd kernel"),
        ({"rate": 0}, "rate=0"),
        ({"out_size": 0}, "out_size=0"),
        ({"noise": 1.0}, r"noise=1.0 is not possible"),
    ],
)
def test_sizes_that_cannot_be(options, said):
    with pytest.raises(ValueError, match=said):
        GatedConv(3, **options)
