"""Fine-tuning: what it learns, what it computes, what it keeps, what it refuses.

Run: pytest tests/few_shot/baselines/test_fine_tuned.py
"""

import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp.few_shot.baselines import FineTunedClassifier
from zhnlp.few_shot.baselines.networks import classifier_over
from zhnlp.models.loading import load_model

SMALL = {"learning_rate": 2e-3, "epochs": 8, "device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def fitted(bert, planted):
    texts, labels = planted
    return FineTunedClassifier(bert, **SMALL).fit(texts[:32], labels[:32])


def test_a_planted_word_is_learnt(fitted, planted):
    texts, labels = planted
    assert fitted.score(texts[32:], labels[32:]) == 1.0
    assert fitted.classes_.tolist() == ["电", "网"] and fitted.predict(texts[32:34]).tolist() == labels[32:34]
    chances = fitted.predict_proba(texts[32:])
    assert np.allclose(chances.sum(1), 1) and ((chances >= 0) & (chances <= 1)).all()
    assert fitted.evaluate(texts[32:], labels[32:])["confusion"] == [[8, 0], [0, 8]]


def test_the_mean_leaves_padding_out_by_hand(bert):
    network = classifier_over(bert, 3, "mean", 0.1).eval()
    ids, mask = torch.tensor([[2, 7, 8, 3, 0, 0]]), torch.tensor([[1, 1, 1, 1, 0, 0]])
    with torch.no_grad():
        states = network.body(input_ids=ids[:, :4]).last_hidden_state[0]
        expected = network.head.weight @ states.mean(0) + network.head.bias
        found = network(input_ids=ids, attention_mask=mask, labels=torch.tensor([1]))
    assert torch.allclose(found.logits[0], expected, atol=1e-5)
    assert found.loss.item() == pytest.approx(-expected.log_softmax(0)[1].item(), abs=1e-5)


def test_embeddings_may_be_given_instead_of_ids(bert):
    network = classifier_over(bert, 2, "mean", 0.0).eval()
    ids = torch.tensor([[2, 7, 8, 3]])
    with torch.no_grad():
        vectors = network.get_input_embeddings()(ids)
        assert torch.allclose(network(inputs_embeds=vectors).logits, network(ids).logits, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_roformer_gives_the_same_by_both_forward_passes(pooling, tmp_path):
    make_model("roformer").save_pretrained(tmp_path)
    network = classifier_over(str(tmp_path), 2, pooling, 0.0).eval()
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    mask = (ids != 0).long()
    with torch.no_grad():
        vectors = network.get_input_embeddings()(ids)
        slow = network(inputs_embeds=vectors, attention_mask=mask).logits
        assert torch.allclose(network(input_ids=ids, attention_mask=mask).logits, slow, atol=1e-4)


def test_one_text_and_many_give_the_same(fitted, planted):
    texts = planted[0]
    together = fitted.decision_function(texts)
    alone = np.concatenate([fitted.decision_function([text]) for text in texts[:5]])
    assert np.allclose(together[:5], alone, atol=1e-4)


def test_the_same_seed_gives_the_same_and_leaves_the_callers_numbers_alone(bert, planted):
    texts, labels = planted[0][:8], planted[1][:8]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    classifier = FineTunedClassifier(bert, **{**SMALL, "epochs": 1})
    first = classifier.fit(texts, labels).decision_function(texts)
    assert torch.rand(1) == expected
    again = clone(classifier).fit(texts, labels).decision_function(texts)
    other = clone(classifier).set_params(random_state=5).fit(texts, labels).decision_function(texts)
    assert np.array_equal(first, again) and not np.allclose(first, other, atol=1e-3)


def test_it_works_in_cross_validation_with_pairs(bert, planted):
    pairs = [{"text_a": text, "text_b": "今天"} for text in planted[0][:16]]
    scores = cross_val_score(FineTunedClassifier(bert, **SMALL), pairs, planted[1][:16], cv=2)
    assert scores.shape == (2,) and scores.mean() > 0.6


def test_epochs_are_chosen_inside_the_labels(bert, planted):
    texts, labels = planted[0][:16], planted[1][:16]
    classifier = FineTunedClassifier(bert, **{**SMALL, "epochs": [1, 5], "folds": 2}).fit(texts, labels)
    assert set(classifier.epoch_scores_) == {1, 5}
    assert classifier.epochs_ == max(classifier.epoch_scores_, key=classifier.epoch_scores_.get)
    alone = FineTunedClassifier(bert, **{**SMALL, "epochs": classifier.epochs_}).fit(texts, labels)
    assert np.array_equal(alone.decision_function(texts), classifier.decision_function(texts))
    with pytest.raises(ValueError, match=r"class .*网.* has 1 text: expected 2 or more"):
        classifier.fit(texts[:4], ["电", "电", "电", "网"])


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_saved_and_loaded_it_says_the_same(pooling, bert, planted, tmp_path):
    texts, labels = planted
    classifier = FineTunedClassifier(bert, **{**SMALL, "pooling": pooling, "epochs": 2})
    expected = classifier.fit(texts[:16], labels[:16]).predict_proba(texts)
    folder = classifier.save(tmp_path / "new" / "model")
    assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]
    loaded = FineTunedClassifier.load(folder, device="cpu", dtype="float32")
    assert np.array_equal(loaded.predict_proba(texts), expected)
    assert loaded.classes_.tolist() == classifier.classes_.tolist()
    if pooling == "cls":  # then it is a sequence classifier like any other
        stock = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        rows = loaded.tokenizer_(texts[:4], padding=True, return_tensors="pt")
        with torch.no_grad():
            chances = stock(**rows).logits.softmax(-1).numpy()
        assert np.allclose(chances, expected[:4], atol=1e-4) and stock.config.id2label == {0: "电", 1: "网"}
    else:  # and never loads with a head that was not trained
        with pytest.raises(ValueError, match="holds no weights"):
            load_model(folder, "sequence-classification")


def test_a_roformer_is_saved_and_loaded(planted, tmp_path):
    save_checkpoint(tmp_path / "base", "roformer")
    texts, labels = planted[0][:8], planted[1][:8]
    classifier = FineTunedClassifier(str(tmp_path / "base"), **{**SMALL, "epochs": 2}).fit(texts, labels)
    loaded = FineTunedClassifier.load(classifier.save(tmp_path / "new"), device="cpu", dtype="float32")
    assert np.array_equal(loaded.predict_proba(texts), classifier.predict_proba(texts))


def test_a_sequence_classifier_of_transformers_is_loaded(tmp_path):
    torch.manual_seed(0)
    config = make_model("bert").config
    config.id2label = {0: "娱乐", 1: "体育", 2: "财经"}
    stock = transformers.BertForSequenceClassification(config).eval()
    stock.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    loaded = FineTunedClassifier.load(tmp_path, device="cpu", dtype="float32")
    with torch.no_grad():
        expected = stock(**make_tokenizer()(["电网检修"], return_tensors="pt")).logits.numpy()
    assert loaded.classes_.tolist() == ["娱乐", "体育", "财经"]
    assert np.allclose(loaded.decision_function(["电网检修"]), expected, atol=1e-4)


def test_a_checkpoint_without_a_head_is_refused(bert):
    with pytest.raises(ValueError, match=r"holds BertForMaskedLM, which has no head .* would be random"):
        FineTunedClassifier.load(bert)


def test_a_damaged_folder_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    save_file(
        {key: value for key, value in state.items() if key != "head.bias"}, tmp_path / "model.safetensors"
    )
    with pytest.raises(ValueError, match=r"cannot be read: .*head.bias"):
        FineTunedClassifier.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        fitted.save(tmp_path / "file")


def test_what_is_not_possible_is_refused(bert):
    with pytest.raises(ValueError, match="pooling='max' is not known: expected mean or cls"):
        FineTunedClassifier(bert, pooling="max").fit(["电", "网"], [0, 1])
    with pytest.raises(TypeError, match="a model without tokenizer="):
        FineTunedClassifier(make_model("bert")).fit(["电", "网"], [0, 1])
    with pytest.raises(NotFittedError):
        FineTunedClassifier(bert).predict(["电"])


def test_a_model_at_hand_is_trained_in_a_copy():
    model = make_model("bert")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    classifier = FineTunedClassifier(model, tokenizer=make_tokenizer(), **{**SMALL, "epochs": 2})
    classifier.fit(["电", "网", "电电", "网网"], [1, 0, 1, 0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    body = classifier.model_.body.state_dict()
    assert not torch.equal(
        body["encoder.layer.0.output.dense.weight"], before["bert.encoder.layer.0.output.dense.weight"]
    )


def test_settings_are_written_in_plain_json(fitted, tmp_path):
    kept = json.loads((fitted.save(tmp_path) / "fine_tuned.json").read_text("utf-8"))
    assert kept == {"pooling": "mean", "max_length": 128, "epochs": 8, "classes": ["电", "网"]}


def test_the_scores_of_a_part_are_over_all_classes(fitted, planted):
    only = [text for text, label in zip(*planted) if label == "电"][:4]
    assert fitted.evaluate(only, ["电"] * 4)["macro_f1"] == 0.5
    with pytest.raises(ValueError, match="gold has the label '水'"):
        fitted.evaluate(only, ["水"] * 4)
