"""Rhyme classes: by hand, every final in one class, heteronyms, and what is refused.

Run: pytest tests/text/test_rhymes.py
"""

import builtins
import subprocess
import sys

import pytest

from zhnlp.text.rhymes import CLASSES, rhyme_class, rhyme_classes

RHYMES = {  # characters of everyday words, by ear
    "麻": "家花瓜沙", "波": "波多果坐", "歌": "歌车河乐", "皆": "街月雪叶", "支": "诗字日思", "儿": "儿耳二", "齐": "衣米西地",
    "微": "飞归水北", "开": "来快海怀", "模": "书路主无", "鱼": "雨绿去居", "侯": "秋楼手流", "豪": "高桥少晓", "寒": "山天远船",
    "痕": "春人心云", "唐": "光霜黄江", "庚": "风声明翁", "东": "空中穷龙",
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_characters_that_rhyme_by_ear(name):
    assert {rhyme_classes(character) for character in RHYMES[name]} == {(name,)}


def test_every_final_of_the_language_is_in_one_class():
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_normal

    finals = [final for finals in CLASSES.values() for final in finals]
    assert len(CLASSES) == 18 and len(set(finals)) == len(finals)
    syllables = {to_normal(reading) for readings in PINYIN_DICT.values() for reading in readings.split(",")}
    without = {syllable for syllable in syllables if rhyme_class(syllable) is None}
    assert len(syllables) > 400 and without <= {"n", "ng", "m", "hm", "hng"}


def test_hissing_and_other_i_are_apart():
    assert rhyme_class("zi") == rhyme_class("ri") == "支" and rhyme_class("ji") == rhyme_class("yi") == "齐"
    assert rhyme_class("lu") == "模" and rhyme_class("lv") == rhyme_class("lü") == rhyme_class(
        "yu"
    ) == rhyme_class("ju")


def test_readings_count_as_many_as_are_asked_for():
    assert rhyme_classes("行") == ("庚",) and rhyme_classes("行", readings=2) == ("庚", "唐")
    assert rhyme_classes("看", readings=2) == ("寒",)  # two readings, one class
    assert set(rhyme_classes("家", readings=None)) > {"麻"}
    assert rhyme_classes("。") == rhyme_classes("x") == ()


@pytest.mark.parametrize("wrong", ["", "天地"])
def test_one_character_is_expected(wrong):
    with pytest.raises(ValueError, match="expected one"):
        rhyme_classes(wrong)
    with pytest.raises(ValueError, match="readings=0"):
        rhyme_classes("天", readings=0)


def test_a_missing_pypinyin_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == "pypinyin":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[poems\]"'):
        rhyme_class("hua")


def test_the_module_alone_does_not_load_pypinyin():
    said = "import sys, zhnlp.text.rhymes; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], timeout=60).returncode == 0
