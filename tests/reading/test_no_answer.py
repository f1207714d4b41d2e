"""The chance that there is no answer: what it was drawn from comes back, order, saving, refusals.

Run: pytest tests/reading/test_no_answer.py
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from zhnlp.reading.no_answer import METHODS, NoAnswer, fit_no_answer


def drawn(number, power=1.5, shift=2.0, seed=0):
    draws = np.random.default_rng(seed)
    scores = np.exp(draws.uniform(-6, 0, number))
    odds = np.exp(shift) * scores**power
    return scores, draws.random(number) < odds / (1 + odds)


def test_platt_finds_what_the_questions_were_drawn_from():
    fitted = fit_no_answer(*drawn(20_000))
    power, shift = fitted.values
    assert power == pytest.approx(1.5, abs=0.1) and shift == pytest.approx(2.0, abs=0.1)


def test_platt_is_logistic_regression_where_there_is_much_to_fit():
    scores, answered = drawn(5_000, seed=1)
    theirs = LogisticRegression(C=1e6, max_iter=1000).fit(np.log(scores)[:, None], answered)
    expected = theirs.predict_proba(np.log(scores)[:, None])[:, 0]
    np.testing.assert_allclose(fit_no_answer(scores, answered)(scores), expected, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_chances_are_calibrated_on_other_questions(method):
    chance = fit_no_answer(*drawn(20_000), method)
    scores, answered = drawn(20_000, seed=2)
    said = chance(scores)
    for low in np.arange(0, 1, 0.2):
        here = (said >= low) & (said < low + 0.2)
        assert abs(said[here].mean() - (~answered[here]).mean()) < 0.05


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30).filter(
        lambda rows: len({answered for _, answered in rows}) == 2
    ),
    st.sampled_from(METHODS),
)
def test_it_never_rises_with_the_score_and_survives_json(rows, method):
    chance = fit_no_answer(*zip(*rows), method)
    line = np.linspace(0, 1, 50)
    said = chance(line)
    assert ((said >= 0) & (said <= 1)).all() and (np.diff(said) <= 1e-9).all()
    again = NoAnswer.from_dict(json.loads(json.dumps(chance.to_dict())))
    np.testing.assert_array_equal(again(line), said)


def test_questions_that_fall_apart_leave_finite_numbers():
    chance = fit_no_answer([0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    assert np.isfinite(chance.values).all() and chance(0.9) < 0.5 < chance(0.1) < 1


def test_isotonic_by_hand():
    """.2 and .3 are the wrong way round, so both get their mean."""
    chance = fit_no_answer([0.1, 0.2, 0.3, 0.9], [False, True, False, True], "isotonic")
    assert chance([0.0, 0.1, 0.2, 0.3, 0.9, 1.0]).round(6).tolist() == [1, 1, 0.5, 0.5, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([0.5, 0.6], [True]), "expected one best score a question"),
        (([0.5, -0.6], [True, False]), "negative or not finite"),
        (([0.5, float("nan")], [True, False]), "negative or not finite"),
        (([0.5, 0.6], [True, True]), "got 2 questions with an answer and 0 without: expected some of both"),
        (([0.5, 0.6], [True, False], "beta"), "method got 'beta': expected one of platt, isotonic"),
    ],
)
def test_what_cannot_be_fitted_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        fit_no_answer(*arguments)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"method": "platt", "scores": [], "values": [1]},
        {"method": "odd", "scores": [1], "values": [1]},
        None,
    ],
)
def test_what_is_no_calibration_is_refused(state):
    with pytest.raises(ValueError, match=r"is no calibration: expected what NoAnswer\.to_dict gave"):
        NoAnswer.from_dict(state)
