"""Layer-wise rates over several families; optimizers by name.

Run: pytest tests/training/optimizers/test_layer_rates.py
"""

import pytest
import torch
import transformers
from problems import tiny_bert

from zhnlp.training.optimizers import layer_wise_groups, optimizer_by_name
from zhnlp.training.optimizers.layer_rates import parameter_levels

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 20,
}


def named_levels(model):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: level for parameter, level in parameter_levels(model)}


def test_bert_by_hand():
    groups = layer_wise_groups(tiny_bert(), lr=1.0, decay=0.5, weight_decay=0.1)
    assert [(group["name"], group["lr"], group["weight_decay"]) for group in groups] == [
        ("embeddings", 0.125, 0.1),
        ("embeddings, no decay", 0.125, 0.0),
        ("block 1", 0.25, 0.1),
        ("block 1, no decay", 0.25, 0.0),
        ("block 2", 0.5, 0.1),
        ("block 2, no decay", 0.5, 0.0),
        ("head", 1.0, 0.1),
        ("head, no decay", 1.0, 0.0),
    ]


FAMILIES = {
    "bert": lambda: transformers.BertForMaskedLM(transformers.BertConfig(**SMALL)),
    "roformer": lambda: transformers.RoFormerForMaskedLM(transformers.RoFormerConfig(**SMALL)),
    "modernbert": lambda: transformers.ModernBertForMaskedLM(
        transformers.ModernBertConfig(
            **SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2
        )
    ),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=20, bos_token_id=0, eos_token_id=0)
    ),
    "neox": lambda: transformers.GPTNeoXForCausalLM(
        transformers.GPTNeoXConfig(**SMALL, bos_token_id=0, eos_token_id=0)
    ),
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL)),
    "t5": lambda: transformers.T5ForConditionalGeneration(
        transformers.T5Config(d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2, vocab_size=20)
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_once_and_levels_rise(family):
    model = FAMILIES[family]()
    levels = named_levels(model)
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert set(levels) == trained
    assert levels[next(name for name in levels if "emb" in name or "wte" in name or "shared" in name)] == 0
    blocks = 4 if family == "t5" else 2
    assert set(levels.values()) >= set(range(blocks + 1))
    assert max(levels.values()) <= blocks + 1
    groups = layer_wise_groups(model, lr=1e-3)
    assert sum(parameter.numel() for group in groups for parameter in group["params"]) == sum(
        parameter.numel() for parameter in model.parameters() if parameter.requires_grad
    )
    rates = [group["lr"] for group in groups]
    assert rates == sorted(rates) and rates[-1] == 1e-3
    torch.optim.AdamW(groups)


def test_decay_1_is_one_rate_and_frozen_parameters_are_left_out():
    model = tiny_bert()
    model.bert.embeddings.requires_grad_(False)
    groups = layer_wise_groups(model, lr=2.0, decay=1.0)
    assert {group["lr"] for group in groups} == {2.0}
    assert "embeddings" not in {group["name"] for group in groups}


def test_refusals():
    with pytest.raises(ValueError, match=r"Linear has no nn.ModuleList of blocks"):
        layer_wise_groups(torch.nn.Linear(2, 2), lr=1.0)
    with pytest.raises(ValueError, match=r"decay got 1.5: expected a factor a level in \(0, 1\]"):
        layer_wise_groups(tiny_bert(), lr=1.0, decay=1.5)
    with pytest.raises(ValueError, match=r"lr got 0"):
        layer_wise_groups(tiny_bert(), lr=0)


def test_optimizers_by_name():
    weight = torch.nn.Parameter(torch.zeros(2))
    for name in ("AdamW", "adamw", "SGD", "RMSprop", "NAdam"):
        assert type(optimizer_by_name(name, [weight], lr=0.1)).__name__.lower() == name.lower()
    with pytest.raises(
        ValueError, match=r"no optimizer is called 'addam' in torch.optim: expected one like Ada"
    ):
        optimizer_by_name("addam", [weight])
