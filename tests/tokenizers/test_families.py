"""Golden tokens of each family, offsets that cut the source, and nothing lost between encode and decode.

Run: pytest tests/tokenizers/test_families.py
"""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_families import CHARACTERS, FAMILIES, LETTERS, roberta_wwm, uer_gpt2

from zhnlp.tokenizers import build_tokenizer, join_chinese, load, train_char_vocab
from zhnlp.tokenizers.checks import unknown_characters

GOLDEN = {
    "bert": [
        "[CLS] 我 们 学 习 ， hello i ##phone ##1 ##5 [UNK] [SEP]",
        "[CLS] a ##b ##c 2024 年 . . . [SEP]",
    ],
    "uer-gpt2": [
        "[CLS] 我 们 学 习 ， H ##e ##l ##l ##o i ##P ##h ##o ##n ##e ##1 ##5 [UNK] [SEP]",
        "[CLS] A ##b ##c 2024 年 . . . [SEP]",
    ],
    "t5": [
        "▁我们 学习 , H e l l o ▁ i P h o n e 1 5 ▁ <unk> </s>",
        "▁ A b c ▁ 2 0 2 4 年 . . . </s>",
    ],
    "cpm": [
        "▁我们 学习 , H e l l o ▁ i P h o n e 1 5 ▁ <unk>",
        "▁ A b c ▁ 2 0 2 4 年 . . .",
    ],
}
GOLDEN["roberta-wwm"] = GOLDEN["bert"]
TEXTS = ["我们学习，Hello iPhone15 龘", "Abc 2024年..."]


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    made = {name: load(make(tmp_path_factory.mktemp(name))) for name, make in FAMILIES.items()}
    made["zhnlp"] = build_tokenizer(train_char_vocab(CHARACTERS, min_count=1, min_sign=1, latin_pieces=0))
    return made


@pytest.mark.parametrize("family", GOLDEN)
def test_golden_tokens(tokenizers, family):
    tokens = [
        tokenizers[family].convert_ids_to_tokens(tokenizers[family](text)["input_ids"]) for text in TEXTS
    ]
    assert [" ".join(row) for row in tokens] == GOLDEN[family]


def test_golden_tokens_of_byte_level_bpe(tokenizers):
    """What was merged depends on the training; bytes put together are the text, and a rare character is its bytes."""
    tokenizer = tokenizers["qwen"]
    assert (
        "".join(tokenizer.tokenize("Hello world")) == "HelloĠworld"
        and len(tokenizer.tokenize("Hello world")) < 10
    )
    assert [f"{ord(c):x}" for c in "".join(tokenizer.tokenize("龘"))] == ["e9", "be", "13a"]  # E9 BE 98
    assert tokenizer.decode(tokenizer("我们学习，龘😀 ok")["input_ids"]) == "我们学习，龘😀 ok"
    assert unknown_characters(tokenizer, "龘😀Ａ") == []


mixed = st.text(
    st.sampled_from("的一是我们学习，。！abZ09 \n\tＡ１　😀龘é\u0301ﬁ㍿\u200d＃#…—[]"), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(mixed)
def test_offsets_cut_the_source(tokenizers, text):
    for name, tokenizer in tokenizers.items():
        encoding = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        last = 0
        for number, (start, end) in zip(encoding["input_ids"], encoding["offset_mapping"]):
            assert 0 <= start <= end <= len(text), name
            assert start >= last or name == "qwen" or start + 1 >= last, (
                name
            )  # bytes and ▁ may share a character
            last = max(last, end)
            piece = tokenizer.convert_ids_to_tokens(number)
            if name in ("bert", "uer-gpt2", "zhnlp") and number != tokenizer.unk_token_id:
                cut = text[start:end]
                forms = cut + unicodedata.normalize("NFD", cut) + unicodedata.normalize("NFKC", cut)
                assert piece.removeprefix("##")[0] in forms + forms.lower(), (name, piece, cut)


known = st.text(st.sampled_from([*CHARACTERS, *LETTERS, *"0123456789", " "]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(known)
def test_encode_and_decode_keep_every_character_of_the_vocabulary(tokenizers, text):
    wanted = [character for character in text if not character.isspace()]
    for name, tokenizer in tokenizers.items():
        if unknown_characters(tokenizer, text):
            continue
        decoded = join_chinese(tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True))
        kept = [character for character in decoded if not character.isspace()]
        if name in ("t5", "cpm"):  # their normaliser folds width
            wanted_here = [c for c in unicodedata.normalize("NFKC", "".join(wanted)) if not c.isspace()]
        else:
            wanted_here = wanted
        assert kept == wanted_here, name


def test_the_vocabulary_covers_the_property():
    """Otherwise the test above would skip everything."""
    assert len(CHARACTERS) > 200


def test_wwm_is_bert_and_uer_is_cased(tmp_path):
    wwm, uer = load(roberta_wwm(tmp_path / "wwm")), load(uer_gpt2(tmp_path / "uer"))
    assert wwm.tokenize("ABC") == ["a", "##b", "##c"]
    assert uer.tokenize("ABC") == ["A", "##B", "##C"]
