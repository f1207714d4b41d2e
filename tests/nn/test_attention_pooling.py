"""Attention pooling: by hand, padding, both forms.

Run: pytest tests/nn/test_attention_pooling.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.nn.attention_pooling import AttentionPooling


def test_additive_by_hand():
    """W = 1, α = ln 3 / tanh 1, x = 1, 0: weights 3/4 and 1/4."""
    pooling = AttentionPooling(1)
    with torch.no_grad():
        pooling.inner.weight.fill_(1)
        pooling.outer.weight.fill_(float(torch.tensor(3.0).log() / torch.tensor(1.0).tanh()))
    x = torch.tensor([[[1.0], [0.0]]])
    torch.testing.assert_close(pooling.weights(x), torch.tensor([[0.75, 0.25]]))
    torch.testing.assert_close(pooling(x), torch.tensor([[0.75]]))


def test_plain_by_hand():
    pooling = AttentionPooling(2, 0)
    with torch.no_grad():
        pooling.outer.weight.copy_(torch.tensor([[float(torch.tensor(3.0).log()), 0.0]]))
    x = torch.tensor([[[1.0, 8.0], [0.0, 4.0], [9.0, 9.0]]])
    torch.testing.assert_close(pooling(x, torch.tensor([[1, 1, 0]])), torch.tensor([[0.75, 7.0]]))
    assert len(list(pooling.parameters())) == 1


def test_swish_and_bias():
    torch.manual_seed(0)
    pooling, x = AttentionPooling(3, 5, activation="swish", bias=True), torch.randn(2, 4, 3)
    inner = x @ pooling.inner.weight.T + pooling.inner.bias
    weights = (inner * inner.sigmoid() @ pooling.outer.weight[0]).softmax(-1)
    torch.testing.assert_close(pooling(x), torch.einsum("bl,bld->bd", weights, x))


@torch.no_grad()
@settings(max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.sampled_from([None, 0, 2]))
def test_padding_changes_nothing_and_an_empty_row_is_zero(lengths, hidden):
    torch.manual_seed(1)
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    x, pooling = torch.randn(len(lengths), 6, 4), AttentionPooling(4, hidden)
    found = pooling(x, mask)
    torch.testing.assert_close(pooling(x.masked_fill(~mask[..., None], float("nan")), mask), found)
    for row, length in enumerate(lengths):
        expected = pooling(x[row : row + 1, :length])[0] if length else torch.zeros(4)
        torch.testing.assert_close(found[row], expected)


def test_gradients_of_a_row_without_places_are_no_nan():
    x = torch.randn(1, 3, 4, requires_grad=True)
    AttentionPooling(4)(x, torch.zeros(1, 3)).sum().backward()
    assert x.grad.abs().sum() == 0


def test_another_activation_is_refused():
    with pytest.raises(ValueError, match="activation got 'relu': expected one of tanh, swish"):
        AttentionPooling(4, activation="relu")
