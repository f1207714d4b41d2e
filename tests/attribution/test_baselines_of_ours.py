"""`FineTunedClassifier` and `ContrastiveClassifier` explained: their own scores, their own labels.

Run: pytest tests/attribution/test_baselines_of_ours.py
"""

import numpy as np
import pytest

from zhnlp.attribution import explain
from zhnlp.attribution.classifiers import network_of
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
