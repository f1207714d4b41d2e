"""Pooling: by hand, padding on both sides, texts without a token, sentence-transformers as oracle.

Run: pytest tests/nn/test_pooling.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.nn.pooling import POOLINGS, Pooling, pool

X = torch.tensor([[[1.0, 5.0], [3.0, 1.0], [9.0, 9.0]]])
BY_HAND = {"mean": [2.0, 3.0], "cls": [1.0, 5.0], "max": [3.0, 5.0], "last": [3.0, 1.0]}


@pytest.mark.parametrize("pooling", list(BY_HAND))
def test_by_hand_with_padding_on_either_side(pooling):
    wanted = torch.tensor([BY_HAND[pooling]])
    assert torch.equal(pool(X, torch.tensor([[1, 1, 0]]), pooling), wanted)
    assert torch.equal(pool(X[:, [2, 0, 1]], torch.tensor([[0, 1, 1]]), pooling), wanted)


@pytest.mark.parametrize("pooling", POOLINGS)
@settings(max_examples=15, deadline=None)
@given(length=st.integers(1, 5), more=st.integers(0, 4), seed=st.integers(0, 99))
def test_what_stands_in_the_padding_changes_nothing(pooling, length, more, seed):
    torch.manual_seed(seed)
    layer, layers = Pooling(pooling, 3), [torch.randn(2, length, 3) for _ in range(2)]
    alone = layer(layers, torch.ones(2, length))
    padded = [torch.cat((one, torch.full((2, more, 3), float("nan"))), 1) for one in layers]
    mask = torch.cat((torch.ones(2, length), torch.zeros(2, more)), 1)
    torch.testing.assert_close(layer(padded, mask), alone, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_without_a_token_is_zero(pooling):
    found = Pooling(pooling, 2)([X, X], torch.tensor([[0, 0, 0]]))
    assert torch.equal(found, torch.zeros(1, 2))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradients_reach_every_real_place_that_counts_and_no_padding(pooling):
    torch.manual_seed(0)
    layer, x = Pooling(pooling, 3), torch.randn(1, 4, 3, requires_grad=True)
    layer([x, x], torch.tensor([[1, 1, 1, 0]])).square().sum().backward()
    assert not x.grad[0, 3].any() and x.grad[0, :3].any()
    assert all(parameter.grad is not None for parameter in layer.parameters())


@pytest.mark.parametrize(
    "ours, theirs", [("mean", "mean"), ("cls", "cls"), ("max", "max"), ("last", "lasttoken")]
)
def test_sentence_transformers_agrees(ours, theirs):
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    torch.manual_seed(1)
    x, mask = torch.randn(3, 5, 4), torch.tensor([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    wanted = modules.Pooling(4, theirs)({"token_embeddings": x, "attention_mask": mask})["sentence_embedding"]
    torch.testing.assert_close(pool(x, mask, ours), wanted)


def test_half_precision_is_pooled_in_float32():
    x = torch.ones(1, 4096, 1, dtype=torch.float16)
    assert Pooling("mean", 1)([x], torch.ones(1, 4096)).item() == 1.0


def test_refusals():
    with pytest.raises(ValueError, match="pooling='middle' is not known"):
        Pooling("middle", 3)
    with pytest.raises(ValueError, match=r"expected \(B, L, D\) and \(B, L\)"):
        pool(X, torch.ones(1, 2))
