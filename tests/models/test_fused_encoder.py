"""The fused reading of encoders: transformers as oracle, padding, what is left alone.

Run: pytest tests/models/test_fused_encoder.py
"""

import pytest
import torch
import transformers

from zhnlp.models.fused_encoder import FusedEncoder, can_fuse

SIZES = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
KINDS = [
    ("BertModel", "BertConfig", {}),
    ("RobertaModel", "RobertaConfig", {"pad_token_id": 1}),
    ("RoFormerModel", "RoFormerConfig", {"embedding_size": 32}),
    ("RoFormerModel", "RoFormerConfig", {"embedding_size": 16}),
]


def make(kind, config, more):
    torch.manual_seed(0)
    model = getattr(transformers, kind)(getattr(transformers, config)(**SIZES, **more)).eval()
    for name, parameter in model.named_parameters():  # biases and norms that are not 0 and 1
        if "embed_positions" not in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.skipif(not can_fuse(make(*KINDS[0])), reason="this PyTorch has no oneDNN")
@pytest.mark.parametrize("kind, config, more", KINDS, ids=["bert", "roberta", "roformer", "roformer-narrow"])
def test_states_are_those_of_transformers(kind, config, more):
    model = make(kind, config, more)
    assert can_fuse(model)
    ids = torch.randint(5, 40, (3, 7))
    mask = (torch.arange(7) < torch.tensor([7, 3, 1])[:, None]).long()
    ids = torch.where(mask == 1, ids, model.config.pad_token_id)
    with torch.inference_mode():
        first, last = FusedEncoder(model)(ids, mask)
        states = model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        alone = FusedEncoder(model)(ids[1:2, :3], mask[1:2, :3])[1]
    for ours, theirs in ((first, states[1]), (last, states[-1])):
        assert (ours - theirs)[mask == 1].abs().max() < 1e-5
    assert (last[1, :3] - alone[0]).abs().max() < 1e-5


def test_what_is_not_the_same_is_left_alone():
    bert = make(*KINDS[0])
    assert not can_fuse(bert.to(torch.bfloat16))
    assert not can_fuse(make("BertModel", "BertConfig", {"hidden_act": "relu"}))
    assert not can_fuse(make("BertModel", "BertConfig", {"is_decoder": True}))
    assert not can_fuse(make("RoFormerModel", "RoFormerConfig", {"rotary_value": True}))
    gpt = transformers.GPT2Model(
        transformers.GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2)
    )
    assert not can_fuse(gpt)
