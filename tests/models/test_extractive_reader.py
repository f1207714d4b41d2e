"""Encoders under the head of a reader: the encoder stays what it was, padding, files."""

import pytest
import torch
import transformers
from small_models import make_model

from zhnlp.models.extractive_reader import ExtractiveReader, reader_over
from zhnlp.models.inference import speed_up

KINDS = ["bert", "roformer"]


def made(kind, **options):
    torch.manual_seed(0)
    body = make_model(kind).base_model
    return body, reader_over(body, options.get("span_kind", "softmax"), options.get("dropout", 0.0)).eval()


def batch(padding=0):
    ids = torch.tensor([[2, 9, 8, 3, 11, 12, 13, 14, 3]])
    passage = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1, 0]])
    types = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1, 1]])
    more = torch.zeros(1, padding, dtype=torch.long)
    return {
        "input_ids": torch.cat((ids, more), 1),
        "attention_mask": torch.cat((torch.ones_like(ids), more), 1),
        "token_type_ids": torch.cat((types, more), 1),
        "passage_mask": torch.cat((passage, more), 1),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_padding_never_changes_scores_and_only_the_passage_answers(kind):
    _, model = made(kind)
    with torch.no_grad():
        alone, among = model(**batch()), model(**batch(6))
    torch.testing.assert_close(alone["start"][:, 4:8], among["start"][:, 4:8], rtol=0, atol=1e-4)
    torch.testing.assert_close(alone["passage"], among["passage"], rtol=0, atol=1e-4)
    assert (among["start"][0, [0, 1, 2, 3, 8, 9, 14]] < -1e4).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_is_that_of_transformers_on_the_same_states(kind):
    """With its weights in qa_outputs, BertForQuestionAnswering gives the same starts and ends."""
    body, model = made(kind)
    name = {"bert": "BertForQuestionAnswering", "roformer": "RoFormerForQuestionAnswering"}[kind]
    other = getattr(transformers, name)(body.config).eval()
    other.base_model.load_state_dict(body.state_dict(), strict=False)
    inputs = batch()
    with torch.no_grad():
        other_states = other.base_model(**{k: v for k, v in inputs.items() if k != "passage_mask"})[0]
        expected = model.head(other_states, inputs["passage_mask"])
        found = model(**inputs)
    torch.testing.assert_close(found["end"], expected.end, rtol=0, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_learns_and_the_given_encoder_stays(kind):
    body, model = made(kind)
    before = {name: value.clone() for name, value in body.state_dict().items()}
    labels = torch.full((1, 9, 2), -100)
    labels[0, 4:8] = 0
    labels[0, 5, 0] = labels[0, 6, 1] = 1
    model.train()
    loss = model(**batch(), labels=labels)["loss"]
    loss.backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    idle = {name for name, one in model.named_parameters() if one.requires_grad and one.grad is None}
    assert all("pooler" in name for name in idle)
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_files_keep_everything(kind, tmp_path):
    _, model = made(kind, span_kind="sigmoid")
    model.save_pretrained(tmp_path)
    config = transformers.AutoConfig.from_pretrained(tmp_path)
    again = ExtractiveReader(config)
    from safetensors.torch import load_file

    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert again.head.kind == "sigmoid"
    with torch.no_grad():
        assert torch.equal(again.eval()(**batch())["start"], model(**batch())["start"])


def test_the_quick_pass_of_roformer_is_used_and_right():
    body, model = made("roformer")
    with torch.no_grad():
        quick = model(**batch())["start"]
        states = speed_up(body)(**{k: v for k, v in batch().items() if k != "passage_mask"})[0]
        torch.testing.assert_close(
            quick, model.head(states, batch()["passage_mask"]).start, rtol=0, atol=1e-4
        )
