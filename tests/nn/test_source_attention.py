import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from zhnlp.nn.source_attention import SourceAttention


def test_by_hand():
    """One head of one feature: products 0 and ln 3, so weights 1/4 and 3/4."""
    attention = SourceAttention(1, heads=1)
    for layer in (attention.query, attention.key, attention.value):
        nn.init.ones_(layer.weight)
    source = torch.tensor([[[0.0], [1.0]]])
    seen, weights = attention(torch.tensor([[[3.0]]]).log(), *attention.read(source), torch.ones(1, 2))
    torch.testing.assert_close(weights, torch.tensor([[[[0.25, 0.75]]]]))
    torch.testing.assert_close(seen, torch.tensor([[[0.75]]]))


def test_it_is_the_attention_of_torch_without_the_last_map():
    torch.manual_seed(0)
    ours, theirs = SourceAttention(8, heads=2), nn.MultiheadAttention(8, 2, bias=False, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.out_proj.weight.copy_(torch.eye(8))
    x, source, mask = (
        torch.randn(3, 4, 8),
        torch.randn(3, 5, 8),
        torch.tensor([[1] * 5, [1, 1, 0, 0, 0], [1] * 4 + [0]]),
    )
    expected = theirs(x, source, source, key_padding_mask=mask == 0, average_attn_weights=False)
    torch.testing.assert_close(ours(x, *ours.read(source), mask), expected)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_padding_has_no_weight_and_all_else_sums_to_one(length, seed):
    torch.manual_seed(seed)
    attention, mask = SourceAttention(4, heads=2), (torch.arange(6) < length).long()[None]
    _, weights = attention(torch.randn(1, 3, 4), *attention.read(torch.randn(1, 6, 4)), mask)
    assert not weights[..., length:].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 2, 3))


def test_a_source_without_a_token_gives_numbers():
    attention = SourceAttention(4, heads=2)
    seen, _ = attention(torch.randn(1, 3, 4), *attention.read(torch.zeros(1, 6, 4)), torch.zeros(1, 6))
    assert not seen.any()


def test_heads_that_do_not_divide_the_features_are_refused():
    with pytest.raises(ValueError, match="3 heads and 8 features"):
        SourceAttention(8, heads=3)
