import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.similarity import CharacterNgramEncoder, FAQIndex, load_encoder
from zhnlp.similarity.vector_store import ARRAYS

QUESTIONS = ["怎么退款", "如何申请退款", "怎么修改密码", "密码忘了怎么找回", "几天能发货", "可以开发票吗"]
ANSWERS = ["退", "退", "改", "改", "发", "票"]
IDS = ["refund", "refund", "password", "password", "ship", "invoice"]


def shop(**options):
    index = FAQIndex(load_encoder(), **options)
    index.add(QUESTIONS, ANSWERS, IDS)
    return index


class Given:
    """An encoder of vectors that stand in the texts: "1 0 nan"."""

    def encode(self, texts):
        return np.array([[float(part) for part in text.split()] for text in texts])


def test_hits_by_hand():
    index = FAQIndex(Given())
    assert index.add(["2 0", "3 4", "0 5"], ["east", None, "north"], ["e", "ne", "n"]) == 3
    assert index.search("0 9", k=2, threshold=0.9) == [
        {"id": "n", "question": "0 5", "answer": "north", "score": 1.0, "rank": 1, "above": True},
        {
            "id": "ne",
            "question": "3 4",
            "answer": None,
            "score": pytest.approx(0.8),
            "rank": 2,
            "above": False,
        },
    ]


def test_a_list_gives_a_list_and_each_text_the_same_as_alone():
    index, queries = shop(), ["退款", "密码找回", "退款"]
    together = index.search(queries, k=3, threshold=None)
    assert together == [index.search(query, k=3, threshold=None) for query in queries]
    assert index.search([], threshold=None) == []


def test_each_id_once_unless_asked_otherwise():
    index = shop()
    hits = index.search("怎么退款", k=4, threshold=None)
    assert [hit["id"] for hit in hits].count("refund") == 1 and len(hits) == 4
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4]
    hits = index.search("怎么退款", k=4, threshold=None, grouped=False)
    assert [hit["question"] for hit in hits[:2]] == ["怎么退款", "如何申请退款"]
    assert {hit["answer"] for hit in hits[:2]} == {"退"}


def test_a_large_group_does_not_hide_the_others():
    index = FAQIndex(Given())
    index.add([f"1 {number}e-3" for number in range(50)] + ["0 1"], None, ["a"] * 50 + ["b"])
    assert [hit["id"] for hit in index.search("1 0", k=2, threshold=None)] == ["a", "b"]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(1, 6), st.sampled_from(list(ARRAYS)))
def test_added_in_parts_or_at_once_and_removed_or_never_added(order, k, dtype):
    parts, whole = FAQIndex(load_encoder(), dtype=dtype), FAQIndex(load_encoder(), dtype=dtype)
    for number in order:
        parts.add([QUESTIONS[number]], [ANSWERS[number]], [IDS[number]], extend=True)
    whole.add(*([column[number] for number in order] for column in (QUESTIONS, ANSWERS, IDS)))
    assert parts.search("退款密码", k, None) == whole.search("退款密码", k, None)
    gone = IDS[order[0]]
    assert parts.remove(gone) == sum(IDS[number] == gone for number in order)
    left = [number for number in order if IDS[number] != gone]
    if left:
        never = FAQIndex(load_encoder(), dtype=dtype)
        never.add(*([column[number] for number in left] for column in (QUESTIONS, ANSWERS, IDS)))
        assert parts.search("退款密码", k, None) == never.search("退款密码", k, None)
        assert len(parts) == len(never) and parts.ids == never.ids


def test_an_id_that_is_there_is_refused_and_can_be_extended_or_replaced():
    index = shop()
    with pytest.raises(ValueError, match=r"'refund' is in the index already.*extend=True"):
        index.add(["退钱"], ["x"], ["refund"])
    with pytest.raises(ValueError, match="two answers"):
        index.add(["退钱"], ["x"], ["refund"], extend=True)
    assert index.add(["退钱"], None, ["refund"], extend=True) == 7
    assert index.search("退钱", 1, None)[0]["answer"] == "退"
    index.remove("refund")
    index.add(["退钱"], ["x"], ["refund"])
    assert index.search("退钱", 1, None)[0]["answer"] == "x"
    assert index.ids == ["password", "ship", "invoice", "refund"]


def test_numbers_are_given_where_there_are_no_ids():
    index = FAQIndex(load_encoder())
    index.add(["甲"], ids=[1])
    index.add(["乙", "丙"])
    index.add("丁", "答")
    assert index.ids == [1, 2, 3, 4]
    assert index.search("丁", 1, None)[0]["answer"] == "答"


class Failing:
    size = 1024

    def encode(self, texts, **options):
        vectors = load_encoder().encode(texts)
        if "坏" in texts:
            vectors[texts.index("坏"), 0] = np.nan
        return vectors


