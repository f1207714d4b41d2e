"""Words behind one interface: spans that cut the source, order kept, refusals.

Run: pytest tests/tokenizers/test_words.py
"""

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_families import t5
from tokenizers import Tokenizer, models

from zhnlp.mining.segmenter import Segmenter
from zhnlp.tokenizers import JiebaWords, MinedWords, UnigramWords, WordTokenizer

CORPUS = ["我们学习深度学习，明天也学习。", "深度学习很好，iphone15 也好。", "研究深度学习 2024"] * 20


class Rough(WordTokenizer):
    """Overlaps, gaps, blanks, a span too long: what `spans` has to mend."""

    def cut(self, text):
        return [(0, 3), (1, 5), (2, 2), (7, 8), (6, 7)] if len(text) > 7 else [(0, len(text))] if text else []


@pytest.fixture(scope="module")
def tokenizers():
    return {
        "jieba": JiebaWords(),
        "mined": MinedWords(Segmenter.from_counts({"深度学习": 9, "学习": 5, "我们": 5})),
        "unigram": UnigramWords.train(CORPUS, size=60),
        "rough": Rough(),
    }


def test_by_hand(tokenizers):
    assert tokenizers["jieba"].words("我们在 北京大学学习") == ["我们", "在", "北京大学", "学习"]
    assert tokenizers["mined"].spans("我们 深度学习") == [(0, 2), (3, 7)]
    unigram = tokenizers["unigram"].words("深度学习，明天 iphone15龘龘")
    assert unigram[0] == "深度学习" and unigram[-3:] == ["iphone15", "龘", "龘"]
    assert tokenizers["rough"].spans("一 二三四五六七八") == [(0, 1), (2, 3), (3, 5), (5, 7), (7, 8), (8, 9)]
    assert tokenizers["jieba"].segment("我们")[0] == {"word": "我们", "start": 0, "end": 2}


texts = st.text(
    st.sampled_from("我们学习深度，。！abZ09-. \n\r\t　Ａ１😀龘\u0301\u200b\x1c北京大学▁"), max_size=40
)


def test_half_a_surrogate_pair_is_a_word(tokenizers):
    assert tokenizers["unigram"].spans("\ud800学习\udcff\udcff好") == tokenizers["unigram"].spans(
        "\ufffd学习\ufffd\ufffd好"
    )
    assert "学习" in tokenizers["unigram"].words("\ud800学习")
    learned = UnigramWords.train(["\ud800" + text for text in CORPUS], size=60)
    assert learned.words("学习") == ["学习"]


@settings(max_examples=100, deadline=None)
@given(texts)
def test_spans_cut_the_source_and_leave_out_only_blanks(tokenizers, text):
    for name, tokenizer in tokenizers.items():
        spans = tokenizer.spans(text)
        last = 0
        for start, end in spans:
            assert last <= start < end <= len(text), name
            assert not text[last:start].strip() and not any(c.isspace() for c in text[start:end]), name
            last = end
        assert not text[last:].strip(), name
        assert tokenizer.words(text) == [text[start:end] for start, end in spans]


@given(st.lists(texts, max_size=6))
@settings(max_examples=20, deadline=None)
def test_many_texts_keep_their_order(tokenizers, many):
    for tokenizer in tokenizers.values():
        assert list(tokenizer.words_of(iter(many))) == [tokenizer.words(text) for text in many]


def test_jieba_agrees_with_jieba():
    for hmm in (True, False):
        ours = JiebaWords(hmm=hmm)
        for text in CORPUS[:3]:
            assert ours.words(text) == [word for word in jieba.cut(text, HMM=hmm) if word.strip()]


def test_user_words_are_of_one_tokenizer_alone(tokenizers):
    with_words = JiebaWords(user_words=["学习深度"])
    assert "学习深度" in with_words.words("我们学习深度")
    assert "学习深度" not in tokenizers["jieba"].words("我们学习深度")


def test_a_unigram_model_comes_back(tokenizers, tmp_path):
    saved = tokenizers["unigram"].save(tmp_path / "words" / "tokenizer.json")
    for place in (saved, saved.parent):
        assert UnigramWords.load(place).words(CORPUS[1]) == tokenizers["unigram"].words(CORPUS[1])


def test_the_model_of_a_pretrained_tokenizer_cuts_too(tmp_path):
    words = UnigramWords.load(t5(tmp_path))
    assert words.words("我们 hello 深度学习，iPhone15") == ["我们", "hello", "深度", "学习", "，", "iPhone15"]


def test_training_is_the_same_twice():
    cuts = [UnigramWords.train(CORPUS, size=50).words("".join(CORPUS[:3])) for _ in range(2)]
    assert cuts[0] == cuts[1]


def test_refusals(tmp_path):
    with pytest.raises(TypeError, match=r"segmenter got dict: expected something with segment"):
        MinedWords({})
    with pytest.raises(ValueError, match="the model is WordLevel: expected Unigram"):
        UnigramWords(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
    with pytest.raises(ValueError, match="the corpus holds no text"):
        UnigramWords.train([""])
    with pytest.raises(FileNotFoundError, match=r"expected a tokenizer.json"):
        UnigramWords.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]")
    with pytest.raises(ValueError, match="is no tokenizer"):
        UnigramWords.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="no dictionary nowhere"):
        JiebaWords("nowhere")
    with pytest.raises(TypeError, match="words_of got a str"):
        Rough().words_of("我们")
    with pytest.raises(TypeError, match="for many texts see words_of"):
        Rough().words(["我们"])
