"""The language model behind a classifier: what it is, how long it reads, copies to train.

Run: pytest tests/few_shot/test_network.py
"""

import pytest
import torch
import transformers
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp.few_shot.network import Network


@pytest.mark.parametrize(
    ("kind", "causal"),
    [("bert", False), ("roformer", False), ("llama", True), ("gpt-neox", True), ("gpt2", True)],
)
def test_masked_and_causal_models_are_told_apart(kind, causal, tmp_path):
    save_checkpoint(tmp_path, kind)
    for network in (Network(tmp_path, device="cpu"), Network(make_model(kind), make_tokenizer(causal))):
        assert network.causal is causal and network.limit == 64
    wanted = make_model(kind)
    found = Network(tmp_path, device="cpu", dtype="float32").reader()
    assert type(found) is type(wanted) and not found.training
    assert all((value == wanted.state_dict()[name]).all() for name, value in found.state_dict().items())


def test_a_bert_that_only_looks_back_is_causal():
    model = transformers.BertLMHeadModel(
        transformers.BertConfig(is_decoder=True, hidden_size=8, num_attention_heads=2, num_hidden_layers=1)
    )
    assert Network(model, make_tokenizer()).causal


def test_the_smallest_limit_counts():
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 40
    model = make_model("bert")
    assert Network(model, tokenizer).limit == 40
    assert Network(model, tokenizer, max_length=20).limit == 20
    assert Network(model, tokenizer, max_length=2000).limit == 40


def test_copies_to_train_are_fresh(tmp_path):
    save_checkpoint(tmp_path, "roformer")
    for network in (Network(tmp_path, device="cpu"), Network(make_model("roformer"), make_tokenizer())):
        before = {name: value.clone() for name, value in network.trainable().state_dict().items()}
        copy = network.trainable()
        assert copy.dtype is torch.float32 and not copy.training
        with torch.no_grad():
            copy.get_input_embeddings().weight.fill_(1)
        assert all((value == before[name]).all() for name, value in network.trainable().state_dict().items())
        assert (network.reader(exact=True).get_input_embeddings().weight != 1).any()


def test_a_network_that_holds_other_weights():
    network = Network(make_model("bert"), make_tokenizer(), dtype="float32", max_length=30)
    other = make_model("bert", seed=3)
    held = network.holding(other)
    assert held.reader() is other and held.limit == 30 and held.tokenizer is network.tokenizer
    assert network.holding(None) is network


def test_exact_reading_is_in_float32():
    network = Network(make_model("roformer"), make_tokenizer(), dtype="bfloat16")
    assert network.reader().dtype is torch.bfloat16 and network.reader(exact=True).dtype is torch.float32
    assert network.reader() is network.reader()


def test_refusals(tmp_path):
    with pytest.raises(TypeError, match="got the model BertForMaskedLM without tokenizer="):
        Network(make_model("bert"))
    transformers.ViTConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1).save_pretrained(
        tmp_path
    )
    with pytest.raises(ValueError, match="of the kind vit: expected a masked or a causal language model"):
        Network(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no config.json"):
        Network(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not ship"):
        Network("zhnlp-mlm-large")
