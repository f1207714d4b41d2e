"""What the vocabulary cannot write is copied; names and numbers keep the spelling of the source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.seq2seq.copy_slots import SLOTS, CopySlots
from zhnlp.seq2seq.source import SourceReader, check_lengths
from zhnlp.seq2seq.spelling import restore_spelling
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab

TEXT = "电网今天检修。明天下雨，后天放晴！变压器坏了。"


@pytest.fixture
def tokenizer():
    return build_tokenizer(train_char_vocab([TEXT], min_count=1, min_sign=1, latin_pieces=0))


@pytest.fixture
def reader(tokenizer):
    return SourceReader(tokenizer, CopySlots.add(tokenizer, 4), max_source=12, max_target=6)


@pytest.mark.parametrize(
    ("written", "source", "expected"),
    [
        ("openai发布gpt - 4o", "OpenAI 今天发布 GPT-4o。", "OpenAI发布GPT-4o"),
        ("增长3 . 5 %", "同比增长3.5%", "增长3.5%"),
        ("增长3.5", "同比增长13.5%", "增长3.5"),  # 13.5 is another number
        ("c + + 语言", "学习C++语言", "C++ 语言"),  # the blank before Chinese is join_chinese's matter
        ("java语言", "JavaScript语言", "java语言"),  # Java is not in the source as a word
        ("５Ｇ基站", "建成5G基站", "5G基站"),
        ("今天下雨", "OpenAI", "今天下雨"),
        ("hello world", "", "hello world"),
        ("the iphone of tim cook", "Tim Cook 展示 iPhone", "the iPhone of Tim Cook"),
    ],
)
def test_spelling_by_hand(written, source, expected):
    assert restore_spelling(written, source) == expected


@given(st.text("电网aB1 -.％Ａ", max_size=12), st.text("电网aB1 -.％Ａ", max_size=20))
def test_chinese_is_never_touched_and_a_title_of_the_source_stays(written, source):
    restored = restore_spelling(written, source)
    assert [c for c in restored if c in "电网"] == [c for c in written if c in "电网"]
    assert restore_spelling(restored, source) == restored  # twice changes nothing


def test_unknown_characters_take_slots_and_come_back(reader):
    source = reader.read(["㸃检修☂，㸃下雨"])[0]
    slots = reader.slots.ids
    assert source.ids[0] == source.ids[5] == slots[0] and source.ids[3] == slots[1]
    assert reader.target("☂检修㸃", source) == [slots[1], *source.ids[1:3], slots[0]]
    assert reader.text([slots[1], *source.ids[1:3], slots[0]], source) == "☂检修㸃"
    unknown = reader.tokenizer.unk_token_id
    assert reader.target("☃", source) == [unknown]  # is not in the source


def test_more_unknown_characters_than_slots_stay_unknown(reader):
    source = reader.read(["㸃☂☃☄★检"])[0]
    assert source.ids[:4] == reader.slots.ids and source.ids[4] == reader.tokenizer.unk_token_id


def test_what_is_never_written(reader):
    banned = set(reader.never())
    assert banned >= {reader.tokenizer.unk_token_id, reader.tokenizer.mask_token_id, *reader.slots.ids}
    assert not banned & set(reader.tokenizer("电网", add_special_tokens=False)["input_ids"])


@given(st.integers(0, 2**31))
def test_slots_are_dealt_anew_alike_in_source_and_target(seed):
    slots, rng = CopySlots([90, 91, 92]), np.random.default_rng(seed)
    source, target = slots.shuffled([90, 5, 91, 90], [91, 90, 7], rng)
    assert source[0] == source[3] == target[1] and source[2] == target[0] and source[0] != source[2]
    assert {source[0], source[2]} <= set(slots.ids) and source[1] == 5 and target[2] == 7


def test_all_slots_are_learnt_alike():
    slots, rng = CopySlots(range(90, 94)), np.random.default_rng(0)
    seen = [slots.shuffled([90], [90], rng)[0][0] for _ in range(4000)]
    assert all(850 < seen.count(slot) < 1150 for slot in slots.ids)


def test_long_articles_end_with_a_sentence(reader):
    cut = reader.read([TEXT])[0]
    assert cut.cut and reader.tokenizer.decode(cut.ids) == "电网今天检修。"
    whole = reader.read([TEXT[:7]])[0]
    assert not whole.cut
    endless = reader.read(["电" * 100_000])[0]
    assert endless.cut and len(endless.ids) == 12


def test_a_title_is_cut_at_max_target(reader):
    source = reader.read([TEXT])[0]
    assert len(reader.target(TEXT, source)) == 6


def test_refusals(tokenizer):
    with pytest.raises(ValueError, match=f"copy_slots=99 is not possible: expected 0 to {SLOTS}"):
        CopySlots.add(tokenizer, 99)
    with pytest.raises(ValueError, match="max_source=0 is not possible"):
        check_lengths(0, 5, 512, 3)
    with pytest.raises(ValueError, match=r"need 603 positions, the model has 512\. Next: max_source=409"):
        check_lengths(500, 100, 512, 3)
    assert CopySlots.add(tokenizer, 0).ids == []
