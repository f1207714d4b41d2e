"""The score of SogouQA and WebQA: lines like those of its script's test, by hand, synonyms, refusals.

Run: pytest tests/metrics/test_factoids.py
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import evaluate_factoids, read_synonyms
from zhnlp.metrics.factoids import plain, right_answers

TEXT = st.text(st.sampled_from(list("甲乙丙aB1，。　 ／Ａ（）")), max_size=7)


def slow_f1(prediction, answer):
    """Characters are struck out one after the other, as the script does it."""
    ours, left = plain(prediction), list(plain(answer))
    right = 0
    for character in ours:
        if character in left:
            left.remove(character)
            right += 1
    if not right:
        return 0.0
    precision, recall = right / len(ours), right / len(plain(answer))
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(
    ("prediction", "answers", "exact", "f"),
    [
        ("林海音", ["林海音"], 1, 1),
        ("巴西 俄罗斯 印度 中国 南非", ["巴西俄罗斯印度中国南非"], 1, 1),
        ("尽是书（输）", ["尽是书输"], 1, 1),
        ("天作孽，犹可违", ["天作孽犹可违"], 1, 1),
        ("华特迪士尼", ["华特.迪士尼"], 1, 1),
        ("0.6度", ["0.6度"], 1, 1),
        ("ＡＧＭ Ｘ２", ["agm x2"], 1, 1),
        ("張飛", ["张飞"], 0, 0),  # traditional forms are other characters
        ("刘备 关羽 张飞", ["张飞，刘备、关羽"], 1, 1),  # parts in another order
        ("刘备关羽张飞", ["张飞，刘备、关羽"], 0, 1),  # without parts it is no exact match
        ("关羽、刘备", ["曹操", "刘备，关羽"], 0, 1),  # and the order counts in synonyms
        ("56个", ["五十六个", "56 个"], 1, 1),
        ("五十六", ["56个", "五十六个"], 0, 6 / 7),
        ("海林", ["林海音"], 0, 4 / 5),  # a bag of characters
        ("林林", ["林海音"], 0, 2 / 5),  # each as often as it stands in both
        ("", ["林海音"], 0, 0),
        (" \n", ["林海音"], 0, 0),
        ("。", ["林海音"], 0, 0),
        ("天々", ["天"], 1, 1),  # the script takes 々 for a sign
    ],
)
def test_by_hand(prediction, answers, exact, f):
    score = evaluate_factoids([prediction], [answers], samples=0)
    assert score["accuracy"] == exact and score["f1"] == pytest.approx(f)
    assert score["score"] == pytest.approx((exact + f) / 2)


@given(TEXT, st.lists(TEXT.filter(str.strip), min_size=1, max_size=3))
def test_f1_is_that_of_the_best_synonym(prediction, answers):
    (row,) = evaluate_factoids([prediction], [answers], samples=0, items=True)["items"]
    expected = [slow_f1(prediction, answer) for answer in answers]
    assert row["f1"] == pytest.approx(max(expected))
    assert row["synonym"] == (expected.index(max(expected)) if max(expected) else -1)
    if plain(prediction) and plain(prediction) in map(plain, answers):
        assert row["exact"] == row["f1"] == 1


def test_means_and_interval():
    score = evaluate_factoids(["林海音", "", "五十六"], ["林海音", "天", ["56个", "五十六个"]])
    assert score["primary_metric"] == "score" and score["questions"] == 3
    assert score["score"] == pytest.approx((1 / 3 + (1 + 6 / 7) / 3) / 2)
    assert score["interval"][0] <= score["score"] <= score["interval"][1]
    assert json.loads(json.dumps(score)) == score


def test_synonyms_of_a_file(tmp_path):
    file = tmp_path / "synonyms"
    file.write_text("1\t56个\t56个|五十六个\n\n2\t林海音\t含英\n", encoding="utf-8")
    synonyms = read_synonyms(file)
    assert synonyms == {"1": ["56个", "五十六个"], "2": ["林海音", "含英"]}
    assert (
        evaluate_factoids(["五十六个", "含英"], right_answers(["1", "2"], synonyms), samples=0)["score"] == 1
    )
    with pytest.raises(KeyError, match="no right answer for question '3': there are 2 questions"):
        right_answers(["3"], synonyms)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\t天\n", "line 1: it has 2 fields: expected question<TAB>answer<TAB>a|b|c"),
        ("1\t天\t天\n1\t地\t地\n", "line 2: its question stands above too"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path, text, said):
    file = tmp_path / "synonyms"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_synonyms(file)
    assert said in str(caught.value)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(TypeError, match="got one str as predictions"):
        evaluate_factoids("天", ["天"])
    with pytest.raises(ValueError, match=r"question 0 .* has no right answer"):
        evaluate_factoids(["天"], [[]])
