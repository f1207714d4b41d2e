"""BM25 against its formula, one passage and one unit at a time; order, ties, refusals.

Run: pytest tests/reading/test_passage_search.py
"""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.reading import PassageSearch

TEXTS = st.text("电网公司停电ＧＰUg ，", max_size=9)


FOLDED = str.maketrans("ＧＰＵ，", "gpu,", " ")


def folded(text):
    return text.translate(FOLDED)


def units(text):
    return [*text, *(text[place : place + 2] for place in range(len(text) - 1))]


def slow(passages, question, k1=1.2, b=0.75):
    cut = [units(text) for text in passages]
    mean = sum(map(len, cut)) / len(cut)
    scores = []
    for own in cut:
        total = 0.0
        for unit in set(units(question)):
            having = sum(unit in other for other in cut)
            count = own.count(unit)
            rarity = log(1 + (len(cut) - having + 0.5) / (having + 0.5))
            total += rarity * count * (k1 + 1) / (count + k1 * (1 - b + b * len(own) / mean)) if count else 0
        scores.append(total)
    return scores


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_scores_are_those_of_the_formula(passages, question):
    passages = [*passages, "电网"]
    found = PassageSearch(passages).scores(question)
    expected = slow([folded(text) for text in passages], folded(question))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_by_hand():
    """电 stands in one of two passages of 3 and 1 units: ln(1 + 1.5 / 1.5) · 2.2 / (1 + 1.2 (.25 + .75 · 3 / 2))."""
    found = PassageSearch(["电网", "网"]).scores("电")
    assert found == pytest.approx([log(2) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1.5)), 0])


def test_best_first_and_the_earlier_of_equals():
    search = PassageSearch(["停电", "天气", "停电", "停电检修"])
    assert [place for place, _ in search.best("停电检修", 9)] == [3, 0, 2]
    assert search.best("停电", 1)[0][0] == 0 and search.best("鱼", 3) == []
    assert np.array_equal(search.scores("停电"), search.scores("停电停电"[:2]))


@pytest.mark.parametrize("texts", [[], ["", " "]], ids=["none", "blank"])
def test_nothing_to_search_is_refused(texts):
    with pytest.raises(ValueError, match="expected some text"):
        PassageSearch(texts)
