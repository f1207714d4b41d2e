"""Words and vectors from text: counts of pairs against a slow reference, alike words, numbers of characters, files."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.mining.terms.vectors import TooLittleText, WordVectors
from zhnlp.reading.word_vectors import WordKnowledge, _pairs, learn_words, split_runs
from zhnlp.tokenizers.words import JiebaWords

TEXTS = [
    f"今天{what}{deed}，天气很好。"
    for what in ("电网", "变压器", "线路")
    for deed in ("检修", "巡视", "停运")
] + [f"晚上看{what}，{how}极了。" for what in ("小说", "电影", "故事") for how in ("好看", "有趣", "精彩")]


@given(st.lists(st.lists(st.sampled_from("甲乙丙丁"), max_size=9), max_size=4), st.integers(1, 3))
def test_pairs_equal_a_slow_count(documents, window):
    """丁 is outside the vocabulary and left out before distances are taken."""
    places = {"甲": 0, "乙": 1, "丙": 2}
    expected = np.zeros((3, 3))
    for words in documents:
        known = [places[word] for word in words if word in places]
        for (i, one), (j, other) in itertools.combinations(enumerate(known), 2):
            if j - i <= window:
                expected[one, other] += window + 1 - (j - i)
                expected[other, one] += window + 1 - (j - i)
    assert _pairs(iter(documents), places, window).toarray().tolist() == expected.tolist()


@pytest.fixture(scope="module")
def known():
    return learn_words(TEXTS * 3, dim=12, min_count=3)


def test_words_of_the_same_places_are_alike(known):
    vectors = WordVectors(known.words, known.rows)
    assert vectors.similarity("检修", "巡视") > vectors.similarity("检修", "好看") + 0.2
    assert known.counts == sorted(known.counts, reverse=True) and known.counts[0] >= 27


def test_the_same_text_gives_the_same_vectors_and_files_keep_them(known, tmp_path):
    again = learn_words(TEXTS * 3, dim=12, min_count=3)
    assert again.words == known.words and np.array_equal(again.rows, known.rows)
    loaded = WordKnowledge.load(known.save(tmp_path / "words.safetensors"))
    assert (loaded.words, loaded.counts) == (known.words, known.counts)
    assert np.array_equal(loaded.rows, known.rows)


def test_any_segmenter_will_do_and_numbers_align_with_characters(known):
    other = learn_words(TEXTS * 3, dim=4, min_count=3, segmenter=JiebaWords(hmm=False))
    for knowledge in (known, other):
        text = "晚上，电网 检修😀"
        numbers = knowledge.numbers.of(text)
        assert len(numbers) == len(text)
        named = {text[place]: knowledge.words[number - 1] for place, number in enumerate(numbers) if number}
        assert named["电"] == named["网"] == "电网" and named["检"] == "检修" and "😀" not in named


@given(st.text("电网检修Ａa1９ 😀。", max_size=20))
def test_spans_cover_what_is_no_blank_and_runs_stand_singly(known, text):
    spans = known.spans(text)
    covered = [place for start, end in spans for place in range(start, end)]
    assert covered == [place for place, character in enumerate(text) if not character.isspace()]
    assert all(end - start == 1 for start, end in spans if any(c in "Ａa1９" for c in text[start:end]))
    assert known.number("电网") == known.words.index("电网") + 1 and known.number("没有的") == 0


def test_refusals(tmp_path):
    assert split_runs("", []) == []
    with pytest.raises(TypeError, match="can be read twice"):
        learn_words(iter(TEXTS))
    with pytest.raises(TypeError, match="got str"):
        learn_words("电网")
    with pytest.raises(ValueError, match="window=0"):
        learn_words(TEXTS, window=0)
    with pytest.raises(TooLittleText, match="give more text"):
        learn_words(["电网"], min_count=5)
    (tmp_path / "x").write_text("no")
    with pytest.raises(ValueError, match=r"expected a file of WordKnowledge\.save"):
        WordKnowledge.load(tmp_path / "x")
