"""DGCNN in both forms: padding, what it depends on, files, refusals.

Run: pytest tests/models/test_dgcnn_reader.py
"""

import pytest
import torch
from transformers import AutoConfig

from zhnlp.models.dgcnn_reader import DGCNNConfig, DGCNNReader, register

FORMS = ["5409", "6906"]


def made(form, **changes):
    torch.manual_seed(0)
    sizes = {"vocab_size": 20, "hidden_size": 16, "words": 7, "word_size": 5}
    model = DGCNNReader(DGCNNConfig.of_form(form, **sizes | changes))
    model.embedding.set_words(torch.randn(7, 5))
    return model.eval()


def batch(model, question=4, length=9, rows=2):
    generator = torch.Generator().manual_seed(1)

    def ids(high, size):
        return torch.randint(2, high, (rows, size), generator=generator)

    made = {
        "question_ids": ids(20, question),
        "question_mask": torch.ones(rows, question),
        "passage_ids": ids(20, length),
        "passage_mask": torch.ones(rows, length),
        "question_words": ids(7, question),
        "passage_words": ids(7, length),
    }
    if model.config.features:
        made["features"] = torch.rand(rows, length, model.config.features, generator=generator)
    return made


def longer(one, by):
    """The same with what must not matter behind it."""
    found = {}
    for name, value in one.items():
        shape = (value.shape[0], by, *value.shape[2:])
        more = torch.zeros(shape) if name.endswith("mask") else torch.full(shape, 3)
        found[name] = torch.cat((value, more.to(value.dtype)), 1)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_padding_never_changes_scores_of_real_positions(form):
    model = made(form)
    inputs = batch(model)
    with torch.no_grad():
        alone, among = model(**inputs), model(**longer(inputs, 5))
    for name in ("start", "end"):
        torch.testing.assert_close(alone[name], among[name][:, :9], rtol=0, atol=1e-5)
        assert (among[name][:, 9:] < -1e4).all()
    torch.testing.assert_close(alone["passage"], among["passage"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_everything_learns_but_the_words(form):
    model = made(form).train()
    labels = torch.zeros(2, 9, 2, dtype=torch.long)
    labels[0, 2, 0] = labels[0, 4, 1] = 1
    model(**batch(model), labels=labels)["loss"].backward()
    still = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum()]
    assert not still and not model.embedding.vectors.requires_grad


@pytest.mark.parametrize("form", FORMS)
def test_the_question_counts_and_positions_only_in_5409(form):
    model = made(form, features=0)
    inputs = batch(model)
    with torch.no_grad():
        first = model(**inputs)["start"]
        inputs["question_ids"] = inputs["question_ids"].flip(0)
        assert (model(**inputs)["start"] - first).abs().max() > 1e-4
        same = {name: value[:, :1].expand(-1, 200).contiguous() for name, value in batch(model).items()}
        start = model(**same)["start"][0, 70:130]  # far from both ends
    assert (start.max() - start.min() > 1e-4) == (form == "5409")


def test_one_matrix_over_what_stands_together_is_three_over_the_parts():
    model = made("5409")
    inputs = batch(model)
    with torch.no_grad():
        question = model.embedding(inputs["question_ids"], inputs["question_words"])
        question = model.question(question, inputs["question_mask"])
        unit = model.embedding(inputs["passage_ids"], inputs["passage_words"])
        beside = model._beside(unit, inputs["features"])
        together = torch.cat((unit, question[:, None].expand(-1, 9, -1), beside), -1)
        weight = torch.cat((model.of_unit.weight, model.of_question.weight, model.of_rest.weight), 1)
        x = model.passage_layers(together @ weight.T, inputs["passage_mask"])
        x = torch.cat((x, question[:, None].expand_as(x)), -1)
        expected = model.head(x, inputs["passage_mask"])
        found = model(**inputs)
    torch.testing.assert_close(found["start"], expected.start, rtol=0, atol=1e-5)


def test_what_a_place_sees_by_gradient():
    """6906: 65 characters; the pooled passage sees all."""
    model = made("6906", passage_rates=(1, 2, 4, 8, 16, 1)).double()
    inputs = batch(model, length=141, rows=1)
    rows = model.embedding.characters.weight
    seen = []
    for place in range(141):
        changed = dict(inputs, passage_ids=inputs["passage_ids"].clone())
        changed["passage_ids"][0, place] = 19 if inputs["passage_ids"][0, place] != 19 else 18
        with torch.no_grad():
            difference = model(**changed)["start"] - model(**inputs)["start"]
        if difference[0, 70].abs() > 0:
            seen.append(place)
    assert rows.dtype == torch.float64 and (seen[0], seen[-1]) == (70 - 32, 70 + 32)


def test_files_and_the_seed(tmp_path):
    register()
    model = made("5409")
    model.save_pretrained(tmp_path)
    again = DGCNNReader.from_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).model_type == "dgcnn-reader"
    with torch.no_grad():
        assert torch.equal(again.eval()(**batch(model))["start"], model(**batch(model))["start"])
    assert torch.equal(again.embedding.vectors, model.embedding.vectors)


def test_refusals():
    with pytest.raises(ValueError, match="expected one of 5409, 6906"):
        DGCNNConfig.of_form("7148")
    with pytest.raises(ValueError, match="words with a word_size or neither"):
        DGCNNConfig(words=3)
    model = made("5409")
    inputs = batch(model)
    inputs["features"] = inputs["features"][..., :4]
    with pytest.raises(ValueError, match=r"expected \(2, 9, 8\)"):
        model(**inputs)
