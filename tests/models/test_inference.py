"""`speed_up`: the same outputs, and the stock pass where more is asked for.

Run: pytest tests/models/test_inference.py
"""

import copy
import pickle

import pytest
import torch
import transformers
from small_models import make_model

from zhnlp.models.inference import RoFormerModel, speed_up
from zhnlp.models.positions import logits_at

IDS = torch.randint(5, 60, (3, 17), generator=torch.Generator().manual_seed(0))
MASK = torch.ones_like(IDS)
MASK[1, 9:] = 0


def test_a_roformer_gives_what_it_gave():
    stock, fast = make_model("roformer"), speed_up(make_model("roformer"))
    assert type(fast.roformer) is RoFormerModel
    with torch.no_grad():
        wanted = stock(input_ids=IDS, attention_mask=MASK).logits
        found = fast(input_ids=IDS, attention_mask=MASK).logits
        assert torch.allclose(found[MASK.bool()], wanted[MASK.bool()], atol=1e-4)
        where = torch.tensor([2, 20, 50])
        at = logits_at(fast, where, input_ids=IDS, attention_mask=MASK)
        assert torch.allclose(at, wanted.flatten(0, 1)[where], atol=1e-4)


def test_all_layers_come_from_the_stock_pass():
    stock, fast = make_model("roformer").roformer, speed_up(make_model("roformer")).roformer
    with torch.no_grad():
        layers = fast(input_ids=IDS, output_hidden_states=True).hidden_states
        for one, other in zip(
            layers, stock(input_ids=IDS, output_hidden_states=True).hidden_states, strict=True
        ):
            assert torch.equal(one, other)
        assert isinstance(fast(input_ids=IDS, return_dict=False), tuple)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_other_models_stay_as_they_are(kind):
    model = make_model(kind)
    before = type(model.base_model)
    assert speed_up(model) is model and type(model.base_model) is before


def test_a_roformer_that_turns_its_values_stays_as_it_is():
    config = transformers.RoFormerConfig(
        vocab_size=60, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, rotary_value=True
    )
    model = transformers.RoFormerForMaskedLM(config)
    assert type(speed_up(model).roformer) is transformers.RoFormerModel


def test_copies_run_their_own_weights():
    fast = speed_up(make_model("roformer"))
    copied, stored = copy.deepcopy(fast), pickle.loads(pickle.dumps(fast))
    with torch.no_grad():
        wanted = fast(input_ids=IDS, attention_mask=MASK).logits
        for other in (copied, stored):
            assert type(other.roformer) is RoFormerModel
            assert torch.equal(other(input_ids=IDS, attention_mask=MASK).logits, wanted)
        for parameter in copied.roformer.parameters():
            parameter.zero_()
        assert not copied.roformer(input_ids=IDS)[0].any()
        assert torch.equal(fast(input_ids=IDS, attention_mask=MASK).logits, wanted)
