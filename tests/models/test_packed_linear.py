"""Packed weights: the same numbers, the original left alone.

Run: pytest tests/models/test_packed_linear.py
"""

import pytest
import torch
from small_models import make_model
from torch import nn

from zhnlp.decoding import CausalStep, generate
from zhnlp.models.packed_linear import PackedLinear, can_pack, pack_linear

needs_packing = pytest.mark.skipif(not can_pack(), reason="this PyTorch has no packed linear layers")


@needs_packing
@pytest.mark.parametrize("shape", [(5,), (1, 5), (7, 5), (2, 3, 5)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_it_is_the_linear_layer(shape, with_bias):
    torch.manual_seed(0)
    layer = nn.Linear(5, 33, bias=with_bias)
    x = torch.randn(shape)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(layer.weight, layer.bias)(x), layer(x))


@needs_packing
@pytest.mark.parametrize("kind", ["gpt2", "gpt-neox", "llama"])
def test_a_packed_model_writes_the_same(kind):
    model = make_model(kind)
    packed = pack_linear(model)
    linear = [module for module in packed.modules() if isinstance(module, PackedLinear)]
    assert len(linear) > 8 and not any(isinstance(module, nn.Linear) for module in packed.modules())
    assert not any(isinstance(module, PackedLinear) for module in model.modules())
    assert packed.get_input_embeddings().weight is model.get_input_embeddings().weight
    ids = torch.tensor([[2, 7, 8, 9], [2, 11, 6, 7]])
    for options in ({}, {"beams": 3, "num_return": 3}):
        ours, theirs = (
            generate(CausalStep(one), ids, end=3, max_new_tokens=8, **options) for one in (packed, model)
        )
        for group, other in zip(ours, theirs):
            assert [one.tokens for one in group] == [one.tokens for one in other]
            assert [one.score for one in group] == pytest.approx([one.score for one in other], abs=1e-4)


def test_other_numbers_and_large_models_stay(monkeypatch):
    model = make_model("gpt2")
    assert pack_linear(model.bfloat16()) is model
    monkeypatch.setattr("zhnlp.models.packed_linear.MOST", 1000)
    assert pack_linear(model.float()) is model
