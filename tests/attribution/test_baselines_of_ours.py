"""The baselines of `zhnlp.few_shot` explained: their own scores, their own labels.

Run: pytest tests/attribution/test_baselines_of_ours.py
"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from zhnlp import pipeline
from zhnlp.attribution import Explainer, explain, measure_faithfulness
from zhnlp.attribution.classifiers import network_of
from zhnlp.few_shot.baselines import bag_of_characters
from zhnlp.few_shot.baselines.contrastive import ContrastiveClassifier
from zhnlp.few_shot.baselines.fine_tuned import FineTunedClassifier

TEXTS = ["味道很好", "非常好吃", "难吃死了", "太差了"] * 2
LABELS = ["好", "好", "差", "差"] * 2
TEXT = "味道太差了，难吃"


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_fine_tuned(pooling, tmp_path):
    classifier = FineTunedClassifier(epochs=2, pooling=pooling, device="cpu", dtype="float32", progress=False)
    with pytest.raises(ValueError, match="not fitted"):
        explain(classifier, TEXT)
    classifier.fit(TEXTS, LABELS)
    found = explain(classifier, TEXT, "差", baseline="mask")
    place = list(classifier.classes_).index("差")
    assert found["value"] == pytest.approx(classifier.decision_function([TEXT])[0, place], abs=1e-3)
    assert found["probability"] == pytest.approx(classifier.predict_proba([TEXT])[0, place], abs=1e-3)
    assert found["completeness_error"] < 0.01 and found["template"] == []
    classifier.save(tmp_path / "folder")
    loaded = explain(tmp_path / "folder", TEXT, "差", baseline="mask")
    assert [t["score"] for t in loaded["tokens"]] == pytest.approx(
        [t["score"] for t in found["tokens"]], abs=1e-4
    )


@pytest.mark.parametrize("labels", [LABELS, ["好", "好", "坏", "差"] * 2])
def test_contrastive(labels, tmp_path):
    classifier = ContrastiveClassifier(pairs=2, device="cpu", dtype="float32", progress=False).fit(
        TEXTS, labels
    )
    found = explain(classifier, TEXT, "差")
    place = list(classifier.classes_).index("差")
    assert found["probability"] == pytest.approx(classifier.predict_proba([TEXT])[0, place], abs=1e-3)
    assert found["completeness_error"] < 0.01
    classifier.save(tmp_path / "folder")
    loaded = network_of(tmp_path / "folder")
    assert list(loaded.classes) == classifier.classes_.tolist()
    assert np.isclose(explain(loaded, TEXT, "差")["value"], found["value"], atol=1e-4)


def test_a_bag_of_characters_is_explained_by_covering_its_characters():
    classifier = bag_of_characters().fit(TEXTS, LABELS)
    found = explain(classifier, TEXT, "差", method="occlusion")
    chances = classifier.predict_proba([TEXT, TEXT.replace("差", "\ufffc")])[
        :, list(classifier.classes_).index("差")
    ]
    odds = np.log(chances / (1 - chances))
    assert found["value"] == pytest.approx(odds[0], abs=1e-4)
    assert found["probability"] == pytest.approx(chances[0], abs=1e-6)
    (token,) = [token for token in found["tokens"] if token["text"] == "差"]
    assert token["score"] == pytest.approx(odds[0] - odds[1], abs=1e-4) and token["score"] > 0
    assert (found["method"], found["baseline"], found["template"]) == ("occlusion", "covered", [])
    blank = explain(classifier, "太 差😀", "差", method="occlusion")
    assert [(token["text"], token["start"]) for token in blank["tokens"]] == [("太", 0), ("差", 2), ("😀", 3)]
    pipe = pipeline("explain", classifier, method="occlusion")
    assert pipe([TEXT], "差") == [found] and pipe.telling_words(TEXTS)[0]["count"] > 1
    probable = Explainer(classifier, method="occlusion", output="probability")
    measured = measure_faithfulness(probable, [TEXT])
    assert measured["deletion"] < measured["random_deletion"]


def test_a_bag_of_characters_of_pairs():
    pairs = [("很好", "不错"), ("很好", "太差")] * 3
    classifier = bag_of_characters().fit(pairs, [1, 0] * 3)
    found = explain(classifier, ("很好", "太差了"), method="occlusion")
    assert found["text"] == {"text_a": "很好", "text_b": "太差了"} and found["target"] == 0
    assert found["probability"] == pytest.approx(
        classifier.predict_proba([("很好", "太差了")])[0, 0], abs=1e-6
    )
    assert [token["field"] for token in found["tokens"]] == ["text_a"] * 2 + ["text_b"] * 3
    best = max(found["tokens"], key=lambda token: token["score"])
    assert (best["field"], best["text"]) == ("text_b", "差") or best["text"] == "太"


def test_what_a_classifier_without_embeddings_cannot_do_is_refused():
    classifier = bag_of_characters()
    with pytest.raises(ValueError, match="not fitted"):
        explain(classifier, TEXT, method="occlusion")
    classifier.fit(TEXTS, LABELS)
    for method in ("integrated-gradients", "gradient", "gradient-x-input"):
        with pytest.raises(ValueError, match="which Pipeline has not: expected 'occlusion'"):
            explain(classifier, TEXT, method=method)
    with pytest.raises(ValueError, match="baseline='mask' is a vector, and Pipeline reads texts"):
        explain(classifier, TEXT, method="occlusion", baseline="mask")
    with pytest.raises(ValueError, match="reads no token"):
        explain(classifier, "", method="occlusion")
    with pytest.raises(TypeError, match=r"does not take texts .*make_pipeline"):
        explain(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), TEXT, method="occlusion")
    with pytest.raises(TypeError, match="predict_proba and no classes_"):
        explain(Unlabelled(), TEXT, method="occlusion")
    with pytest.raises(ValueError, match=r"gives \(1, 3\) for|gives \(2, 3\) for"):
        explain(Unlabelled(classes_=[0, 1]), TEXT, method="occlusion")


class Unlabelled:
    """Has probabilities, of three classes."""

    def __init__(self, **attributes):
        self.__dict__ |= attributes

    def predict_proba(self, texts):
        return np.full((len(texts), 3), 1 / 3)
