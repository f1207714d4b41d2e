"""The tokenizer of zhnlp's own models: the same text gives the same vocabulary, golden tokens of those that ship.

Run: pytest tests/tokenizers/test_chinese.py
"""

import random

import pytest

from zhnlp.tokenizers import build_tokenizer, load, train_char_vocab

SHIPPED = ("zhnlp-mlm-small", "zhnlp-gpt-small")


def test_a_vocabulary_is_the_same_each_time():
    """The learner of ``tokenizers`` numbers letters by a hash that is drawn anew, and ties between pieces go by the number."""
    draw = random.Random(0)
    words = ["".join(draw.choices("abcdefgh", k=6)) for _ in range(300)] * 2
    assert len({tuple(train_char_vocab(words, latin_pieces=60)) for _ in range(8)}) == 1


def test_pieces_come_behind_all_letters():
    entries = train_char_vocab(["token tokens tokenizer tokenize"] * 9, min_count=1, latin_pieces=4)
    letters, pieces = entries[-108:-4], entries[-4:]
    assert letters[:2] == ["a", "b"] and letters[-1] == "##Z" and len(set(entries)) == len(entries)
    assert all(len(piece.removeprefix("##")) > 1 for piece in pieces)


@pytest.mark.parametrize("name", SHIPPED)
def test_golden_tokens_of_what_ships(name):
    tokenizer, text = load(name), "iphone15和ＡＢＣ１２３\n[MASK]龘"
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    wanted = [
        "i",
        "##p",
        "##h",
        "##one",
        "1",
        "5",
        "和",
        "A",
        "##B",
        "##C",
        "1",
        "2",
        "3",
        "\n",
        "[MASK]",
        "[UNK]",
    ]
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == wanted
    pieces = [text[begin:end] for begin, end in encoded["offset_mapping"]]
    assert pieces == [
        "i",
        "p",
        "h",
        "one",
        "1",
        "5",
        "和",
        "Ａ",
        "Ｂ",
        "Ｃ",
        "１",
        "２",
        "３",
        "\n",
        "[MASK]",
        "龘",
    ]
    ends = ["[CLS]", "电", "[SEP]"][: 3 if name == "zhnlp-mlm-small" else 2]
    assert tokenizer.convert_ids_to_tokens(tokenizer("电")["input_ids"]) == ends


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("hello, world! good", "hello, world! good"),
        ("用Linux Kernel 6.1，很 好", "用Linux Kernel6.1，很好"),
        ("std::vector<int>", "std::vector<int>"),
        ("他说：OK, 12:30 见", "他说：OK,12:30见"),
    ],
)
def test_blanks_of_decoded_text_stand_between_latin_words_alone(text, decoded):
    made = build_tokenizer(train_char_vocab([text], min_count=1, min_sign=1, latin_pieces=0))
    for tokenizer in (made, *map(load, SHIPPED)):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids) == decoded
