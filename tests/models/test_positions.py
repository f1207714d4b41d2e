"""`logits_at`: the same logits as the whole head gives, for every kind of language model.

Run: pytest tests/models/test_positions.py
"""

import pytest
import torch
from small_models import KINDS, make_model
from transformers import ModernBertConfig, ModernBertForMaskedLM, RobertaConfig, RobertaForMaskedLM

from zhnlp.models.positions import logits_at

SMALL = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "pad_token_id": 0,
}


def modern():
    ends = {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
    return ModernBertForMaskedLM(ModernBertConfig(**SMALL, **ends)).eval()


MODELS = {
    **{kind: (lambda kind=kind: make_model(kind)) for kind in KINDS},
    "roberta": lambda: RobertaForMaskedLM(RobertaConfig(**SMALL)).eval(),
    "modernbert": modern,
}


@pytest.mark.parametrize("kind", MODELS)
def test_it_is_the_head_at_these_positions(kind):
    model = MODELS[kind]()
    ids = torch.randint(5, 40, (3, 11), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    where = torch.tensor([0, 10, 12, 32, 12])  # 12 twice
    with torch.no_grad():
        whole = model(input_ids=ids, attention_mask=mask).logits.flatten(0, 1)
        assert torch.allclose(
            logits_at(model, where, input_ids=ids, attention_mask=mask), whole[where], atol=1e-5
        )
        assert torch.equal(
            model(input_ids=ids, attention_mask=mask).logits.flatten(0, 1), whole
        )  # nothing stays behind


def test_a_model_without_a_language_head_is_refused():
    from transformers import BertConfig, BertForSequenceClassification

    model = BertForSequenceClassification(BertConfig(**SMALL)).eval()
    with torch.no_grad(), pytest.raises((TypeError, IndexError)):
        logits_at(model, torch.tensor([0, 1]), input_ids=torch.ones(2, 3, dtype=torch.long))
    assert not model.base_model._forward_hooks
