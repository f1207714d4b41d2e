"""Which word a character belongs to: offsets for any segmenter, unknown words, width.

Run: pytest tests/tokenizers/test_word_numbers.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.mining.segmenter import Segmenter
from zhnlp.tokenizers.words import JiebaWords, MinedWords, WordNumbers
from zhnlp.tokenizers.words.base import WordTokenizer

WORDS = ["电网", "检修", "gpu", "公司", "华东", "😀"]
MIXED = st.text(st.sampled_from(list("电网检修公司华东他的GＰＵgpu１2 　\n\t，。😀👨‍👩‍👧𠮷é")), max_size=30)


class Every(WordTokenizer):
    """Words of so many characters, whatever they are."""

    def __init__(self, size):
        self.size = size

    def cut(self, text):
        return ((start, start + self.size) for start in range(0, len(text), self.size))


@given(MIXED, st.sampled_from([JiebaWords(), JiebaWords(hmm=False, user_words=WORDS), Every(1), Every(3)]))
def test_one_number_a_character_and_runs_are_the_words_themselves(text, segmenter):
    numbers = WordNumbers(WORDS, segmenter).of(text)
    assert numbers.shape == (len(text),)
    place = 0
    while place < len(text):
        number = numbers[place]
        if number:
            word = WORDS[number - 1]
            assert (numbers[place : place + len(word)] == number).all()
            folded = (
                text[place : place + len(word)].translate({0xFF27: "g", 0xFF30: "p", 0xFF35: "u"}).lower()
            )
            assert folded == word
            place += len(word)
        else:
            place += 1
    assert not any(number for number, character in zip(numbers, text) if character.isspace())


def test_unknown_words_have_those_inside_them():
    numbers = WordNumbers(WORDS, Every(6))
    assert numbers.of("华东电网公司").tolist() == [5, 5, 1, 1, 4, 4]
    assert numbers.of("的华东的公的").tolist() == [0, 5, 5, 0, 0, 0]


def test_a_mined_lexicon_does_without_a_dictionary():
    words = MinedWords(Segmenter.from_counts({"电网": 9, "检修": 5, "电网检修": 3}))
    assert WordNumbers(["电网检修"], words).of("电网检修，电网").tolist() == [1, 1, 1, 1, 0, 0, 0]


def test_a_word_as_it_stands_comes_before_its_folded_form():
    assert WordNumbers(["gpu", "GPU"], JiebaWords()).of("GPU").tolist() == [2, 2, 2]
    assert WordNumbers(["gpu", "GPU"], JiebaWords()).of("Gpu").tolist() == [1, 1, 1]


def test_words_that_cannot_be_numbered_are_refused():
    with pytest.raises(ValueError, match="words hold a word twice"):
        WordNumbers(["电网", "电网"], Every(1))
    with pytest.raises(ValueError, match="words hold an empty word"):
        WordNumbers(["电网", ""], Every(1))
    assert WordNumbers([], Every(1)).of("电网").tolist() == [0, 0]
