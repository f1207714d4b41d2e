"""Dropout turned on for a while.

Run: pytest tests/few_shot/training/test_dropout.py
"""

import pytest
import torch
from small_models import make_model
from torch import nn

from zhnlp.training.dropout import dropout_on


@pytest.mark.parametrize("kind", ["bert", "roformer", "gpt2"])
def test_two_passes_differ_inside_and_agree_outside(kind):
    names = {"gpt2": ("resid_pdrop", "embd_pdrop", "attn_pdrop")}.get(
        kind, ("hidden_dropout_prob", "attention_probs_dropout_prob")
    )
    model = make_model(kind, **dict.fromkeys(names, 0.0)).train()
    ids = torch.tensor([[2, 7, 8, 9, 3]])
    assert model(ids).logits.equal(model(ids).logits)
    with dropout_on(model, 0.3) as changed:
        assert changed and not model(ids).logits.equal(model(ids).logits)
    assert model(ids).logits.equal(model(ids).logits)


def test_a_model_with_dropout_keeps_its_own():
    layers = nn.Sequential(nn.Dropout(0.2), nn.Dropout(0.0))
    with dropout_on(layers) as changed:
        assert (changed, [layer.p for layer in layers]) == (0, [0.2, 0.0])


def test_a_model_without_dropout_modules_is_refused():
    with (
        pytest.raises(ValueError, match=r"Linear has no dropout modules.*r_drop=0"),
        dropout_on(nn.Linear(1, 1)),
    ):
        pass
