import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.text import Corpus, DuplicateFilter
from zhnlp.text.duplicates import fold_for_comparison, simhash

LONG = "".join(random.Random(3).choices([chr(c) for c in range(0x4E00, 0x4F00)], k=600))


@given(st.lists(st.text(st.sampled_from("天地1。 "), max_size=3)))
def test_exact_is_a_set(texts):
    """Oracle: order-preserving unique."""
    seen = DuplicateFilter("exact")
    assert [text for text in texts if not seen(text)] == list(dict.fromkeys(texts))


@given(st.lists(st.text(max_size=8)))
def test_near_drops_at_least_what_exact_drops(texts):
    exact, near = DuplicateFilter("exact"), DuplicateFilter("near")
    assert all(near(text) or not was for text, was in [(text, exact(text)) for text in texts])


def test_near_ignores_width_case_blanks_signs_and_digits():
    seen = DuplicateFilter("near")
    assert not seen("第1期：ＡＩ Weekly！😀")
    assert seen("第 23 期 ai WEEKLY")
    assert not seen("第1期：周刊")


def test_texts_of_digits_or_signs_alone_are_compared_as_they_are():
    seen = DuplicateFilter("near")
    assert [seen(text) for text in ("123", "456", "123", "……", "。")] == [False, False, True, False, False]


def test_simhash_finds_one_changed_character_in_a_long_text_and_not_another_text():
    seen = DuplicateFilter("near")
    assert not seen(LONG)
    assert seen(LONG[:300] + "变" + LONG[301:])
    assert not seen("".join(random.Random(4).sample(LONG, len(LONG))))


def test_simhash_by_hand():
    """One bigram: its hash alone decides every bit; the same bigram many times gives the same."""
    pair = fold_for_comparison("天地")
    assert simhash(pair) == simhash(fold_for_comparison("天地天地天地")[:2])
    assert 0 < simhash(pair) < 2**64
    assert simhash(fold_for_comparison("天地玄黄" * 30_000)) == simhash(
        fold_for_comparison("天地玄黄" * 30_000)
    )


def test_memory_is_bounded_and_the_latest_are_remembered():
    seen = DuplicateFilter("exact", capacity=100)
    for k in range(10_000):
        assert not seen(str(k))
        assert len(seen._keys.new) + len(seen._keys.old) <= 100
    assert all(seen(str(k)) for k in range(9_960, 10_000))
    assert not seen("0")


def test_corpus_counts_duplicates():
    corpus = Corpus.from_texts(["好，好", "好好", "好，好", "坏"], duplicates="exact")
    assert list(corpus) == ["好，好", "好好", "坏"] and corpus.report.duplicates == 1
    corpus = Corpus.from_texts(["好，好", "好好", "好，好", "坏"], duplicates="near")
    assert list(corpus) == list(corpus) == ["好，好", "坏"] and corpus.report.duplicates == 2


@pytest.mark.parametrize("wrong", [{"mode": "keep"}, {"capacity": 1}, {"distance": 7}, {"min_length": 0}])
def test_refusals(wrong):
    with pytest.raises(ValueError, match="expected"):
        DuplicateFilter(**{"mode": "near", **wrong})
    with pytest.raises(ValueError, match="duplicates got 'fuzzy'"):
        Corpus.from_texts([], duplicates="fuzzy")
