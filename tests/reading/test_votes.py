"""Votes over passages: by hand, order, support, refusals.

Run: pytest tests/reading/test_votes.py
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.reading.spans import candidates, cut, span_scores
from zhnlp.reading.votes import RULES, vote, vote_score
from zhnlp.text.width import fold_characters

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def span(answer, score, start=0):
    return {"answer": answer, "start": start, "end": start + len(answer), "score": score}


def test_rules_by_hand():
    """Of .5 and .5: .5 / 2, .5, 1, .5, .5; two passages with .5 beat one with .6, but not one with 1."""
    expected = {"smooth_square": 0.25, "square": 0.5, "sum": 1.0, "max": 0.5, "mean": 0.5}
    assert {rule: vote_score([0.5, 0.5], rule) for rule in RULES} == expected
    assert vote_score([0.6]) == pytest.approx(0.225) and vote_score([1.0]) == 0.5
    assert vote_score([0.6]) < vote_score([0.5, 0.5]) < vote_score([1.0])
    assert vote_score([0.9, 0.3], "mean") == pytest.approx(0.6)


@given(SCORES, st.floats(0, 1))
def test_another_vote_as_good_as_the_best_one_never_hurts_and_one_and_one_are_less_than_two(scores, more):
    assert vote_score([*scores, max(scores)]) >= vote_score(scores) - 1e-12
    assert vote_score([more, more]) <= 2 * vote_score([more]) or more < 1
    assert 0 <= vote_score(scores) < sum(scores) or sum(scores) == 0


def test_of_equal_texts_in_a_passage_the_best_counts_and_over_passages_the_rule():
    passages = [
        [span("电网", 0.4, 1), span("电网", 0.5, 7), span("电", 0.6, 7)],
        [],
        [span("电网", 0.5, 3), span("", 1.0)],
    ]
    first, second = vote(passages)
    assert (first["answer"], first["score"]) == ("电网", 0.25)
    assert (first["passage"], first["start"], first["end"]) == (0, 7, 9)
    assert first["support"] == [
        {"passage": 0, "start": 7, "end": 9, "score": 0.5},
        {"passage": 2, "start": 3, "end": 5, "score": 0.5},
    ]
    assert (second["answer"], second["score"]) == ("电", pytest.approx(0.225))
    assert vote(passages, "max")[0]["answer"] == "电" and vote(passages, "mean")[0]["answer"] == "电"
    assert json.loads(json.dumps(vote(passages))) == vote(passages)


def test_a_key_says_which_texts_are_one_answer():
    passages = [[span("５Ｇ", 0.5)], [span("5G", 0.6)]]
    assert len(vote(passages)) == 2
    (only,) = vote(passages, key=fold_characters)
    assert only["answer"] == "5G" and len(only["support"]) == 2


def test_no_candidate_no_answer():
    assert vote([]) == vote([[], []]) == []


def test_from_chances_to_votes():
    """Three passages of the post's kind: two say 曹雪芹 with less, one says 高鹗 with more."""
    texts = ["曹雪芹写的", "是高鹗写的", "作者曹雪芹"]
    start, end = [[0.0] * 5 for _ in texts], [[0.0] * 5 for _ in texts]
    for row, first, last, chance in ((0, 0, 2, 0.7), (1, 1, 2, 0.75), (2, 2, 4, 0.7)):
        start[row][first] = end[row][last] = chance
    spans = candidates(span_scores(start, end))
    passages = [[] for _ in texts]
    for row, first, last, score in zip(*(part.tolist() for part in spans)):
        passages[row].append({**cut(texts[row], first, last), "score": score})
    votes = vote(passages)
    assert [one["answer"] for one in votes] == ["曹雪芹", "高鹗"]
    assert vote(passages, "max")[0]["answer"] == "高鹗"
    for one in votes:
        for place in one["support"]:
            assert texts[place["passage"]][place["start"] : place["end"]] == one["answer"]


def test_what_cannot_be_voted_on_is_refused():
    with pytest.raises(
        ValueError, match="rule got 'median': expected one of smooth_square, square, sum, max, mean"
    ):
        vote([], "median")
    with pytest.raises(ValueError, match="rule got 'median'"):
        vote_score([0.5], "median")
    for scores in ([], [1.5], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match=r"expected 1 or more, in \[0, 1\]"):
            vote_score(scores)
