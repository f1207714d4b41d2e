import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.text import overlap, shared_shingles

texts = st.lists(st.text("天地玄黄 \n"), max_size=6)


def plain(documents, corpus, length):
    """Oracle: sets of substrings."""
    there = set()
    for text in corpus:
        text = "".join(text.split())
        there |= {text[i : i + length] for i in range(len(text) - length + 1)}
    for text in documents:
        text = "".join(text.split())
        own = [text[i : i + length] for i in range(len(text) - length + 1)]
        yield sum(one in there for one in own) / len(own) if own else 0.0


@settings(deadline=None)
@given(texts, texts, st.integers(1, 4))
def test_parity_with_sets_of_substrings(documents, corpus, length):
    expected = list(plain(documents, corpus, length))
    assert shared_shingles(documents, corpus, length=length).tolist() == pytest.approx(expected)


def test_parity_over_several_batches(monkeypatch):
    monkeypatch.setattr(overlap, "_BATCH", 50)
    draw = random.Random(0)
    pool = ["".join(draw.choices("天地玄黄宇宙洪荒日月", k=30)) for _ in range(200)]
    documents = [a[:20] + b[5:25] for a, b in zip(pool[:20], pool[20:40])]
    corpus = (text for text in pool[20:])
    shares = shared_shingles(documents, corpus, length=12)
    assert shares.tolist() == pytest.approx(list(plain(documents, pool[20:], 12)))
    assert np.all(shares >= 9 / 29) and np.all(shares < 0.5)


def test_an_altered_version_is_found_and_another_text_is_not():
    draw = random.Random(1)
    first, second = ("".join(draw.choices([chr(c) for c in range(0x4E00, 0x5E00)], k=1000)) for _ in range(2))
    altered = first[:500] + "变" + first[501:]
    assert shared_shingles([altered, second, altered[:10]], [first]).tolist() == pytest.approx(
        [961 / 981, 0, 0]
    )


def test_refusals():
    with pytest.raises(ValueError, match="length=0"):
        shared_shingles(["天"], ["天"], length=0)
    with pytest.raises(TypeError, match="one string as corpus"):
        shared_shingles(["天"], "天地")
