"""EFL: the right description wants yes, sampled wrong ones no.

Run: pytest tests/few_shot/training/test_entailment.py
"""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.few_shot.training.entailment import Entailment
from zhnlp.few_shot.training.samples import Labelled

YES, NO = ((5,),), ((6,),)


@given(
    classes=st.integers(2, 6), right=st.integers(0, 5), negatives=st.integers(1, 8), seed=st.integers(0, 20)
)
def test_one_yes_and_as_many_no_as_asked_for(classes, right, negatives, seed):
    right %= classes
    pairs = Entailment(YES, NO, [[str(number)] for number in range(classes)], negatives=negatives)
    shares = tuple(float(number == right) for number in range(classes))
    found = pairs.clozes(Labelled({"text": "电"}, shares), np.random.default_rng(seed))
    assert [cloze.label for cloze in found if cloze.answers == ((1.0, YES),)] == [str(right)]
    wrong = [cloze.label for cloze in found if cloze.answers == ((1.0, NO),)]
    assert len(wrong) == len(set(wrong)) == min(negatives, classes - 1) and str(right) not in wrong
    assert all(cloze.wrong == (NO if cloze.label == str(right) else YES) for cloze in found)


def test_wrong_classes_are_all_met_in_time_and_descriptions_drawn():
    pairs = Entailment(YES, NO, [["好", "美"], ["没"], ["不"]])
    seen = Counter()
    for seed in range(200):
        first, second = pairs.clozes(Labelled({"text": "电"}, (1.0, 0.0, 0.0)), np.random.default_rng(seed))
        seen.update([first.label, second.label])
    assert all(70 < seen[label] < 130 for label in "好美没不")


def test_a_soft_label_draws_the_right_class_by_its_share():
    pairs = Entailment(YES, NO, [["好"], ["没"]])
    right = [
        pairs.clozes(Labelled({"text": "电"}, (0.25, 0.75)), np.random.default_rng(seed))[0].label
        for seed in range(300)
    ]
    assert right.count("没") / 300 == pytest.approx(0.75, abs=0.08)


def test_no_negatives_are_refused():
    with pytest.raises(ValueError, match="expected 1 wrong label"):
        Entailment(YES, NO, [["好"], ["没"]], negatives=0)
