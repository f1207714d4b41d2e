"""Examples as texts, labels as classes, texts as rows of ids.

Run: pytest tests/few_shot/baselines/test_rows.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_models import CHARACTERS, make_tokenizer

from zhnlp.few_shot.baselines import bag_of_characters
from zhnlp.few_shot.baselines.labels import checked_labels, plain, seed_of
from zhnlp.few_shot.baselines.rows import encode, texts_of

TOKENIZER = make_tokenizer()
TEXT = st.text(CHARACTERS, min_size=1, max_size=20)


def test_examples_of_every_form():
    pandas = pytest.importorskip("pandas")
    assert texts_of(pandas.Series(["甲"])) == [("甲",)]
    assert texts_of(pandas.DataFrame({"text_a": ["甲"], "text_b": ["乙"], "label": [1]})) == [("甲", "乙")]
    assert texts_of([np.str_("甲"), {"text": "乙"}]) == [("甲",), ("乙",)]
    assert texts_of(np.array([["甲", "乙"]])) == [("甲", "乙")]
    assert texts_of({"text_b": "乙", "text_a": "甲"} for _ in range(1)) == [("甲", "乙")]


@pytest.mark.parametrize(
    ("examples", "error", "message"),
    [
        ("甲", TypeError, "put it in brackets"),
        ([], ValueError, "got no texts"),
        (["甲", None], TypeError, r"example 1 is 'None' \(NoneType\)"),
        (["甲", ("乙", "丙")], ValueError, "example 1 has 2 texts, example 0 has 1"),
        ([{"title": "甲"}], TypeError, "a dict with 'text' or 'text_a' and 'text_b'"),
    ],
)
def test_what_is_no_text_is_refused(examples, error, message):
    with pytest.raises(error, match=message):
        texts_of(examples)


@given(TEXT, TEXT, st.integers(6, 30))
def test_rows_fit_and_the_longer_text_of_a_pair_is_cut_first(first, second, limit):
    (row,) = encode(TOKENIZER, [(first, second)], limit)
    kinds = np.array(row["token_type_ids"])
    kept = ((kinds == 0).sum() - 2, (kinds == 1).sum() - 1)
    assert len(row["input_ids"]) == min(limit, len(first) + len(second) + 3) and min(kept) >= 1
    if len(row["input_ids"]) == limit:
        assert abs(kept[0] - kept[1]) <= 1 or min(kept) == min(len(first), len(second))
    assert TOKENIZER.backend_tokenizer.truncation is None


def test_half_a_character_does_not_stop_anything():
    (row,) = encode(TOKENIZER, [("电\ud800",)], 10)
    assert row["input_ids"][1] == TOKENIZER.convert_tokens_to_ids("电")


def test_labels_are_checked():
    with pytest.raises(ValueError, match=r"got 3 texts and labels of shape \(2,\)"):
        checked_labels([0, 1], 3)
    with pytest.raises(ValueError, match=r"all 2 texts have the label .*好"):
        checked_labels(["好", "好"], 2)
    with pytest.raises(ValueError, match="Unknown label type"):
        checked_labels([0.5, 1.5], 2)
    assert plain(np.array([3, 7])) == [3, 7]
    with pytest.raises(TypeError, match="class None"):
        plain(np.array([None, "a"], object))


def test_a_seed_comes_from_every_kind_of_random_state():
    assert seed_of(7) == seed_of(np.int64(7)) == 7
    assert seed_of(np.random.RandomState(1)) == seed_of(np.random.RandomState(1)) != seed_of(None)


def test_a_bag_of_characters_sees_both_texts_of_a_pair():
    pairs = [("电电", "网网"), ("网网", "电电")] * 3
    classifier = bag_of_characters().fit(pairs, [1, 0] * 3)
    weights = dict(
        zip(classifier["tfidfvectorizer"].get_feature_names_out(), classifier["logisticregression"].coef_[0])
    )
    assert weights["电\x1f"] > 0 > weights["网\x1f"] and weights["电电"] == pytest.approx(0, abs=1e-6)
    assert classifier.predict([{"text_a": "电电", "text_b": "网网"}]).tolist() == [1]
