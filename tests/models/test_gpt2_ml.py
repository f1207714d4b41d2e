"""GPT2_ML: against numpy, with a cache and without, through the Auto classes, and with the decoder.

Run: pytest tests/models/test_gpt2_ml.py
"""

import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from zhnlp.decoding import CausalStep, generate
from zhnlp.models.gpt2_ml import GPT2MLConfig, GPT2MLForCausalLM, register
from zhnlp.nn.masks import additive, causal

SIZES = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
}


def made(seed=0, **changes):
    torch.manual_seed(seed)
    model = GPT2MLForCausalLM(GPT2MLConfig(**{**SIZES, "bos_token_id": 1, "eos_token_id": 2, **changes}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # else norms and biases do nothing
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return made()


def norm(x, weights, name):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def in_numpy(model, ids):
    """Logits (L, V) of one text in float64, head by head and position by position."""
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    heads, size = (
        model.config.num_attention_heads,
        model.config.hidden_size // model.config.num_attention_heads,
    )
    h = norm(
        weights["model.tokens.weight"][ids] + weights["model.positions.weight"][: len(ids)],
        weights,
        "model.norm",
    )
    for number in range(model.config.num_hidden_layers):
        name = f"model.layers.{number}"
        query, key, value = (linear(h, weights, f"{name}.{part}") for part in ("query", "key", "value"))
        seen = np.zeros_like(h)
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            for place in range(len(ids)):
                scores = key[: place + 1, own] @ query[place, own] / math.sqrt(size)
                shares = np.exp(scores - scores.max())
                seen[place, own] = shares / shares.sum() @ value[: place + 1, own]
        a = h + linear(seen, weights, f"{name}.projection")
        inner = linear(norm(a, weights, f"{name}.norm_before"), weights, f"{name}.intermediate")
        inner *= 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        h = norm(a + linear(inner, weights, f"{name}.output"), weights, f"{name}.norm_after")
    return h @ weights["model.tokens.weight"].T


@torch.no_grad()
def test_logits_are_those_of_numpy(model):
    ids = [7, 3, 29, 11, 11, 4, 18]
    np.testing.assert_allclose(model(torch.tensor([ids])).logits[0].numpy(), in_numpy(model, ids), atol=1e-5)


def test_every_weight_learns_but_those_that_cannot(model):
    """A bias of the keys moves all scores of a query alike."""
    ids = torch.tensor([[7, 3, 29, 11]])
    loss = model(ids, labels=ids).loss
    loss.backward()
    with torch.no_grad():
        by_hand = -model(ids).logits[0, :-1].log_softmax(-1)[torch.arange(3), ids[0, 1:]].mean()
    assert loss.item() == pytest.approx(by_hand.item(), abs=1e-6)
    for name, parameter in model.named_parameters():
        moved = parameter.grad.abs().max().item()
        assert moved > 1e-7 if not name.endswith("key.bias") else moved < 1e-6, name
    model.zero_grad()


@torch.no_grad()
def test_no_position_sees_a_later_one(model):
    ids = torch.tensor([[7, 3, 29, 11, 5]])
    changed = ids.clone()
    changed[0, 3] = 6
    first, second = model(ids).logits[0], model(changed).logits[0]
    assert torch.equal(first[:3], second[:3]) and not torch.allclose(first[3], second[3])


@torch.no_grad()
@pytest.mark.parametrize("parts", [[1] * 6, [3, 1, 2], [5, 1]])
def test_with_a_cache_as_without(model, parts):
    ids = torch.tensor([[7, 3, 29, 11, 11, 4], [1, 2, 3, 4, 5, 6]])
    whole, past, logits = model(ids).logits, None, []
    for part in ids.split(parts, dim=1):
        output = model(part, past_key_values=past, use_cache=True)
        past = output.past_key_values
        logits.append(output.logits)
    torch.testing.assert_close(torch.cat(logits, 1), whole, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_padding_on_either_side_changes_nothing(model):
    ids = torch.tensor([[7, 3, 29]])
    alone = model(ids).logits[0]
    left, right = torch.tensor([[0, 0, 7, 3, 29]]), torch.tensor([[7, 3, 29, 0, 0]])
    torch.testing.assert_close(
        model(left, attention_mask=(left > 0).long()).logits[0, 2:], alone, atol=1e-5, rtol=1e-5
    )
    torch.testing.assert_close(
        model(right, attention_mask=(right > 0).long()).logits[0, :3], alone, atol=1e-5, rtol=1e-5
    )
    given = model(ids, attention_mask=additive(causal(3))).logits[0]
    torch.testing.assert_close(given, alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("beams", [1, 3])
def test_the_decoder_writes_what_a_loop_without_cache_writes(model, beams):
    prefix, mask = torch.tensor([[0, 0, 5, 9], [7, 8, 9, 10]]), torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    found = generate(CausalStep(model, mask), prefix, prefix_mask=mask, end=2, max_new_tokens=8, beams=beams)
    written = [[5, 9], [7, 8, 9, 10]]
    for [best], ids in zip(found, written):
        logs = model(torch.tensor([ids + best.tokens])).logits[0].log_softmax(-1)
        tokens = best.tokens + [2] * best.ended
        likely = sum(logs[len(ids) - 1 + place, token].item() for place, token in enumerate(tokens))
        assert best.log_probability == pytest.approx(likely, abs=1e-4)
        if beams == 1:
            greedy = list(ids)
            while len(greedy) < len(ids) + 8 and greedy[-1] != 2:
                greedy.append(int(model(torch.tensor([greedy])).logits[0, -1].argmax()))
            assert tokens == greedy[len(ids) :]


def test_generate_of_transformers_agrees(model):
    ids = torch.tensor([[7, 3, 29]])
    cached, plain = (
        model.generate(ids, max_new_tokens=9, do_sample=False, use_cache=use, pad_token_id=0)
        for use in (True, False)
    )
    assert torch.equal(cached, plain)


@torch.no_grad()
def test_saved_and_loaded(model, tmp_path):
    model.save_pretrained(tmp_path)
    register()
    register()
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    ids = torch.tensor([[7, 3, 29]])
    assert type(again) is GPT2MLForCausalLM and torch.equal(again(ids).logits, model(ids).logits)
    assert again.lm_head.weight.data_ptr() == again.model.tokens.weight.data_ptr()
    torch.testing.assert_close(model(ids, logits_to_keep=1).logits, model(ids).logits[:, -1:])


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing_enable:FutureWarning")
def test_gradient_checkpointing_gives_the_same_gradients():
    ids, grads = torch.tensor([[7, 3, 29, 11]]), []
    for checkpointing in (False, True):
        one = made(hidden_dropout=0.0).train()
        if checkpointing:
            one.gradient_checkpointing_enable()
        one(ids, labels=ids).loss.backward()
        grads.append([parameter.grad for parameter in one.parameters()])
    for first, second in zip(*grads):
        torch.testing.assert_close(first, second)


def test_refusals(model):
    with pytest.raises(ValueError, match=r"num_attention_heads=5 do not fit"):
        GPT2MLConfig(hidden_size=16, num_attention_heads=5)
    with pytest.raises(ValueError, match="got 21 tokens, and the model has 20 positions"):
        model(torch.ones(1, 21, dtype=torch.long))
