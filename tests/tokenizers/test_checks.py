"""The report of a tokenizer, and what is refused: sizes, [UNK], capitals.

Run: pytest tests/tokenizers/test_checks.py
"""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizer_families import BERT, FAMILIES, LETTERS, SPECIAL, bert, qwen, t5, vocabulary, write
from transformers import BertConfig, BertModel, BertTokenizer

from zhnlp.tokenizers import load
from zhnlp.tokenizers.checks import PROBE, check, unknown_characters
from zhnlp.tokenizers.embedding_rows import embedding_rows


def wordpiece(pieces, **options):
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, **options)


def test_the_report_by_hand():
    pieces = [*SPECIAL, *PROBE[:-2], "，", *LETTERS]
    report = check(wordpiece(pieces), {"vocab_size": 256}, name="mine")
    assert (report.entries, report.rows, report.rows_source) == (len(pieces), 256, "the configuration")
    assert report.unknown == 1 / len(PROBE) and report.unknown_characters == "。"
    assert (report.case, report.width, report.blanks) == ("folded", "[UNK]", "dropped")
    assert report.special_tokens["cls_token"] == ("[CLS]", 2)
    assert report.errors == [] == report.warnings
    lines = str(report).splitlines()
    assert lines[0] == "mine: BertTokenizer, WordPiece"
    assert "  embedding rows  256 (the configuration)" in lines and "  [UNK] on probe  0.5%  。" in lines


def test_the_probe_is_common_and_each_character_counts_once():
    assert len(set(PROBE)) == len(PROBE) > 200 - 10


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes(tmp_path, family):
    folder = FAMILIES[family](tmp_path)
    report = check(load(folder), folder)
    assert report.unknown == 0 and not report.errors and not report.warnings


