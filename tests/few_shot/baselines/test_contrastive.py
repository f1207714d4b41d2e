"""Contrastive vectors and logistic regression.

Run: pytest tests/few_shot/baselines/test_contrastive.py
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from zhnlp.few_shot.baselines import ContrastiveClassifier
from zhnlp.few_shot.baselines.contrastive import draw_pairs
from zhnlp.few_shot.baselines.networks import PairCosine, body_of, mean_states

SMALL = {"learning_rate": 1e-3, "pairs": 12, "device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def fitted(bert, planted):
    return ContrastiveClassifier(bert, **SMALL).fit(planted[0][:32], planted[1][:32])


def test_a_planted_word_is_learnt_and_classes_move_apart(fitted, bert, planted):
    texts, labels = planted
    assert fitted.score(texts[32:], labels[32:]) >= 0.9

    def margin(classifier):
        vectors = classifier.transform(texts[32:])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        same = np.equal.outer(labels[32:], labels[32:])
        return (vectors @ vectors.T)[same].mean() - (vectors @ vectors.T)[~same].mean()

    untrained = ContrastiveClassifier(bert, **{**SMALL, "learning_rate": 1e-12}).fit(texts[:32], labels[:32])
    assert margin(fitted) > margin(untrained) + 0.1


def test_the_loss_of_two_pairs_by_hand(bert):
    body = body_of(bert)
    ids = torch.tensor([[2, 7, 3], [2, 8, 3], [2, 9, 3], [2, 10, 3]])
    with torch.no_grad():
        vectors = mean_states(body, ids, None)
        cosine = [torch.cosine_similarity(vectors[i], vectors[i + 2], dim=0).item() for i in (0, 1)]
        found = PairCosine(body)(
            input_ids=ids, attention_mask=torch.ones_like(ids), labels=torch.tensor([1.0, 0.0])
        )
    assert found["loss"].item() == pytest.approx(((cosine[0] - 1) ** 2 + cosine[1] ** 2) / 2, abs=1e-5)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=20), st.integers(2, 9), st.integers(0, 99))
def test_pairs_say_whether_labels_agree_and_each_text_has_its_share(labels, pairs, seed):
    targets = np.array(labels)
    drawn = draw_pairs(targets, pairs, seed)
    assert all((targets[a] == targets[b]) == bool(same) and a != b for a, b, same in drawn)
    for number in range(len(targets)):
        own = [same for first, _, same in drawn if first == number]
        assert own.count(1.0) == (pairs // 2 if (targets == targets[number]).sum() > 1 else 0)
        assert own.count(0.0) == (pairs // 2 if (targets != targets[number]).any() else 0)
    assert drawn == draw_pairs(targets, pairs, seed)


def test_the_head_is_scikit_learns_on_the_vectors(fitted, planted):
    texts, labels = planted
    head = LogisticRegression(max_iter=2000).fit(fitted.transform(texts[:32]), labels[:32])
    assert np.allclose(
        head.predict_proba(fitted.transform(texts[32:])), fitted.predict_proba(texts[32:]), atol=1e-4
    )


def test_saved_and_loaded_it_says_the_same(fitted, planted, tmp_path):
    folder = fitted.save(tmp_path / "model")
    assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl", ".joblib")]
    loaded = ContrastiveClassifier.load(folder, device="cpu", dtype="float32")
    assert np.allclose(loaded.predict_proba(planted[0]), fitted.predict_proba(planted[0]), atol=1e-6)
    assert loaded.predict(planted[0][:2]).tolist() == fitted.predict(planted[0][:2]).tolist()
    with pytest.raises(FileNotFoundError, match=r"no contrastive.json and no head.safetensors"):
        ContrastiveClassifier.load(tmp_path)


def test_three_classes_and_the_same_seed(bert, planted, tmp_path):
    texts, labels = planted[0][:9], [0, 1, 2] * 3
    classifier = ContrastiveClassifier(bert, **{**SMALL, "pairs": 2})
    first = classifier.fit(texts, labels).predict_proba(texts)
    assert first.shape == (9, 3)
    assert np.array_equal(clone(classifier).fit(texts, labels).predict_proba(texts), first)
    loaded = ContrastiveClassifier.load(classifier.save(tmp_path), device="cpu", dtype="float32")
    assert np.allclose(loaded.predict_proba(texts), first, atol=1e-6)


def test_what_is_not_possible_is_refused(bert):
    with pytest.raises(ValueError, match="pairs=1 is not possible"):
        ContrastiveClassifier(bert, pairs=1).fit(["电", "网"], [0, 1])
    with pytest.raises(ValueError, match="expected 2 classes or more"):
        ContrastiveClassifier(bert).fit(["电", "网"], [0, 0])
