import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.text import split_sentences
from zhnlp.text.sentences import find_cut


def cut(text, **options):
    return [text[start:end] for start, end in split_sentences(text, **options)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("今天好。明天也好！后天呢？", ["今天好。", "明天也好！", "后天呢？"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("他说：“好！”（笑。）走了", ["他说：“好！”", "（笑。）", "走了"]),
        ('他说："好。"又说："走。"完', ['他说："好。"', '又说："走。"', "完"]),
        ('好。"走吧。"', ["好。", '"走吧。"']),
        ("真的？！……是的。", ["真的？！……", "是的。"]),
        ("第一；第二；第三。", ["第一；", "第二；", "第三。"]),
        ("涨了3.5%。到2.0版。", ["涨了3.5%。", "到2.0版。"]),
        ("Dr. Wang is here. He left.", ["Dr. Wang is here.", "He left."]),
        ("见e.g. 图1，U.S. economy.完", ["见e.g. 图1，U.S. economy.", "完"]),
        ("访问www.a.cn/x?a=b看看。好", ["访问www.a.cn/x?a=b看看。", "好"]),
        ("1. 第一项\n2. 第二项", ["1. 第一项", "2. 第二项"]),
        ("一行\r\n二行\u2028 三行 ", ["一行", "二行", "三行"]),
        ("好.我们走.", ["好.", "我们走."]),
        ("  \n\t", []),
        ("", []),
        ("。", ["。"]),
        ("没有结尾", ["没有结尾"]),
    ],
)
def test_by_hand(text, sentences):
    assert cut(text) == sentences


hostile = st.text(
    st.one_of(st.characters(), st.sampled_from("。！？；…”’」）\"'.!?;\n\r 3aＡ中\u0301\ufe0f\u200d👍"))
)


@given(hostile, st.one_of(st.none(), st.integers(1, 9)))
def test_spans_are_in_order_trimmed_and_cover_every_character_that_is_no_blank(text, max_length):
    end_before, covered = 0, set()
    for start, end in split_sentences(text, max_length=max_length):
        assert end_before <= start < end <= len(text)
        assert not text[start].isspace() and not text[end - 1].isspace()
        assert max_length is None or end - start <= max_length
        covered.update(range(start, end))
        end_before = end
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)


@given(hostile)
def test_splitting_a_sentence_again_by_lines_changes_nothing(text):
    assert all("\n" not in sentence for sentence in cut(text))


def test_long_sentences_are_cut_after_commas_and_never_inside_a_character():
    assert cut("一二三，四五六七八九", max_length=6) == ["一二三，", "四五六七八九"]
    assert cut("abcde\u0301fgh", max_length=5) == ["abcd", "e\u0301fgh"]
    family = "👨\u200d👩\u200d👧"
    assert cut("一二" + family, max_length=5) == ["一二", family]


@given(hostile.filter(bool), st.integers(1, 12))
def test_a_cut_makes_progress_within_the_limit(text, limit):
    assert 0 < find_cut(text, 0, limit) <= limit or find_cut(text, 0, limit) == len(text) <= limit


def test_refusal():
    with pytest.raises(ValueError, match="max_length got 0, expected at least 1"):
        split_sentences("x", max_length=0)
