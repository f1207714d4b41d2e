"""One row and a batch give the same, whatever the options; and what the options promise holds.

Run: pytest tests/decoding/test_generation.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_language import END, ToyLanguage, holds

from zhnlp.decoding import PerRow, generate

PREFIX = torch.tensor([(1, 2), (3, 4), (2, 2), (4, 1)])
MODES = {
    "greedy": {},
    "beam": {"beams": 3, "num_return": 2, "length_penalty": 0.7},
    "sampling": {"sample": True, "num_return": 2, "seed": PerRow([3, 1, 4, 1])},
    "top-k, top-p": {
        "sample": True,
        "top_k": 3,
        "top_p": 0.8,
        "temperature": 1.4,
        "seed": PerRow([3, 1, 4, 1]),
    },
    "blocked": {"beams": 2, "no_repeat_ngram": 2, "repetition_penalty": 1.3},
    "coverage": {
        "beams": 4,
        "coverage": 0.5,
        "source_mask": torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0], [1, 1, 1]]),
    },
    "words of each row": {
        "beams": 3,
        "forbidden": PerRow([[1], [(2, 3)], [], [(1, 1), 4]]),
        "allowed": PerRow([[2, 3, 4], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3]]),
        "max_new_tokens": PerRow([9, 3, 6, 4]),
    },
    "words of each row, greedy": {
        "forbidden": PerRow([[1], [(2, 3)], [], [(1, 1), 4]]),
        "allowed": PerRow([[2, 3, 4], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3]]),
        "max_new_tokens": PerRow([9, 3, 6, 4]),
    },
    "forced": {"beams": 4, "num_return": 4, "forced": PerRow([[(3, 1)], [], [(4,), (1, 2)], [(2, 2, 2)]])},
}


def of_row(options, row):
    """The options as they are for one row alone."""
    return {
        name: value[row]
        if isinstance(value, PerRow)
        else value[row : row + 1]
        if isinstance(value, torch.Tensor)
        else value
        for name, value in options.items()
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_a_row_alone_and_in_a_batch_gives_the_same(mode, seed):
    language = ToyLanguage(seed, sharpness=1.0)
    options = {"end": END, "max_new_tokens": 8, **MODES[mode]}
    together = generate(language.step, PREFIX, **options)
    for row in range(len(PREFIX)):
        [alone] = generate(language.step, PREFIX[row : row + 1], **of_row(options, row))
        assert [one.tokens for one in alone] == [one.tokens for one in together[row]]
        assert [one.score for one in alone] == pytest.approx([one.score for one in together[row]], abs=1e-5)
        assert [one.ended for one in alone] == [one.ended for one in together[row]]


@pytest.mark.parametrize("mode", ["greedy", "beam", "blocked", "sampling"])
def test_padding_on_the_left_counts_for_nothing(mode):
    """Word 0, repeated as padding, is no repeated word, and its n-grams block nothing."""
    language = ToyLanguage(1, sharpness=1.0)
    options = {
        "end": None,
        "max_new_tokens": 9,
        "no_repeat_ngram": 3,
        "repetition_penalty": 1.5,
        **MODES[mode],
    }
    padded = torch.cat([torch.zeros(4, 6, dtype=torch.long), PREFIX], dim=1)
    mask = torch.tensor([0] * 6 + [1] * 2).expand(4, -1)
    found = generate(language.step, padded, prefix_mask=mask, **options)
    assert found == generate(language.step, PREFIX, **options)
    options |= {"no_repeat_ngram": 0, "repetition_penalty": 9.0}
    assert generate(language.step, padded, **options) != generate(language.step, PREFIX, **options)


words = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), max_size=3)


@settings(max_examples=60)
@given(
    st.integers(0, 1000),
    words,
    st.sampled_from([{}, {"beams": 3, "num_return": 3}, {"sample": True, "seed": 0}]),
)
def test_forbidden_phrases_never_occur(seed, phrases, mode):
    language = ToyLanguage(seed)
    if len({phrase for phrase in phrases if len(phrase) == 1}) == 4:
        return
    found = generate(language.step, PREFIX, end=END, max_new_tokens=10, forbidden=phrases, **mode)
    for prefix, group in zip(PREFIX.tolist(), found):
        for one in group:
            text = [prefix[-1], *one.tokens]
            for phrase in phrases:
                assert not holds(one.tokens if len(phrase) == 1 else text, phrase)


@settings(max_examples=60)
@given(
    st.integers(0, 1000), st.integers(1, 3), st.sampled_from([{}, {"beams": 3}, {"sample": True, "seed": 0}])
)
def test_no_n_gram_comes_twice(seed, n, mode):
    found = generate(
        ToyLanguage(seed).step,
        PREFIX,
        end=END,
        max_new_tokens=12,
        no_repeat_ngram=n,
        min_new_tokens=0,
        **mode,
    )
    for prefix, [one] in zip(PREFIX.tolist(), found):
        text = [*prefix, *one.tokens]
        grams = [tuple(text[at : at + n]) for at in range(len(text) - n + 1)]
        new = grams[max(0, len(prefix) - n + 1) :]
        assert all(grams.count(gram) == 1 for gram in new)


@settings(max_examples=60)
@given(
    st.integers(0, 1000), st.integers(0, 6), st.sampled_from([{}, {"beams": 3}, {"sample": True, "seed": 0}])
)
def test_texts_are_as_long_as_they_must_be(seed, shortest, mode):
    found = generate(
        ToyLanguage(seed).step, PREFIX, end=END, max_new_tokens=6, min_new_tokens=shortest, **mode
    )
    assert all(shortest <= len(one.tokens) <= 6 and one.ended == (len(one.tokens) < 6) for [one] in found)


@settings(max_examples=60)
@given(st.integers(0, 1000), words.filter(bool), st.integers(1, 5))
def test_forced_phrases_all_occur(seed, phrases, beams):
    room = sum(map(len, phrases))
    found = generate(
        ToyLanguage(seed).step,
        PREFIX,
        end=END,
        max_new_tokens=room + seed % 3,
        beams=beams,
        num_return=beams,
        forced=phrases,
    )
    for group in found:
        assert all(holds(one.tokens, phrase) for one in group[:1] for phrase in phrases)
        complete = [all(holds(one.tokens, phrase) for phrase in phrases) for one in group]
        assert complete == sorted(complete, reverse=True)
