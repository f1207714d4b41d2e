"""What is handed on while a text is written: pieces that together are the text, and nothing that is taken back.

Run: pytest tests/decoding/test_streaming.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toy_language import END, ToyLanguage

from zhnlp.decoding import StepOutput, generate

BYTES = ["", "\xe7", "\x94", "\xb5", "a"]  # 1 2 3 are the bytes of 电


def of_bytes(tokens):
    return b"".join(BYTES[token].encode("latin-1") for token in tokens).decode("utf-8", errors="replace")


def with_blanks(tokens):
    return "".join(["", "今", "。", " ", "天 "][token] for token in tokens)


def with_words(tokens):
    """A blank behind a Latin word, unless a Chinese character follows."""
    said = "".join(["", "a ", "b ", "中", "国"][token] for token in tokens)
    return said.replace(" 中", "中").replace(" 国", "国")


@given(
    st.integers(0, 200),
    st.sampled_from([of_bytes, with_blanks, with_words]),
    st.sampled_from([(), ("。今", "天 天")]),
    st.booleans(),
)
def test_pieces_are_the_text(seed, text, stop, sample):
    pieces = []
    options = {"end": END, "max_new_tokens": 12, "text": text, "stop": stop, "sample": sample}
    prefix = torch.tensor([(1, 2)])
    [[one]] = generate(
        ToyLanguage(seed).step, prefix, stream=pieces.append, seed=seed if sample else None, **options
    )
    assert "".join(pieces) == one.text and all(pieces)
    assert generate(ToyLanguage(seed).step, prefix, seed=seed if sample else None, **options) == [[one]]


def test_half_a_character_is_held_back():
    pieces = []

    def step(tokens, cache):
        place = cache or 0
        return StepOutput(
            torch.full((1, 5), -30.0).index_fill(1, torch.tensor((4, 1, 2, 3, 4, 1, 0)[place]), 0.0),
            place + 1,
        )

    generate(step, torch.tensor([[1]]), end=0, max_new_tokens=20, text=of_bytes, stream=pieces.append)
    assert pieces == ["a", "电", "a", "\ufffd"]  # the last byte stays alone


def test_without_text_tokens_are_handed_on():
    pieces = []
    [[one]] = generate(
        ToyLanguage(2).step, torch.tensor([(1, 2)]), end=END, max_new_tokens=9, stream=pieces.append
    )
    assert [token for piece in pieces for token in piece] == one.tokens and len(pieces) == len(one.tokens)


def test_only_one_text_can_be_streamed():
    for prefix, options in (
        ([(1, 2), (2, 3)], {}),
        ([(1, 2)], {"beams": 2}),
        ([(1, 2)], {"sample": True, "num_return": 2}),
        ([(1, 2)], {"forced": [3]}),
    ):
        with pytest.raises(ValueError, match=r"stream= with .*: expected one row, 1, 1 and none"):
            generate(
                ToyLanguage().step, torch.tensor(prefix), end=END, max_new_tokens=3, stream=print, **options
            )