@pytest.mark.parametrize("model", ["configuration", "model", "folder", "mapping"])
def test_a_vocabulary_larger_than_the_embedding_is_refused(tmp_path, model):
    config = BertConfig(
        vocab_size=300, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    owner = config
    if model == "model":
        owner = BertModel(config)
    elif model == "folder":
        BertModel(config).save_pretrained(tmp_path / "model")
        owner = tmp_path / "model"
    elif model == "mapping":
        owner = config.to_dict()
    message = rf"vocabulary has {len(BERT)} entries, the embedding 300 rows \(.*expected no more"
    with pytest.raises(ValueError, match=message):
        load(bert(tmp_path / "bert"), model=owner)
    assert len(load(bert(tmp_path / "bert"), model=owner, check=False)) == len(BERT)


def test_padding_is_allowed_and_another_vocabulary_is_not(tmp_path):
    folder = bert(tmp_path)
    size = len(BERT)
    for rows in (size, size + 1, size + 8, -(-size // 128) * 128):
        assert check(load(folder, check=False), {"vocab_size": rows}).errors == []
    with pytest.raises(ValueError, match=rf"vocabulary has {size} entries, the embedding 13,685 rows"):
        check(load(folder, check=False), {"vocab_size": 13685})


def test_the_vocabulary_of_a_pruned_bert_does_not_fit_the_whole_one():
    """21,128 rows divide by 8, and are no padding of 13,584."""
    tokenizer = wordpiece([*SPECIAL, *(chr(0x4E00 + i) for i in range(13579))])
    with pytest.raises(ValueError, match=r"vocabulary has 13,584 entries, the embedding 21,128 rows"):
        check(tokenizer, {"vocab_size": 21128})
    assert check(tokenizer, {"vocab_size": 13696}).errors == []  # 112 more


def test_sizes_have_thousands_separated():
    tokenizer = wordpiece([*SPECIAL, *(chr(0x4E00 + i) for i in range(13579))])
    with pytest.raises(ValueError, match=r"vocabulary has 13,584 entries, the embedding 13,685 rows"):
        check(tokenizer, {"vocab_size": 13685})


def test_entries_are_the_largest_id_not_the_number_of_pieces(tmp_path):
    pieces = [*BERT, "我", "我"]  # a repeated line keeps its place, and its first id
    tokenizer = load(write(tmp_path, {"vocab.txt": vocabulary([*pieces, "龘"])}), check=False)
    assert check(tokenizer).entries == len(pieces) + 1 == len(tokenizer) + 2


def test_mostly_unknown_is_refused(tmp_path):
    folder = write(
        tmp_path, {"vocab.txt": vocabulary([*SPECIAL, *LETTERS]), "config.json": {"vocab_size": 31}}
    )
    with pytest.raises(
        ValueError,
        match=r"100% of 2\d\d common characters become \[UNK\] \(的一是.*vocabulary without Chinese",
    ):
        load(folder)
    assert load(folder, check=False).tokenize("的") == ["[UNK]"]
    empty = BertTokenizer(
        vocab_file=str(folder / "vocab.txt")
    )  # transformers 5 ignores the file, and says nothing
    with pytest.raises(ValueError, match=r"become \[UNK\]"):
        check(empty)


def test_a_piece_that_covers_nothing_is_unknown():
    """GPT-2's class makes an empty tokenizer of a folder that it cannot read: no piece at all, so no [UNK] either."""
    from transformers import GPT2Tokenizer

    assert unknown_characters(GPT2Tokenizer(vocab={"<|endoftext|>": 0}, merges=[]), "我们 a") == [
        "我",
        "们",
        "a",
    ]


def test_the_blank_before_a_word_does_not_make_it_known(tmp_path):
    """SentencePiece gives ▁ the offsets of the character behind it."""
    assert unknown_characters(load(t5(tmp_path)), "龘的 龘") == ["龘", "龘"]


def test_capitals_that_become_unknown_are_warned_of(caplog):
    tokenizer = wordpiece([*SPECIAL, *PROBE, *LETTERS], do_lower_case=False)
    assert check(tokenizer).case == "capitals become [UNK]"
    assert "do_lower_case=True is likely missing" in caplog.text


def test_a_vocabulary_of_words_is_warned_of(tmp_path):
    words = [a + b for a in PROBE[:5] for b in PROBE[:5]]
    folder = write(
        tmp_path, {"vocab.txt": vocabulary([*BERT, *words]), "config.json": {"model_type": "roformer"}}
    )
    report = check(load(folder))
    assert report.warnings[0].startswith(f"25 of {len(BERT) + 25} pieces are Chinese words")
    assert check(wordpiece([*BERT, *words], tokenize_chinese_chars=False), strict=False).warnings == []


def test_truncation_that_was_set_before_does_not_hide_the_probe():
    tokenizer = wordpiece([*SPECIAL, *PROBE[:5]])
    tokenizer(PROBE, truncation=True, max_length=5)
    assert check(tokenizer, strict=False).unknown == (len(PROBE) - 5) / len(PROBE)
    assert tokenizer.backend_tokenizer.truncation["max_length"] == 5


def test_rows_are_read_from_the_header_and_not_from_config(tmp_path):
    write(tmp_path, {"config.json": {"vocab_size": 7}})
    assert embedding_rows(tmp_path) == (7, "config.json")
    save_file(
        {"bert.embeddings.word_embeddings.weight": np.zeros((9, 2), "float16")},
        tmp_path / "model.safetensors",
    )
    assert embedding_rows(tmp_path) == (9, "model.safetensors")
    index = {"weight_map": {"model.embed_tokens.weight": "b.safetensors", "lm_head.weight": "a.safetensors"}}
    write(tmp_path, {"model.safetensors.index.json": index})
    save_file({"model.embed_tokens.weight": np.zeros((11, 2), "float16")}, tmp_path / "b.safetensors")
    save_file({"lm_head.weight": np.zeros((12, 2), "float16")}, tmp_path / "a.safetensors")
    assert embedding_rows(tmp_path) == (11, "b.safetensors")


def test_rows_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(FileNotFoundError, match=r"pickle pytorch_model.bin, which is never opened"):
        embedding_rows(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        embedding_rows(tmp_path / "nowhere")
    save_file({"wte.weight": np.zeros((9, 2))}, tmp_path / "model.safetensors")
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:-5])
    with pytest.raises(ValueError, match="truncated"):
        embedding_rows(tmp_path)


def test_a_multimodal_configuration_has_its_rows_inside():
    assert embedding_rows({"text_config": {"vocab_size": 5}}).rows == 5
    assert embedding_rows({"hidden_size": 5}) is None


def test_padded_families_say_so(tmp_path, caplog):
    caplog.set_level("INFO", "zhnlp")
    for make in (qwen, t5):
        rows = json.loads((make(tmp_path / make.__name__) / "config.json").read_text())["vocab_size"]
        assert rows > len(load(tmp_path / make.__name__))
    assert caplog.text.count("rows of the embedding are padding") == 2
