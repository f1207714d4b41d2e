"""evaluate_control: by hand, against the parts it is made of, refusals.

Run: pytest tests/metrics/test_control.py
"""

import math

import numpy as np
import pytest

from zhnlp.metrics import distinct_n, evaluate_control

TEXTS = ["很好看", "真差", "好好好", "  "]
ASKED = ["正", "负", "负", "正"]


def judge(texts):
    return np.array(["正" if "好" in text or not text.strip() else "负" for text in texts])


def test_by_hand():
    """Right: 1, 2; wrong: 3, which the judge calls 正, and 4, which is blank."""
    found = evaluate_control(TEXTS, ASKED, judge)
    assert found["primary_metric"] == "agreement" and found["agreement"] == 0.5
    assert found["agreement_by_label"] == {"正": 0.5, "负": 0.5}
    assert found["standard_error"] == pytest.approx(0.25)
    assert (found["blank"], found["texts"], found["mean_length"]) == (1, 4, 10 / 4)
    assert found["distinct_2"] == distinct_n(TEXTS, 2) and found["perplexity_per_character"] is None


def test_perplexity_is_over_characters():
    found = evaluate_control(TEXTS, ASKED, judge, language_model=lambda texts: [math.log(4) * 2] * len(texts))
    assert found["perplexity_per_character"] == pytest.approx(4 ** (8 / 8))


def test_classifiers_of_scikit_learn_and_numbers():
    from zhnlp.few_shot.baselines.character_ngrams import bag_of_characters

    classifier = bag_of_characters().fit(["很好看", "真好", "太差了", "差劲"], [1, 1, 0, 0])
    assert evaluate_control(["好的", "差的"], [1, 1], classifier)["agreement"] == 0.5
    assert evaluate_control(["好的"], np.array([0]), classifier)["agreement"] == 0.0


@pytest.mark.parametrize(
    "texts, labels, classifier, error, said",
    [
        ("很好", ["正"], judge, TypeError, "got one str"),
        ([], [], judge, ValueError, "0 texts and 0 labels"),
        (["好"], ["正", "负"], judge, ValueError, "1 texts and 2 labels"),
        (["好"], ["正"], 3, TypeError, "the classifier is int"),
        (["好"], ["正"], lambda texts: [], ValueError, "gave 0 labels for 1 texts"),
        (["好"], [1], judge, ValueError, "expected labels of the same kind"),
    ],
)
def test_refusals(texts, labels, classifier, error, said):
    with pytest.raises(error, match=said):
        evaluate_control(texts, labels, classifier)
    with pytest.raises(ValueError, match="gave 1 numbers for 4 texts"):
        evaluate_control(TEXTS, ASKED, judge, language_model=lambda texts: [1.0])
