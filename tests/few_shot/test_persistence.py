"""Saved and loaded classifiers give the same probabilities; soft rows fit their base only; no pickle.

Run: pytest tests/few_shot/test_persistence.py
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp.few_shot import FittedWeights, PromptClassifier
from zhnlp.few_shot.base_model import described, digest
from zhnlp.few_shot.network import Network

LABELS = {"天": ["好", "很好"], "地": ["变压"]}
TEXTS = ["今天天气", "变压器检修", "北京大学", "断路器", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("base")
    save_checkpoint(place, "roformer")
    return place


def make(folder, template="{text}，{mask}。", **changes):
    return PromptClassifier(template, LABELS, **{"model": str(folder), "device": "cpu", **changes})


def hold(classifier, **weights):
    """The classifier as if it had been fitted to these weights."""
    classifier._state().fit(FittedWeights(**weights))
    return classifier


def files(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_zero_shot_with_its_prior(folder, tmp_path, dtype):
    before = make(folder, ["{text}，{mask}。", "{mask}！{text}"], dtype=dtype, max_length=30).calibrate(TEXTS)
    before.save(tmp_path)
    after = PromptClassifier.load(tmp_path, device="cpu", dtype=dtype)
    assert (after.predict_proba(TEXTS) == before.predict_proba(TEXTS)).all()
    assert after.classes_.tolist() == before.classes_.tolist()
    assert {"prompt.json", "model.safetensors", "config.json", "tokenizer.json"} <= files(tmp_path)
    assert not [name for name in files(tmp_path) if name.endswith((".bin", ".pkl", ".pt", ".joblib"))]
    same = {"template", "labels", "max_length", "calibration", "random_state"}
    assert {name: after.get_params()[name] for name in same} == {
        name: before.get_params()[name] for name in same
    }


def test_fitted_weights_and_soft_rows(folder, tmp_path):
    classifier = make(folder, "{soft:2}{text}，{mask}。")
    rows = torch.linspace(-1, 1, 64).view(2, 32)
    before = hold(classifier, model=make_model("roformer", seed=5), soft_rows=rows)
    chances = before.predict_proba(TEXTS)
    before.save(tmp_path)
    assert (PromptClassifier.load(tmp_path, device="cpu").predict_proba(TEXTS) == chances).all()
    assert {"prompt.safetensors", "model.safetensors"} <= files(tmp_path)
    assert not np.allclose(chances, make(folder).predict_proba(TEXTS), atol=1e-3)


def test_p_tuning_saves_kilobytes_that_fit_the_same_base(folder, tmp_path):
    rows = torch.linspace(-1, 1, 64).view(2, 32)
    before = hold(make(folder, "{soft:2}{text}，{mask}。", mode="ptuning"), soft_rows=rows)
    before.save(tmp_path)
    assert files(tmp_path) == {"prompt.json", "prompt.safetensors"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 8192
    after = PromptClassifier.load(tmp_path, device="cpu")
    assert (after.predict_proba(TEXTS) == before.predict_proba(TEXTS)).all()
    assert after.calibration == "auto" and after._state().fitted is not None  # fitted: nothing is taken off
    given = PromptClassifier.load(
        tmp_path, model=make_model("roformer"), tokenizer=make_tokenizer(), device="cpu"
    )
    assert given.predict_proba(TEXTS) == pytest.approx(before.predict_proba(TEXTS))
    with pytest.raises(
        ValueError, match="whose weights are not those of RoFormerForMaskedLM: expected the same"
    ):
        PromptClassifier.load(tmp_path, model=make_model("roformer", seed=1), tokenizer=make_tokenizer())


def test_rows_of_a_model_without_a_name_need_it_again(tmp_path):
    parts = {"model": make_model("bert"), "tokenizer": make_tokenizer()}
    before = PromptClassifier("{soft:2}{text}，{mask}。", LABELS, mode="ptuning", **parts)
    hold(before, soft_rows=torch.ones(2, 32)).save(tmp_path)
    with pytest.raises(
        ValueError, match=r"has no name. Next: PromptClassifier.load\(.*model=…, tokenizer=…\)"
    ):
        PromptClassifier.load(tmp_path)
    assert (
        PromptClassifier.load(tmp_path, **parts).predict_proba(TEXTS) == before.predict_proba(TEXTS)
    ).all()


def test_rows_trained_on_adapted_weights_are_saved_with_them(folder, tmp_path):
    classifier = make(folder, "{soft:2}{text}，{mask}。", mode="ptuning")
    classifier._state().adapt(FittedWeights(model=make_model("roformer", seed=5)))
    before = hold(classifier, soft_rows=torch.ones(2, 32))
    before.save(tmp_path)
    assert "model.safetensors" in files(tmp_path)
    assert (
        PromptClassifier.load(tmp_path, device="cpu").predict_proba(TEXTS) == before.predict_proba(TEXTS)
    ).all()


def test_a_smaller_classifier_leaves_nothing_of_a_larger_one(folder, tmp_path):
    make(folder).save(tmp_path)
    tuned = hold(make(folder, "{soft}{text}，{mask}。", mode="ptuning"), soft_rows=torch.ones(1, 32))
    tuned.save(tmp_path)
    assert "model.safetensors" not in files(tmp_path)
    assert (
        PromptClassifier.load(tmp_path, device="cpu").predict_proba(TEXTS) == tuned.predict_proba(TEXTS)
    ).all()
    make(folder).save(tmp_path)
    assert "prompt.safetensors" not in files(tmp_path)


def test_labels_that_fit_brought_are_loaded(folder, tmp_path):
    classifier = make(folder, epochs=1).set_params(labels=None).fit(["今天", "变压器"], np.array([12, 2]))
    assert classifier.classes_.tolist() == [2, 12]
    classifier.save(tmp_path)
    after = PromptClassifier.load(tmp_path, device="cpu")
    assert after.labels is None and after.classes_.tolist() == [2, 12]
    assert (after.predict_proba(TEXTS) == classifier.predict_proba(TEXTS)).all()
    assert after.get_params()["epochs"] == 1


def test_a_chooser_is_saved_too(folder, tmp_path):
    chooser = PromptClassifier("{text}，{mask}。", model=str(folder), device="cpu")
    before = chooser.choose(TEXTS, [["好", "电网"]] * 5)
    chooser.save(tmp_path)
    after = PromptClassifier.load(tmp_path, device="cpu").choose(TEXTS, [["好", "电网"]] * 5)
    assert before.picked == after.picked and np.array_equal(before.scores, after.scores)


def test_a_clone_gives_the_same_probabilities(folder):
    for parts in ({"model": str(folder)}, {"model": make_model("bert"), "tokenizer": make_tokenizer()}):
        classifier = PromptClassifier(["{text}，{mask}。", "{mask}！{text}"], LABELS, device="cpu", **parts)
        assert (clone(classifier).predict_proba(TEXTS) == classifier.predict_proba(TEXTS)).all()


FIT = (["今天天气好", "变压器检修"] * 2, ["天", "地"] * 2)


def trained(folder, **changes):
    return make(folder, epochs=2, batch_size=2, dtype="float32", progress=False, **changes)


def test_a_loaded_classifier_fits_from_the_base_and_not_from_what_it_learnt(folder, tmp_path):
    fresh = trained(folder).fit(*FIT)
    chances = fresh.predict_proba(TEXTS)
    fresh.save(tmp_path)
    loaded = PromptClassifier.load(tmp_path, device="cpu", dtype="float32", progress=False)
    assert loaded.predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    assert Path(loaded.model) == folder
    copy = clone(loaded)
    assert copy.predict_proba(TEXTS) == pytest.approx(trained(folder).predict_proba(TEXTS))
    for again in (loaded, copy):
        assert again.fit(*FIT).predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)


def test_a_loaded_classifier_is_saved_again(folder, tmp_path):
    before = hold(
        make(folder, "{soft:2}{text}，{mask}。"),
        model=make_model("roformer", seed=5),
        soft_rows=torch.ones(2, 32),
    )
    before.save(tmp_path / "one")
    PromptClassifier.load(tmp_path / "one", device="cpu").save(tmp_path / "two")
    after = PromptClassifier.load(tmp_path / "two", device="cpu")
    assert (
        after.predict_proba(TEXTS) == pytest.approx(before.predict_proba(TEXTS), abs=1e-5)
        and Path(after.model) == folder
    )


def test_cross_validation_of_a_loaded_classifier_sees_no_held_out_label(folder, tmp_path):
    loaded = PromptClassifier.load(
        trained(folder).fit(*FIT).save(tmp_path), device="cpu", dtype="float32", progress=False
    )
    scores = [cross_val_score(one, *FIT, cv=2, scoring="neg_log_loss") for one in (trained(folder), loaded)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_adapted_weights_are_gone_on_from(folder, tmp_path):
    adapted = trained(folder).adapt(FIT[0])
    adapted.save(tmp_path / "adapted")
    options = {"device": "cpu", "dtype": "float32", "progress": False}
    loaded = PromptClassifier.load(tmp_path / "adapted", **options)
    assert loaded.predict_proba(TEXTS) == pytest.approx(adapted.predict_proba(TEXTS), abs=1e-5)
    named = trained(tmp_path / "adapted")  # no labels are in there, so that may be trained and cloned
    chances = adapted.fit(*FIT).predict_proba(TEXTS)
    for one in (loaded, clone(named)):
        assert one.fit(*FIT).predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    again = PromptClassifier.load(loaded.save(tmp_path / "fitted"), **options)
    assert again.predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    with pytest.warns(UserWarning, match=r"was adapted before it was fitted.*Next: adapt\(texts\) first"):
        again.fit(*FIT)
    assert again.predict_proba(TEXTS) == pytest.approx(
        trained(folder).fit(*FIT).predict_proba(TEXTS), abs=1e-5
    )


def test_fitted_weights_whose_base_has_no_name_are_not_trained_further(tmp_path):
    base = {"model": make_model("bert"), "tokenizer": make_tokenizer()}
    options = {"device": "cpu", "dtype": "float32", "progress": False}
    fresh = PromptClassifier("{text}，{mask}。", LABELS, epochs=1, **base, **options).fit(*FIT)
    chances = fresh.predict_proba(TEXTS)
    fresh.save(tmp_path)
    loaded = PromptClassifier.load(tmp_path, **options)
    assert loaded.predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    for again in (clone(loaded), loaded, trained(tmp_path)):
        with pytest.raises(ValueError, match=r"weights that fit has trained.*load\(.*model=…, tokenizer=…\)"):
            again.fit(*FIT)
    assert loaded.predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    given = PromptClassifier.load(tmp_path, **base, **options)
    assert given.fit(*FIT).predict_proba(TEXTS) == pytest.approx(chances, abs=1e-5)
    with pytest.raises(ValueError, match="whose weights are not those of BertForMaskedLM"):
        PromptClassifier.load(tmp_path, model=make_model("bert", seed=3), tokenizer=make_tokenizer())


def test_a_fitted_folder_as_the_model_stays_fitted_when_it_is_saved_again(folder, tmp_path):
    options = {"device": "cpu", "dtype": "float32", "progress": False}
    trained(folder).fit(*FIT).save(tmp_path / "one")
    named = PromptClassifier("{mask}！{text}", LABELS, model=tmp_path / "one", **options)
    named.save(tmp_path / "two")
    again = PromptClassifier.load(tmp_path / "two", **options)
    assert again.predict_proba(TEXTS) == pytest.approx(named.predict_proba(TEXTS), abs=1e-5)
    assert Path(again.model) == folder
    with pytest.raises(ValueError, match=rf"weights that fit has trained.*begins from {folder}"):
        named.fit(*FIT)


def test_a_base_that_changed_is_said_at_the_next_fit(folder, tmp_path):
    save_checkpoint(tmp_path / "base", "roformer")
    loaded = PromptClassifier.load(
        trained(tmp_path / "base").fit(*FIT).save(tmp_path / "fitted"), device="cpu"
    )
    save_checkpoint(tmp_path / "base", "roformer", seed=3)
    with pytest.raises(ValueError, match="whose weights are not those of"):
        loaded.fit(*FIT)


def test_a_base_that_is_gone_is_named_with_the_way_out(folder, tmp_path):
    save_checkpoint(tmp_path / "base", "roformer")
    options = {"device": "cpu", "dtype": "float32", "progress": False}
    whole = trained(tmp_path / "base").fit(*FIT)
    whole.save(tmp_path / "whole")
    tuned = make(tmp_path / "base", "{soft:2}{text}，{mask}。", mode="ptuning")
    hold(tuned, soft_rows=torch.ones(2, 32)).save(tmp_path / "rows")
    (tmp_path / "base").rename(tmp_path / "moved")
    message = (
        r"trained from a model that is not here: .*where it has moved: PromptClassifier.load\(.*model=…\)"
    )
    with pytest.raises(FileNotFoundError, match=message):
        PromptClassifier.load(tmp_path / "rows")
    PromptClassifier.load(tmp_path / "rows", model=tmp_path / "moved", **options).predict(TEXTS)
    loaded = PromptClassifier.load(tmp_path / "whole", **options)
    assert (loaded.predict(TEXTS) == whole.predict(TEXTS)).all()  # needs no base
    with pytest.raises(FileNotFoundError, match=message):
        loaded.fit(*FIT)
    again = PromptClassifier.load(tmp_path / "whole", model=tmp_path / "moved", **options)
    assert again.fit(*FIT).predict_proba(TEXTS) == pytest.approx(whole.predict_proba(TEXTS), abs=1e-5)


def test_every_weight_counts_for_whether_a_base_is_the_same():
    model, tokenizer = make_model("bert"), make_tokenizer()
    before = digest(Network(model, tokenizer))
    with torch.no_grad():
        next(p for name, p in model.named_parameters() if "layer.1" in name).view(-1)[0] += 1
    assert digest(Network(model, tokenizer)) != before == digest(Network(make_model("bert"), tokenizer))


def test_bases_are_written_down_so_that_others_find_them(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert described(Network(folder.name, device="cpu"))["name"] == str(folder)
    assert described(Network("zhnlp-mlm-small", device="cpu"))["name"] == "zhnlp-mlm-small"
    assert described(Network("zhnlp-mlm-small", make_tokenizer(), device="cpu"))["name"] is None
    cached = tmp_path / "models--owner--name" / "snapshots" / "a1b2"
    save_checkpoint(cached, "roformer")
    found = described(Network(cached, device="cpu"))
    assert (found["name"], found["revision"]) == ("owner/name", "a1b2")


def test_refusals(folder, tmp_path):
    classifier = make(folder)
    with pytest.raises(ValueError, match="is where the model was loaded from: expected another folder"):
        classifier.save(folder)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError, match="is a file"):
        classifier.save(tmp_path / "file")
    with pytest.raises(FileNotFoundError, match=r"holds no prompt.json"):
        PromptClassifier.load(tmp_path)
    place = classifier.save(tmp_path / "new")
    with pytest.raises(
        ValueError, match="holds a whole model that was not trained: expected load without model="
    ):
        PromptClassifier.load(place, model=str(folder))
    content = json.loads((place / "prompt.json").read_text("utf-8"))
    (place / "prompt.json").write_text(json.dumps({**content, "format": 9}), "utf-8")
    with pytest.raises(ValueError, match="has format 9: expected 2"):
        PromptClassifier.load(place)
    (place / "prompt.json").write_text("[]", "utf-8")
    with pytest.raises(ValueError, match=r"is no prompt.json"):
        PromptClassifier.load(place)


def test_saving_shows_no_bar(folder, tmp_path, capfd):
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    make(folder, progress=False).save(tmp_path)
    assert "Writing model shards" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled() == shown
