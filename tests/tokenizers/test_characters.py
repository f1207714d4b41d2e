"""The character tokenizer of post 5743: counts, width, case, offsets.

Run: pytest tests/tokenizers/test_characters.py
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.tokenizers import character_tokenizer

TOKENIZER = character_tokenizer(["电网电网ＡbＣ１！"] * 5, min_count=5)


def test_vocabulary_is_by_count_after_padding_and_unknown():
    tokenizer = character_tokenizer(["网网网电电", "稀"], min_count=2)
    assert tokenizer.get_vocab() == {"[PAD]": 0, "[UNK]": 1, "网": 2, "电": 3}
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id) == (0, 1)


def test_width_and_case_fold_and_nothing_stands_around():
    assert TOKENIZER.tokenize("ａＢc１ ！") == ["a", "b", "c", "1", "!"]
    assert TOKENIZER("电")["input_ids"] == [TOKENIZER.get_vocab()["电"]] and TOKENIZER("")["input_ids"] == []


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("电网Ａ１ b\n\t新！İ🙂"), max_size=12))
def test_offsets_are_those_of_the_users_string(text):
    encoded = TOKENIZER(text, return_offsets_mapping=True)
    pieces = [text[begin:end] for begin, end in encoded["offset_mapping"]]
    assert all(len(piece) == 1 for piece in pieces)
    assert len(pieces) >= len("".join(text.split()))  # İ is two characters in lower case
    assert list(dict.fromkeys(encoded["offset_mapping"])) == [
        (place, place + 1) for place, one in enumerate(text) if not one.isspace()
    ]


def test_length_is_that_of_the_post():
    assert len(TOKENIZER("电" * 50, truncation=True)["input_ids"]) == 32


def test_too_little_text():
    with pytest.raises(ValueError, match="no character occurs 5 times"):
        character_tokenizer(["电网"])