def test_a_failure_leaves_the_index_as_it_was(monkeypatch):
    monkeypatch.setattr("zhnlp.similarity.faq_index._SLICE", 2)
    index = FAQIndex(Failing())
    index.add(["甲", "乙"])
    before = index.search("甲", 5, None)
    with pytest.raises(ValueError, match=r"'坏' has NaN"):
        index.add(["丙", "丁", "坏"], ids=["c", "d", "e"])
    assert index.search("甲", 5, None) == before
    index.add(["丙"], ids=["c"])
    assert index.ids == [0, 1, "c"]


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: FAQIndex(load_encoder()).search("退款"), ValueError, "index is empty.*index.add"),
        (lambda: shop().search("退" * 10_000), ValueError, "10,000 characters: expected 2,000"),
        (lambda: shop().search(" "), ValueError, "blank"),
        (lambda: shop().search(["退款", 3]), TypeError, "query 1 .* is int"),
        (lambda: shop().search(7), TypeError, "a text or a list"),
        (lambda: shop().search("退款", k=0), ValueError, "k=0"),
        (lambda: shop().search("退款", threshold=1.5), ValueError, r"threshold=1.5: expected a cosine"),
        (lambda: shop().search("退款", threshold="best"), ValueError, "threshold='best'"),
        (lambda: shop().add(["退", None]), TypeError, "question 1 .* NoneType"),
        (lambda: shop().add(["退" * 10_000]), ValueError, "question 0 .* 10,000 characters"),
        (lambda: shop().add(["甲", "乙"], ["答"]), ValueError, "2 questions, 1 answers and 2 ids"),
        (lambda: shop().add(["甲"], [3]), TypeError, "answer 0 .* is int"),
        (lambda: shop().add(["甲"], ids=[1.5]), TypeError, "id 1.5 of float"),
        (lambda: shop().remove(["ship", "gone"]), KeyError, "first is 'gone'"),
        (lambda: FAQIndex(load_encoder(), "annoy"), ValueError, "backend='annoy'"),
        (lambda: FAQIndex(load_encoder(), effort=3), TypeError, "no graph"),
        (lambda: FAQIndex(object()), TypeError, "encode"),
    ],
    ids=range(17),
)
def test_what_cannot_be_done_is_refused(action, error, message):
    with pytest.raises(error, match=message):
        action()


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("nan 1", "NaN or infinite"),
        ("1 inf", "NaN or infinite"),
        ("0 0", "only zeros"),
        ("1 2 3", "3 dimensions, the index has 2"),
    ],
)
def test_vectors_that_cannot_be_compared_are_refused(question, message):
    index = FAQIndex(Given())
    index.add(["1 0"])
    for action in (index.add, index.search):
        with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
            warnings.simplefilter("ignore")  # there is no threshold yet
            action([question])
    assert len(index) == 1


LOADS = """
import json, sys
from zhnlp.similarity import FAQIndex
index = FAQIndex.load(sys.argv[1])
print(json.dumps([index.search(["退款", "密码"], 3, "auto"), index.ids, index.calibration]))
"""


def test_saved_by_one_process_and_loaded_by_another(tmp_path):
    index = shop(dtype="int8+float32")
    index.calibrate([("退款", "怎么退款"), ("退款", "几天能发货")], [1, 0])
    index.remove("ship")
    index.save(tmp_path / "faq")
    done = subprocess.run(
        [sys.executable, "-c", LOADS, tmp_path / "faq"], capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(done.stdout) == [index.search(["退款", "密码"], 3), index.ids, index.calibration]


@pytest.mark.parametrize("dtype", list(ARRAYS))
def test_what_was_loaded_finds_the_same(dtype, tmp_path):
    index = shop(dtype=dtype)
    index.remove("ship")
    index.save(tmp_path)
    assert FAQIndex.load(tmp_path).search(["退款", "密码"], 3, None) == index.search(
        ["退款", "密码"], 3, None
    )


def test_loaded_ones_stay_on_disk_and_are_saved_in_their_own_place(tmp_path):
    shop().save(tmp_path)
    index = FAQIndex.load(tmp_path)
    assert isinstance(index.vectors.parts()[0].vectors, np.memmap)
    index.add(["优惠券怎么用"], ["券"])
    index.remove("refund")
    index.save(tmp_path)
    again = FAQIndex.load(tmp_path)
    assert again.search("优惠券", 9, None) == index.search("优惠券", 9, None)
    index.save(tmp_path)  # the one whose files were replaced still reads them
    assert len(list(tmp_path.glob("vectors-*.npy"))) == 1
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pkl", ".pickle", ".part")]


def test_another_encoder_is_refused(tmp_path):
    index = shop()
    index.save(tmp_path, encoder=False)
    with pytest.raises(ValueError, match="without its encoder, a CharacterNgramEncoder"):
        FAQIndex.load(tmp_path)
    with pytest.raises(ValueError, match="another than the one that made the index"):
        FAQIndex.load(tmp_path, CharacterNgramEncoder(longest=2).fit(QUESTIONS))
    with pytest.raises(ValueError, match="64 dimensions"):
        FAQIndex.load(tmp_path, CharacterNgramEncoder(64).fit(QUESTIONS))
    assert len(FAQIndex.load(tmp_path, load_encoder())) == 6


def test_folders_that_hold_something_else_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no index"):
        FAQIndex.load(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"none is faq\.json"):
        shop().save(tmp_path)
    shop().save(tmp_path / "faq")
    (tmp_path / "faq" / "faq.json").write_text('{"format": "other"}')
    with pytest.raises(ValueError, match=r"not one of FAQIndex\.save"):
        FAQIndex.load(tmp_path / "faq")


def test_an_empty_index_is_saved_and_grows(tmp_path):
    FAQIndex(load_encoder()).save(tmp_path)
    index = FAQIndex.load(tmp_path)
    index.add(["退款"])
    assert index.search("退款", threshold=None)[0]["score"] == pytest.approx(1)


def test_without_groups_auto_says_that_there_is_no_threshold():
    index = FAQIndex(load_encoder())
    index.add(QUESTIONS)
    with pytest.warns(UserWarning, match=r"no threshold is known.*index\.calibrate"):
        assert index.search("退款")[0]["above"] is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said once
        index.search("退款")
