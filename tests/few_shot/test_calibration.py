"""Priors: by hand, and what they do to a model that always says the same.

Run: pytest tests/few_shot/test_calibration.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.calibration import NEUTRAL, calibrated, content_free, prior_of

LABELS = {"天": ["好", "很好"], "地": ["变压"]}
TEXTS = ["今天天气", "变压器检修", "北京大学", "断路器", ""]


def make(**changes):
    parts = {"model": make_model("bert"), "tokenizer": make_tokenizer(), "dtype": "float32"}
    return PromptClassifier("{text}，{mask}。", LABELS, **{**parts, **changes})


def test_scores_less_the_prior_by_hand():
    scores = np.array([[[-1.0, -2.0], [-3.0, -1.0]], [[-2.0, -2.0], [-4.0, -2.0]]])  # (T, N, C)
    assert prior_of(scores).tolist() == [[-2.0, -1.5], [-3.0, -2.0]]
    assert calibrated(scores, prior_of(scores)).tolist() == [[1.0, -0.25], [-1.0, 0.25]]
    assert calibrated(scores, None).tolist() == [[-1.5, -2.0], [-3.5, -1.5]]


def test_neutral_pairs_are_alike_and_different():
    pairs = content_free(("text_a", "text_b"))
    assert len(pairs) == 2 * len(NEUTRAL) == len({tuple(pair.values()) for pair in pairs})
    assert sum(pair["text_a"] == pair["text_b"] for pair in pairs) == len(NEUTRAL)


@given(arrays(float, (1, 4, 3), elements=st.floats(-9, 0)), arrays(float, 3, elements=st.floats(-9, 9)))
def test_what_is_added_to_a_class_in_every_text_is_taken_off_again(scores, favour):
    plain = calibrated(scores, prior_of(scores))
    assert calibrated(scores + favour, prior_of(scores + favour)) == pytest.approx(plain, abs=1e-9)
    assert plain.mean(0) == pytest.approx(0, abs=1e-9)


def test_each_calibration_is_what_it_says():
    raw = make(calibration="none").class_scores(TEXTS)
    neutral = make(calibration="none").class_scores(list(NEUTRAL)).mean(0)
    assert make(calibration="content-free").class_scores(TEXTS) == pytest.approx(raw - neutral, rel=1e-4)
    assert make().class_scores(TEXTS) == pytest.approx(raw - neutral, rel=1e-4)
    assert make(calibration="batch").class_scores(TEXTS) == pytest.approx(
        raw - raw.mean(0), rel=1e-3, abs=1e-5
    )
    stored = make().calibrate(TEXTS[:3])
    assert stored.class_scores(TEXTS) == pytest.approx(raw - raw[:3].mean(0), rel=1e-3, abs=1e-5)
    assert stored.set_params(calibration="none").class_scores(TEXTS) == pytest.approx(raw, rel=1e-4)
    assert stored.set_params(calibration="auto").class_scores(TEXTS[:1]) == pytest.approx(
        raw[:1] - raw[:3].mean(0), rel=1e-3, abs=1e-5
    )


def test_with_a_stored_prior_one_text_gives_what_many_give():
    classifier = make().calibrate(TEXTS)
    together = classifier.predict_proba(TEXTS)
    for number, text in enumerate(TEXTS):
        assert classifier.predict_proba([text])[0] == pytest.approx(together[number], rel=1e-4)


def test_refusals():
    with pytest.raises(
        ValueError, match=r"'batch' takes off the mean over the texts, and there is one.*calibrate"
    ):
        make(calibration="batch").predict(["电"])
    with pytest.raises(ValueError, match="calibration='bacth' is not known: expected one of 'auto'"):
        make(calibration="bacth").predict(["电", "网"])
    with pytest.raises(ValueError, match="got 1 text to calibrate with"):
        make().calibrate(["电"])
