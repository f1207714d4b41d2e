"""``prune``: the same model on a smaller vocabulary, for every algorithm and kind of head.

Run: pytest tests/tokenizers/test_pruning.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_families import BERT, CASED, SPECIAL, TEXTS, bert, qwen, t5, uer_gpt2
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from zhnlp.tokenizers import keep_ids, load, prune, repair
from zhnlp.tokenizers.checks import check
from zhnlp.tokenizers.keep import can_occur

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}


def random(model, seed=0):
    """Every parameter drawn anew, biases too: what starts as zero would hide a bias in the wrong order."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model.eval()


@torch.no_grad()
def logits(model, tokenizer, text):
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    return model(
        input_ids=ids, **({"decoder_input_ids": ids} if model.config.is_encoder_decoder else {})
    ).logits[0]


def same(tokenizer, model, small, smaller, texts):
    """New tokens are the old ones, and new logits the old ones of the kept ids."""
    names = small.convert_ids_to_tokens(range(len(small)))
    kept = tokenizer.convert_tokens_to_ids(names)
    assert len(set(kept)) == len(kept) == smaller.config.vocab_size
    for text in texts:
        assert small.tokenize(text) == tokenizer.tokenize(text)
        torch.testing.assert_close(
            logits(smaller, small, text), logits(model, tokenizer, text)[:, kept], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("tied", [True, False])
def test_masked_lm_with_its_bias(tmp_path, tied):
    tokenizer = load(bert(tmp_path / "bert"))
    model = random(BertForMaskedLM(BertConfig(vocab_size=len(BERT), tie_word_embeddings=tied, **SMALL)))
    before = {name: part.clone() for name, part in model.state_dict().items()}
    small, smaller = prune(tokenizer, model, TEXTS)
    assert len(small) < 60 and small.convert_ids_to_tokens([0, 1, 2, 3, 4]) == SPECIAL
    same(tokenizer, model, small, smaller, TEXTS)
    assert smaller.cls.predictions.bias.shape == (len(small),)
    shared = (
        smaller.get_input_embeddings().weight.data_ptr() == smaller.get_output_embeddings().weight.data_ptr()
    )
    assert shared == tied
    assert all(
        torch.equal(part, before[name]) for name, part in model.state_dict().items()
    )  # the old one is as it was
    assert len(tokenizer) == len(BERT)

    small.save_pretrained(tmp_path / "small")
    smaller.save_pretrained(tmp_path / "small")
    same(tokenizer, model, AutoTokenizer.from_pretrained(tmp_path / "small"),
         AutoModelForMaskedLM.from_pretrained(tmp_path / "small"), TEXTS)  # fmt: skip
    again = load(tmp_path / "small", check=False)
    assert again.tokenize(TEXTS[0]) == tokenizer.tokenize(TEXTS[0])
    assert (
        check(again, tmp_path / "small", strict=False).rows
        == len(small)
        == check(again, strict=False).entries
    )


def test_keep_tokens_by_hand(tmp_path):
    tokenizer = load(bert(tmp_path / "bert"))
    model = random(BertForMaskedLM(BertConfig(vocab_size=len(BERT), **SMALL)))
    small, smaller = prune(tokenizer, model)
    unused = {f"[unused{i}]" for i in range(1, 5)}
    inner = {piece for piece in BERT if piece.startswith("##") and not piece[2:].isascii()}
    assert len(inner) == 20 and set(BERT) - set(small.get_vocab()) == unused | inner | {"[MASK]", "..."}
    assert small.convert_ids_to_tokens([0, 1, 2, 3]) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    assert small.mask_token is None
    texts = ["我们学习iphone，hello...", "深度 bert 2024"]
    same(tokenizer, model, small, smaller, texts)
    small.save_pretrained(tmp_path / "small")
    again = AutoTokenizer.from_pretrained(tmp_path / "small")
    assert len(again) == len(small) and again("我们")["input_ids"] == small("我们")["input_ids"]
    with_mask, _ = prune(tokenizer, None, special_tokens=SPECIAL)
    assert len(with_mask) == len(small) + 1 and with_mask.mask_token_id == 4


@pytest.mark.data
def test_google_s_vocabulary_becomes_13_584():
    """The figure of the spec for post 6933; needs google-bert/bert-base-chinese in the Hub library's cache."""
    from huggingface_hub import try_to_load_from_cache

    file = try_to_load_from_cache("google-bert/bert-base-chinese", "vocab.txt")
    if not isinstance(file, str):
        pytest.skip(
            "google-bert/bert-base-chinese is not in the cache: hf download google-bert/bert-base-chinese vocab.txt"
        )
    tokenizer = load(file)
    assert len(tokenizer) == 21128
    assert len(prune(tokenizer, None)[0]) == len(keep_ids(tokenizer, "keep_tokens")) == 13584


def test_rule_on_single_pieces():
    table = {
        "我": True, "##我": False, "我们": False, "##a": True, "bert": True, "[CLS]": False, "…": True, "...": False,
        "##.": False, "12": True, "##0": True, "☆": True, "##☆": True, "かな": True, "〇": True, "##々": True, "$": True,
        "a+b": False, "a-b": False, "𠮷": True, "##𠮷": False,
    }  # fmt: skip
    assert {piece: can_occur(piece) for piece in table} == table


def test_the_rule_drops_nothing_that_occurs(tmp_path):
    tokenizer = load(bert(tmp_path))
    small, _ = prune(tokenizer, None, special_tokens=SPECIAL)

    @settings(max_examples=80, deadline=None)
    @given(st.text(st.sampled_from("的一是我们学习，。！.…abhelo09 \nＡ😀龘é-"), max_size=30))
    def holds(text):
        assert small.tokenize(text) == tokenizer.tokenize(text)

    holds()


def test_causal_lm_and_its_ids(tmp_path):
    tokenizer = load(uer_gpt2(tmp_path / "uer"))
    model = random(
        GPT2LMHeadModel(GPT2Config(vocab_size=len(CASED), n_embd=16, n_layer=2, n_head=2, n_positions=64))
    )
    repair(tokenizer, model)
    small, smaller = prune(tokenizer, model, TEXTS, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    same(tokenizer, model, small, smaller, TEXTS)
    for owner in (smaller.config, smaller.generation_config):
        assert (owner.bos_token_id, owner.eos_token_id, owner.pad_token_id) == (2, 3, 0)
    assert (small.bos_token, small.eos_token) == (
        "[CLS]",
        "[SEP]",
    ) and model.config.bos_token_id == CASED.index("[CLS]")
    small.save_pretrained(tmp_path / "small")
    smaller.save_pretrained(tmp_path / "small")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "small")
    again = load(tmp_path / "small", check=False)
    same(tokenizer, model, again, loaded, TEXTS)
    written = [m.generate(torch.tensor([t("我们", add_special_tokens=False)["input_ids"]]), max_new_tokens=4, do_sample=False,
                          suppress_tokens=None) for m, t in ((loaded, again), (smaller, small))]  # fmt: skip
    assert torch.equal(*written)


def test_byte_level_bpe(tmp_path):
    tokenizer = load(qwen(tmp_path / "qwen"))
    config = Qwen2Config(vocab_size=384, num_key_value_heads=1, tie_word_embeddings=False, **SMALL)
    model = random(Qwen2ForCausalLM(config))
    small, smaller = prune(tokenizer, model, TEXTS[:2])
    assert len(small) < len(tokenizer)
    same(tokenizer, model, small, smaller, TEXTS[:2])
    assert small.decode(small("龘😀 never seen")["input_ids"]) == "龘😀 never seen"  # all bytes are there
    assert small.eos_token == "<|im_end|>" and small.eos_token_id < len(small)
    assert set(tokenizer.all_special_tokens) <= set(small.get_vocab())


def test_unigram(tmp_path):
    tokenizer = load(t5(tmp_path / "t5"))
    config = T5Config(
        vocab_size=384, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    model = random(T5ForConditionalGeneration(config))
    texts = [TEXTS[0], "hello，我们", "没有龘"]
    small, smaller = prune(tokenizer, model, texts)
    assert len(small) < 50 and small.convert_tokens_to_ids("<extra_id_1>") == len(small) - 1
    same(tokenizer, model, small, smaller, texts)
    assert smaller.config.decoder_start_token_id == small.pad_token_id
    small.save_pretrained(tmp_path / "small")
    smaller.save_pretrained(tmp_path / "small")
    same(
        tokenizer,
        model,
        load(tmp_path / "small", check=False),
        AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "small"),
        texts,
    )


def test_bart_with_bert_s_vocabulary(tmp_path):
    """``final_logits_bias`` is a buffer of (1, V)."""
    tokenizer = load(bert(tmp_path))
    config = BartConfig(
        vocab_size=len(BERT), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=64, pad_token_id=0,
        bos_token_id=6, eos_token_id=7, decoder_start_token_id=6, forced_eos_token_id=7,
    )  # fmt: skip
    model = random(BartForConditionalGeneration(config))
    model.final_logits_bias.copy_(torch.arange(len(BERT)) / 100)
    small, smaller = prune(tokenizer, model, TEXTS)
    same(tokenizer, model, small, smaller, TEXTS)
    assert (
        smaller.config.decoder_start_token_id == small.cls_token_id
        and smaller.config.eos_token_id == small.sep_token_id
    )


def test_a_classifier_keeps_its_head_and_its_type(tmp_path):
    tokenizer = load(bert(tmp_path))
    config = BertConfig(vocab_size=len(BERT), num_labels=3, id2label={0: "好", 1: "坏", 2: "平"}, **SMALL)
    model = random(BertForSequenceClassification(config)).to(torch.bfloat16)
    small, smaller = prune(tokenizer, model, TEXTS)
    assert smaller.dtype == torch.bfloat16 and smaller.config.id2label[1] == "坏" and not smaller.training
    ids = [t(TEXTS[0], return_tensors="pt")["input_ids"] for t in (tokenizer, small)]
    assert torch.equal(model(ids[0]).logits, smaller(ids[1]).logits)


def test_min_count_functions_and_ids():
    pieces = [*SPECIAL, "我", "们", "好", "a", "##a"]
    tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})
    kept = lambda *args, **options: [pieces[i] for i in keep_ids(tokenizer, *args, **options)]  # noqa: E731
    assert kept(["我我们", "aa"], min_count=2) == [*SPECIAL, "我"]
    assert kept(["我我们", "aa"]) == [*SPECIAL, "我", "们", "a", "##a"]
    assert kept(str.isascii) == [*SPECIAL, "a", "##a"]
    assert kept([7, 5], special_tokens=["[UNK]"]) == ["[UNK]", "我", "好"]


