"""``join_chinese`` by hand, as a table, and as a property.

Run: pytest tests/tokenizers/test_join.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.tokenizers import join_chinese

TABLE = [
    ("我 们 学 习", "我们学习"),
    ("我 们 ， 学 习 。", "我们，学习。"),
    ("hello world", "hello world"),
    ("我 用 iphone 手 机", "我用iphone手机"),
    ("iphone ##15 ##pro", "iphone15pro"),
    ("深 ##度 学 ##习", "深度学习"),
    ("hello , world .", "hello, world."),
    ("3 . 14 和 1 , 000 ， 12 : 30", "3.14和1,000，12:30"),
    ("增 长 50 %", "增长50%"),
    ("12 34", "12 34"),
    ("iPhone 15 Pro", "iPhone 15 Pro"),
    ("don ' t", "don't"),
    ("（ 一 ） 《 红 楼 梦 》", "（一）《红楼梦》"),
    ("“ 你 好 ” —— 他 说 …", "“你好”——他说…"),
    ("看 ( see [ 1 ] )", "看(see [1])"),
    ("カ タ カ ナ ， ㄅ ㄆ", "カタカナ，ㄅㄆ"),
    ("𠮷 野 家 〇 々", "𠮷野家〇々"),
    ("😀 好 😀 😀", "😀好😀 😀"),
    ("Ａ Ｂ", "ＡＢ"),
    ("我\n们 好", "我\n们好"),
    ("  我 们  ", "  我们  "),
    ("段 落\n　　第 二 段", "段落\n　　第二段"),
    ("## 标 题", "## 标题"),
    ("- 第 一\n1. 第 二\n> 引 用 - 号", "- 第一\n1. 第二\n> 引用-号"),
    ("C ## D", "C ## D"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "wanted"), TABLE)
def test_table(text, wanted):
    assert join_chinese(text) == wanted


def test_pieces():
    assert join_chinese(["我", "用", "i", "##phone", "##15", "，", "ok", "go"]) == "我用iphone15，ok go"
    assert join_chinese(["▁我们", "用", "▁iPhone", "15", "▁Pro"]) == "我们用iPhone15 Pro"
    assert join_chinese(iter(["深", "度"])) == "深度"
    assert join_chinese(["##们", "好"]) == "们好"
    assert join_chinese([]) == ""


def test_a_piece_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match=r"got the piece 101 \(int\).*convert_ids_to_tokens"):
        join_chinese(["我", 101])


texts = st.text(st.sampled_from("我们，。（aB19 #'.,:%()[st\n\t　😀Ａ…“\u2014▁"), max_size=30)


@given(texts)
def test_twice_is_once_and_only_blanks_and_marks_go(text):
    once = join_chinese(text)
    assert join_chinese(once) == once
    assert once.replace(" ", "").replace("##", "") == text.replace(" ", "").replace("##", "")
    assert len(once.split("\n")) == len(text.split("\n"))


@given(st.text(st.sampled_from("我们深度学习，。！？（）《》、…“”")))
def test_what_bert_sets_apart_comes_together(text):
    assert join_chinese(" ".join(text)) == text


@given(st.lists(st.text(st.sampled_from("abcXYZ"), min_size=1), max_size=8))
def test_blanks_between_latin_words_stay(words):
    assert join_chinese(" ".join(words)) == " ".join(words)
