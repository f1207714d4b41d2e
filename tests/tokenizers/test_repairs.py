"""Repaired special tokens by family, and prompts that do not end before they begin.

Run: pytest tests/tokenizers/test_repairs.py
"""

import pytest
from tokenizer_families import CASED, SPECIAL, bert, cpm, qwen, t5, uer_gpt2
from transformers import BertConfig, BertTokenizer, GPT2Config, GPT2LMHeadModel, RobertaConfig

from zhnlp.tokenizers import encode_prompt, load, repair


def wordpiece(pieces=(*SPECIAL, "我", "们")):
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})


@pytest.mark.parametrize("options", [{}, {"tokenizer_class": "BertTokenizer"}])
def test_uer_gpt2_begins_with_cls_and_ends_with_sep(tmp_path, options):
    tokenizer = load(uer_gpt2(tmp_path, **options))
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == ("[CLS]", "[SEP]", "[PAD]")
    assert tokenizer.model_max_length == 1024 and len(tokenizer) == len(CASED)


def test_a_model_gets_ids_that_its_vocabulary_has(tmp_path):
    tokenizer = load(uer_gpt2(tmp_path))
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(CASED), n_embd=8, n_layer=1, n_head=1, n_positions=16))
    assert model.config.eos_token_id == 50256
    done = repair(tokenizer, model)
    cls, sep = CASED.index("[CLS]"), CASED.index("[SEP]")
    for owner in (model.config, model.generation_config):
        assert (owner.bos_token_id, owner.eos_token_id, owner.pad_token_id) == (cls, sep, 0)
    assert (
        f"configuration: eos_token_id was 50256, outside the vocabulary of {len(CASED)}, and is {sep}" in done
    )
    assert len(done) == 6 and repair(tokenizer, model) == []


def test_ids_that_the_vocabulary_has_are_left_alone():
    tokenizer = wordpiece()
    config = GPT2Config(vocab_size=7, bos_token_id=5, eos_token_id=[3, 6], pad_token_id=1)
    repair(tokenizer, config)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (5, [3, 6], 1)


def test_bert_is_left_alone_unless_it_writes(tmp_path):
    tokenizer = load(bert(tmp_path))
    assert tokenizer.bos_token is None and tokenizer.eos_token is None
    assert repair(tokenizer, BertConfig()) == ["model_max_length is 512"]
    assert repair(tokenizer, BertConfig(is_decoder=True))[:2] == ["bos_token is [CLS]", "eos_token is [SEP]"]
    other = wordpiece()
    assert "eos_token is [SEP]" in repair(other, {"architectures": ["BertLMHeadModel"], "model_type": "bert"})


def test_cpm_ends_with_eod_and_names_its_roles(tmp_path):
    tokenizer = load(cpm(tmp_path))
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.unk_token) == ("<eod>", "<pad>", "<unk>")
    assert tokenizer.model_max_length == 512


def test_gpt2_ml_reads_a_text_without_anything_around_it():
    tokenizer, config = wordpiece(), {"model_type": "gpt2-ml", "max_position_embeddings": 1024}
    done = repair(tokenizer, config)
    assert "nothing is added around a text" in done and repair(tokenizer, config) == []
    assert encode_prompt(tokenizer, "我们") == tokenizer("我们")["input_ids"] == [5, 6]
    assert tokenizer("我", "们")["input_ids"] == [5, 6]
    assert (config["bos_token_id"], config["eos_token_id"], tokenizer.model_max_length) == (2, 3, 1024)


def test_without_a_pad_the_end_pads(tmp_path):
    tokenizer = load(qwen(tmp_path))
    assert tokenizer.pad_token == "<|endoftext|>"
    tokenizer.pad_token = None
    assert repair(tokenizer) == ["pad_token is <|im_end|>"]
    assert tokenizer(["我", "我们学习"], padding=True)["input_ids"][0][-1] == tokenizer.eos_token_id


def test_positions_behind_the_pad_are_not_counted():
    tokenizer = wordpiece()
    repair(tokenizer, RobertaConfig(max_position_embeddings=514))
    assert tokenizer.model_max_length == 512


def test_a_prompt_has_its_start_and_never_its_end(tmp_path):
    uer, mt5, byte_level = (
        load(uer_gpt2(tmp_path / "u")),
        load(t5(tmp_path / "t")),
        load(qwen(tmp_path / "q")),
    )
    assert uer.convert_ids_to_tokens(encode_prompt(uer, "我们")) == ["[CLS]", "我", "们"]
    assert uer.convert_ids_to_tokens(encode_prompt(uer, "我[SEP]")) == [
        "[CLS]",
        "我",
        "[SEP]",
    ]  # the user's own
    assert mt5.convert_ids_to_tokens(encode_prompt(mt5, "我们")) == ["▁我们"]
    assert byte_level.decode(encode_prompt(byte_level, "我们")) == "我们"
    assert uer.convert_ids_to_tokens(encode_prompt(uer, "")) == ["[CLS]"]
    with pytest.raises(ValueError, match="the prompt is empty"):
        encode_prompt(byte_level, "")
