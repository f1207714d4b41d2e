"""int8 checkpoints: the error of a row, ties, sizes, what is refused.

Run: pytest tests/checkpoints
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    RoFormerConfig,
    RoFormerForMaskedLM,
)

from zhnlp.checkpoints import quantized
from zhnlp.checkpoints.header import read_header

SMALL = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def roformer():
    torch.manual_seed(0)
    return RoFormerForMaskedLM(RoFormerConfig(embedding_size=32, **SMALL)).eval()


def test_a_matrix_by_hand():
    q, scale = quantized.quantize(torch.tensor([[254.0, -127.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    assert q.tolist() == [[127, -64, 2, 0], [0, 0, 0, 0]] and scale.tolist() == [2.0, 0.0]
    assert quantized.dequantize(q, scale).tolist() == [[254.0, -128.0, 4.0, 0.0], [0.0] * 4]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**31), st.floats(-9, 6), st.sampled_from([(3, 7), (2, 3, 4), (1, 1)]))
def test_the_error_is_at_most_half_a_step(seed, exponent, shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 10**exponent
    if weight.abs().max() > 8e6:
        weight = weight.clamp(-8e6, 8e6)
    q, scale = quantized.quantize(weight)
    error = (weight - quantized.dequantize(q, scale)).abs().flatten(1).amax(1)
    assert (error <= scale.float() / 2 * (1 + 1e-5)).all()
    largest = weight.abs().flatten(1).amax(1)
    assert (scale.float() <= largest / 127 * (1 + 2**-10) + 6e-8).all()  # fp16 rounds up by no more
    again, same = quantized.quantize(quantized.dequantize(q, scale))
    assert (quantized.dequantize(again, same) - quantized.dequantize(q, scale)).abs().max() <= scale.max()


@pytest.mark.parametrize(
    "model",
    [
        roformer(),
        BertForMaskedLM(BertConfig(**SMALL)).eval(),
        LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, num_key_value_heads=4, **SMALL)).eval(),
    ],
    ids=["roformer", "bert", "llama"],
)
def test_a_model_comes_back(model, tmp_path):
    quantized.save(model, tmp_path)
    state = quantized.load_state(tmp_path)
    own = model.state_dict()
    assert state.keys() == own.keys()
    assert all(tensor.dtype == own[name].dtype for name, tensor in state.items())
    for name, tensor in state.items():
        values = own[name].flatten(1) if own[name].dim() > 1 else own[name][:, None]
        step = values.abs().amax(1, keepdim=True) / 127
        assert ((tensor.view_as(values) - values).abs() <= step * 0.51 + 1e-7).all(), name
    built = type(model).from_pretrained(None, config=model.config, state_dict=state).eval()
    assert built.get_input_embeddings().weight is built.get_output_embeddings().weight
    ids = torch.arange(1, 21)[None]
    with torch.no_grad():
        assert (built(ids).logits - model(ids).logits).abs().max() < 0.02


def test_ties_are_stored_once_and_tied_again(tmp_path):
    shared = torch.randn(6, 4)
    quantized.save_state({"a": shared, "b": shared, "c": shared.clone()}, tmp_path / "x.safetensors")
    assert set(load_file(tmp_path / "x.safetensors")) == {"a", "a.scale", "c", "c.scale"}
    state = quantized.load_state(tmp_path / "x.safetensors")
    assert state["a"] is state["b"] and state["c"] is not state["a"] and torch.equal(state["c"], state["a"])


def test_computed_tables_and_integers_keep_every_bit(tmp_path):
    model = roformer()
    quantized.save(model, tmp_path)
    name = "roformer.encoder.embed_positions.weight"
    assert torch.equal(quantized.load_state(tmp_path)[name], model.state_dict()[name])
    state = {"ids": torch.arange(9).view(3, 3), "position.w": torch.randn(2, 2)}
    quantized.save_state(state, tmp_path / "x.safetensors", computed=("position",))
    back = quantized.load_state(tmp_path / "x.safetensors")
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_the_file_is_a_quarter_and_says_what_it_is(tmp_path):
    embedding = nn.Embedding(1000, 256)
    path = quantized.save_state(embedding.state_dict(), tmp_path / "x.safetensors", seed="7")
    assert path.stat().st_size < 1000 * (256 + 2) + 500 < 0.26 * 4 * 256_000
    metadata = read_header(path).metadata
    assert metadata["format"] == "zhnlp-int8" and metadata["seed"] == "7"
    assert quantized.is_quantized(path) and not quantized.is_quantized(tmp_path)


def test_transformers_does_not_mistake_int8_for_weights(tmp_path):
    quantized.save(roformer(), tmp_path)
    with pytest.raises(OSError, match="no file named"):
        RoFormerForMaskedLM.from_pretrained(tmp_path)


def test_refusals(tmp_path):
    path = tmp_path / "x.safetensors"
    for wrong, said in (
        (torch.tensor([[1.0, float("nan")]]), "w: a weight is not finite"),
        (torch.tensor([[1e8]]), "w: a weight is 1e.08: expected less than"),
        (torch.tensor([1e6]), "w: a value is not finite in fp16"),
    ):
        with pytest.raises(ValueError, match=said):
            quantized.save_state({"w": wrong}, path)
    with pytest.raises(ValueError, match=r"ends in \.scale"):
        quantized.save_state({"w.scale": torch.ones(1)}, path)
    assert not path.exists()
    save_file({"w": torch.ones(2)}, path, {"format": "pt"})
    with pytest.raises(ValueError, match="format 'pt': expected 'zhnlp-int8'"):
        quantized.load_state(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = quantized.save_state({"w": torch.ones(30, 30)}, tmp_path / "x.safetensors")
    whole = path.read_bytes()
    for length in (0, 5, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"truncated|no safetensors file"):
            quantized.load_state(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match="Something was appended"):
        quantized.load_state(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ValueError, match="git-lfs"):
        quantized.load_state(path)