def test_counting_leaves_the_tokenizer_as_it_was(tmp_path):
    tokenizer = load(bert(tmp_path))
    tokenizer(TEXTS, truncation=True, max_length=4, padding="max_length")
    before = tokenizer.backend_tokenizer.to_str()
    assert len(keep_ids(tokenizer, TEXTS)) > 30
    assert tokenizer.backend_tokenizer.to_str() == before


def test_a_file_is_a_corpus(tmp_path):
    (tmp_path / "a.txt").write_text("我们\n好\n", "utf-8")
    pieces = [*SPECIAL, "我", "们", "好", "坏"]
    tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})
    assert keep_ids(tokenizer, tmp_path / "a.txt") == list(range(8))


def test_refusals(tmp_path):
    tokenizer = load(bert(tmp_path / "bert"))
    model = BertForMaskedLM(BertConfig(vocab_size=100, **SMALL))
    with pytest.raises(ValueError, match=rf"vocabulary has {len(BERT)} entries, the embedding 100 rows"):
        prune(tokenizer, model)
    with pytest.raises(ValueError, match=r"no rule 'corpus.txt': expected keep_tokens"):
        prune(tokenizer, None, "corpus.txt")
    with pytest.raises(ValueError, match="is of BERT's WordPiece, the tokenizer is BPE"):
        prune(load(qwen(tmp_path / "qwen")), None, "keep_tokens")
    words = BertTokenizer(
        vocab={piece: i for i, piece in enumerate([*SPECIAL, "我们"])}, tokenize_chinese_chars=False
    )
    with pytest.raises(ValueError, match=r"this tokenizer gives such.*prune by a corpus"):
        prune(words, None, "keep_tokens")
    with pytest.raises(ValueError, match="the corpus holds no text"):
        prune(tokenizer, None, iter([]))
    with pytest.raises(ValueError, match="no piece but the 5 special tokens"):
        prune(tokenizer, None, ["龘龘"])
    with pytest.raises(ValueError, match=r"special_tokens has \[BOS\]"):
        prune(tokenizer, None, special_tokens=["[BOS]"])
    with pytest.raises(ValueError, match="ids \\[9999\\] are not in the vocabulary"):
        prune(tokenizer, None, [9999])
    with pytest.raises(ValueError, match="the corpus holds int"):
        prune(tokenizer, None, iter([1]))
