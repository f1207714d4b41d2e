"""`PromptClassifier` as scikit-learn's tools see it.

Run: pytest tests/few_shot/test_sklearn.py
"""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import PromptClassifier

LABELS = {"天": ["好", "很好"], "地": ["变压"]}
TEXTS = ["今天天气好", "变压器检修", "天气很好", "断路器变压"] * 3
GOLD = ["天", "地"] * 6


@pytest.fixture(scope="module")
def classifier():
    small = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 16}
    return PromptClassifier(
        "{text}，{mask}。", LABELS, model=make_model("bert", **small), tokenizer=make_tokenizer(),
        device="cpu", dtype="float32", epochs=2, batch_size=4, progress=False,
    )  # fmt: skip


def test_parameters_are_only_stored(classifier):
    parameters = classifier.get_params()
    assert set(vars(PromptClassifier(**parameters))) == set(parameters)
    assert all(getattr(PromptClassifier(**parameters), name) is value for name, value in parameters.items())
    copy = clone(classifier)
    assert copy.get_params()["template"] == classifier.template and copy.labels == LABELS
    assert repr(clone(PromptClassifier())) == "PromptClassifier()" and is_classifier(classifier)


def test_fitted_or_not(classifier):
    check_is_fitted(clone(classifier))  # zero-shot: labels are enough
    with pytest.raises(ValueError, match="not fitted yet"):
        check_is_fitted(clone(classifier).set_params(labels=None))


def test_cross_validation_and_grid_search(classifier):
    for X in (TEXTS, np.array(TEXTS)):
        assert cross_val_score(clone(classifier), X, GOLD, cv=2).shape == (2,)
    assert (cross_val_score(clone(classifier), TEXTS, GOLD, cv=2, scoring="roc_auc") <= 1).all()
    grid = {"template": ["{text}，{mask}。", "很{mask}！{text}"]}
    search = GridSearchCV(
        clone(classifier), grid, cv=2, scoring=["accuracy", "neg_log_loss"], refit="accuracy"
    )
    search.fit(TEXTS, GOLD)
    assert search.best_params_["template"] in grid["template"]
    assert (
        search.best_estimator_.predict(TEXTS[:2]).shape == (2,)
        and (search.cv_results_["mean_test_neg_log_loss"] < 0).all()
    )


def test_a_fit_begins_from_the_base(classifier):
    one = clone(classifier).fit(TEXTS, GOLD)
    again = clone(classifier).fit(TEXTS[::-1], GOLD[::-1]).fit(TEXTS, GOLD)
    assert (one.predict_proba(TEXTS) == again.predict_proba(TEXTS)).all()
    assert not np.allclose(one.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    other = clone(classifier).set_params(random_state=1).fit(TEXTS, GOLD)
    assert not np.array_equal(one.predict_proba(TEXTS), other.predict_proba(TEXTS))


def test_other_processes_get_the_same_classifier(classifier):
    """scikit-learn's ``n_jobs`` sends estimators in memory; `save` is for files."""
    used = clone(classifier).fit(TEXTS, GOLD)
    chances = used.predict_proba(TEXTS)
    assert (pickle.loads(pickle.dumps(used)).predict_proba(TEXTS) == chances).all()


def test_after_a_fit_nothing_is_taken_off_until_calibrate(classifier):
    fitted = clone(classifier).fit(TEXTS, GOLD)
    scores = fitted.class_scores(TEXTS)
    assert (fitted.set_params(calibration="none").class_scores(TEXTS) == scores).all()
    fitted.set_params(calibration="auto").calibrate(TEXTS)
    assert fitted.class_scores(TEXTS).mean(0) == pytest.approx(0, abs=1e-5)


def test_adapt_stores_a_prior_and_fit_goes_on_from_it(classifier):
    adapted = clone(classifier).adapt(TEXTS, epochs=5)
    assert adapted.class_scores(TEXTS).mean(0) == pytest.approx(0, abs=1e-5)
    assert not np.allclose(
        adapted.predict_proba(TEXTS), clone(classifier).calibrate(TEXTS).predict_proba(TEXTS), atol=1e-6
    )
    fitted = clone(classifier).fit(TEXTS, GOLD)
    assert not np.allclose(
        adapted.fit(TEXTS, GOLD).predict_proba(TEXTS), fitted.predict_proba(TEXTS), atol=1e-6
    )
    free = clone(classifier).set_params(labels=None).adapt(TEXTS, epochs=5)
    assert free.fit(TEXTS, GOLD).classes_.tolist() == ["地", "天"]


def test_fit_choices(classifier):
    chooser = clone(classifier).set_params(labels=None)
    before = chooser.choose(TEXTS, [["好", "变压"]] * 12).scores
    chooser.fit_choices(TEXTS, [["好", "变压"]] * 12, [0, 1] * 6)
    after = chooser.choose(TEXTS, [["好", "变压"]] * 12).scores
    assert not np.allclose(before, after)
    with pytest.raises(ValueError, match=r"answer 1 is 2: expected 0 to 1.*Likely they are counted from 1"):
        chooser.fit_choices(TEXTS[:2], [["好", "变压"]] * 2, [0, 2])


def test_what_fit_refuses(classifier):
    with pytest.raises(ValueError, match="y has the label '人', which is none of '地', '天'"):
        clone(classifier).fit(TEXTS[:2], ["天", "人"])
    with pytest.raises(ValueError, match=r"y has the label '1'.*Likely 1 is meant"):
        clone(classifier).set_params(labels={1: "好", 0: "气"}).fit(TEXTS[:2], ["1", "0"])
    with pytest.raises(ValueError, match="got 2 texts and 1 of y"):
        clone(classifier).fit(TEXTS[:2], ["天"])
    with pytest.raises(ValueError, match="got 0 texts and 0 of y"):
        clone(classifier).fit([], [])
    with pytest.raises(TypeError, match="y is one str"):
        clone(classifier).fit(TEXTS[:2], "天地")
    with pytest.raises(ValueError, match="labels has 1 label"):
        clone(classifier).set_params(labels=None).fit(TEXTS[:2], ["天", "天"])
    with pytest.raises(ValueError, match="there are no unlabelled texts"):
        clone(classifier).adapt([])


@pytest.mark.parametrize(
    "check",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_checks_of_scikit_learn_that_need_no_table_of_numbers(check):
    """scikit-learn asks this itself: ``check_estimator`` leaves out most of them for estimators of texts."""
    if not hasattr(estimator_checks, check):
        pytest.skip(f"this scikit-learn has no {check}")
    getattr(estimator_checks, check)("PromptClassifier", PromptClassifier(labels=LABELS))


def test_check_estimator_as_a_whole(classifier):
    """scikit-learn chooses what applies to a classifier of texts, and leaves out the rest itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator_checks.check_estimator(clone(classifier))


def test_a_fit_that_fails_leaves_the_classifier_as_it_was(classifier):
    fitted = clone(classifier).fit(TEXTS, GOLD)
    chances = fitted.predict_proba(TEXTS)
    with pytest.raises(ValueError, match="epochs"):
        fitted.set_params(epochs=-1).fit(TEXTS, GOLD)
    assert (fitted.predict_proba(TEXTS) == chances).all()


def test_a_fit_with_another_template_is_no_loss(classifier):
    fitted = clone(classifier).fit(TEXTS, GOLD)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fitted.set_params(template="很{mask}！{text}").fit(TEXTS, GOLD)
    other = clone(classifier).set_params(template="很{mask}！{text}").fit(TEXTS, GOLD)
    assert (fitted.predict_proba(TEXTS) == other.predict_proba(TEXTS)).all()
