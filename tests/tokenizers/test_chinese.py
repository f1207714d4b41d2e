"""The vocabulary of zhnlp's own models: the same text gives the same entries.

Run: pytest tests/tokenizers/test_chinese.py
"""

import random

from zhnlp.tokenizers import train_char_vocab


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
