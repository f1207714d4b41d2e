"""evaluate_terms, occurring_terms and count_terms: by hand, against str.find, refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import evaluate_lexicon, evaluate_terms, occurring_terms
from zhnlp.mining.given_terms import count_terms
from zhnlp.text import Corpus

GRID = ["主变压器和变压器", "断路器，变压器", "变压 器"] * 2 + ["互感器"]


def occurrences(text, term):
    return sum(text.startswith(term, at) for at in range(len(text)))


def test_hand_computed_scores():
    # of 4 gold terms 避雷器 does not occur and 互感器 occurs once: 2 are left, found at ranks 2 and 3
    score = evaluate_terms(
        ["变压", "变压器", "断路器", "互感器"],
        ["变压器", "断路器", "互感器", "避雷器"],
        k=(1, 2, 4),
        counts=GRID,
        min_count=2,
    )
    assert (score["gold_given"], score["gold_words"], score["hits"]) == (4, 2, 2)
    assert score["average_precision"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert score["precision_at"] == {1: 0.0, 2: 0.5, 4: 0.5}
    assert score["recall_at"] == {1: 0.0, 2: 0.5, 4: 1.0}
    assert (score["recall"], score["precision"], score["primary_metric"]) == (1.0, 0.5, "average_precision")


def test_the_order_of_hits_decides_average_precision():
    gold = ["变压器", "断路器"]
    best = evaluate_terms(["变压器", "断路器", "和"], gold, k=1)["average_precision"]
    worst = evaluate_terms(["和", "变压器", "断路器"], gold, k=1)["average_precision"]
    assert best == 1.0 and worst == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_min_count_is_inclusive_and_a_mapping_serves():
    assert occurring_terms(["甲乙", "丙丁", "戊己"], {"甲乙": 5, "丙丁": 4}) == ["甲乙"]
    assert occurring_terms(["互感器", "断路器"], GRID, min_count=2) == ["断路器"]
    assert evaluate_terms(["甲乙"], ["甲乙", "丙丁"], k=1, counts={"甲乙": 5, "丙丁": 4})["gold_words"] == 1


def test_without_counts_all_gold_is_sought():
    terms, gold = ["变压器", "和"], ["变压器", "断路器"]
    score = evaluate_terms(terms, gold, k=2)
    assert {**evaluate_lexicon(terms, gold, k=2), "gold_given": 2} == score


def test_width_is_folded_on_both_sides_and_in_the_text():
    score = evaluate_terms(["5G基站"], ["５Ｇ基站", "5G基站"], k=1, counts=["５G基站"] * 5)
    assert (score["gold_given"], score["hits"]) == (1, 1)
    assert evaluate_terms(["５Ｇ基站"], ["5G基站"], k=1)["hits"] == 1
    assert evaluate_terms(["變壓器"], ["变压器"], k=1)["hits"] == 0  # traditional characters are another term


def test_rows_of_tables_are_read():
    rows = [{"term": "变压器", "score": 2.0}, {"term": "和", "score": 1.0}]
    assert evaluate_terms(rows, ["变压器"], k=1)["precision_at"] == {1: 1.0}


def test_terms_are_counted_inside_longer_words_and_overlapping_but_not_over_documents():
    counts = count_terms(["主变压器", "哈哈哈", "变压", "器"], ["变压器", "哈哈", "压器", "避雷器"])
    assert counts == {"变压器": 1, "哈哈": 2, "压器": 1, "避雷器": 0}


def test_any_text_that_a_corpus_takes_is_counted(tmp_path):
    path = tmp_path / "grid.jsonl"
    path.write_text("".join(json.dumps({"body": text}) + "\n" for text in GRID), "utf-8")
    terms = ["变压器", "断路器", "器，变"]
    by_file = count_terms(Corpus.from_paths([path], text_field="body"), terms)
    assert by_file == count_terms(GRID, terms) == {"变压器": 6, "断路器": 2, "器，变": 2}


@pytest.mark.filterwarnings("ignore:.*gave no document")
@given(
    st.lists(st.text("电力变A1\U00020000 ", max_size=30), max_size=6),
    st.lists(st.text("电力变A1\U00020000 ", min_size=1, max_size=4), max_size=12),
)
def test_counts_are_those_of_plain_python(texts, terms):
    assert count_terms(texts, terms) == {
        term: sum(occurrences(text, term) for text in texts if not text.isspace()) for term in terms
    }


def test_a_blank_inside_a_term_is_a_character():
    assert count_terms(["machine learning 机器学习"], ["machine learning", "g 机"]) == {
        "machine learning": 1,
        "g 机": 1,
    }


def test_refusals():
    with pytest.raises(ValueError, match=r"none of the 1 gold terms occurs 5 times"):
        evaluate_terms(["变压器"], ["变压器"], counts=["变压器"] * 4)
    with pytest.raises(ValueError, match="gold holds no word"):
        evaluate_terms(["变压器"], [], counts=GRID)
    with pytest.raises(TypeError, match="one string as gold"):
        evaluate_terms(["变压器"], "变压器")
    with pytest.raises(TypeError, match="ranked best first"):
        evaluate_terms({"变压器"}, ["变压器"])
    with pytest.raises(ValueError, match="min_count=0"):
        occurring_terms(["变压器"], GRID, min_count=0)
    with pytest.raises(TypeError, match="one string as terms"):
        count_terms(GRID, "变压器")
    for term in ("", "变\n压"):
        with pytest.raises(ValueError, match="at least one character and no line break"):
            count_terms(GRID, [term])
