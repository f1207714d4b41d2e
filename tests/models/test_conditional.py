"""ConditionalLM: losses, costs, folding and its own state, against transformers' loss and by comparison.

Run: pytest tests/models/test_conditional.py
"""

import pytest
import torch
from small_models import make_model

from zhnlp.models.conditional import ConditionalLM
from zhnlp.models.gpt_neox import GPTNeoXForCausalLM
from zhnlp.nn.conditional_norm import conditional_norms
from zhnlp.nn.conditions import Conditions

KINDS = ("gpt2", "gpt-neox", "llama")


def made(kind, shaken=True, **options):
    network = make_model(kind, **({"rope_parameters": ROPE} if kind == "gpt-neox" else {}))
    torch.manual_seed(0)
    model = ConditionalLM(network, Conditions({"label": 2}, {"image": 3}, size=8), **options)
    for norm in conditional_norms(network).values():
        if shaken:
            norm.modulation.weight.data = 0.2 * torch.randn_like(norm.modulation.weight)
    return model.eval()


ROPE = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}


def batch(rows=3):
    ids = torch.randint(5, 40, (rows, 7), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(7) < torch.tensor([[7], [5], [3]])[:rows]).long()
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, 0] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def given(rows=3):
    return {
        "label": torch.tensor([0, 1, -1])[:rows],
        "image": torch.randn(3, 3, generator=torch.Generator().manual_seed(1))[:rows],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_mean_of_the_costs(kind):
    model, inputs = made(kind), batch()
    nats = model.costs(**inputs, given=given())
    count = int((inputs["labels"] != -100).sum())
    with torch.no_grad():
        assert float(model(**inputs, given=given())["loss"]) == pytest.approx(
            float(nats.sum()) / count, abs=1e-4
        )
    other = given() | {"label": torch.tensor([1, 0, -1])}
    changed = (model.costs(**inputs, given=other) - nats).abs()
    assert (changed[:2] > 1e-3).all() and changed[2] < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_before_training_the_loss_is_that_of_the_network(kind):
    model, inputs = made(kind, shaken=False), batch()
    with torch.no_grad():
        plain = model.network(**inputs).loss
        assert float(model(**inputs, given=given())["loss"]) == pytest.approx(float(plain), abs=1e-6)


def test_a_stock_gpt_neox_gets_the_loss_that_stores_no_logits():
    model = made("gpt-neox")
    assert type(model.network) is GPTNeoXForCausalLM
    assert model(**batch(), given=given())["logits"] is None


@pytest.mark.parametrize("kind", ["gpt2", "gpt-neox"])
def test_folded_the_network_alone_is_the_null_model(kind):
    model, inputs = made(kind), batch()
    nothing = {"label": torch.tensor([-1] * 3)}
    before = model.costs(**inputs, given=given()), model.costs(**inputs, given=nothing)
    model.fold_null()
    after = model.costs(**inputs, given=given()), model.costs(**inputs, given=nothing)
    torch.testing.assert_close(after, before, atol=1e-3, rtol=1e-4)
    with torch.no_grad():
        loss = model.network(**inputs).loss
    count = int((inputs["labels"] != -100).sum())
    assert float(loss) == pytest.approx(float(before[1].sum()) / count, abs=1e-4)


def test_rms_norms_keep_a_null_vector():
    model, inputs = made("llama"), batch()
    before = model.costs(**inputs, given=given())
    model.fold_null()
    assert (
        torch.equal(model.costs(**inputs, given=given()), before)
        and float(model.conditions.null().abs().sum()) > 0
    )


def test_training_drops_and_evaluation_does_not():
    model, inputs = made("gpt2", drop=1.0), batch()
    with torch.no_grad():
        evaluated = float(model(**inputs, given=given())["loss"])
        model.network.eval()  # without dropout, but the module in training
        model.training = True
        trained = float(model(**inputs, given=given())["loss"])
        model.training = False
        nothing = float(model(**inputs, given=None)["loss"])
    assert trained == pytest.approx(nothing, abs=1e-6) and abs(trained - evaluated) > 1e-3


def test_its_own_state_makes_another_network_conditional():
    model, inputs = made("gpt2"), batch()
    other = made("gpt2", shaken=False)
    other.load_own({name: value.clone() for name, value in model.own_state().items()})
    assert torch.equal(other.costs(**inputs, given=given()), model.costs(**inputs, given=given()))
    with pytest.raises(ValueError, match=r"do not fit the network.*Files of two models"):
        made("gpt-neox").load_own(model.own_state())


def test_refusals():
    for drop in (-0.1, 1.5, True):
        with pytest.raises(ValueError, match="expected a probability"):
            made("gpt2", drop=drop)
    model = made("gpt2").train()
    model.network.gradient_checkpointing_enable()
    with pytest.raises(ValueError, match="gradient checkpointing reads the network again"):
        model(**batch(), given=given())
