"""Conditional layer norm: by hand, the identity at first, gradients, rows and threads apart, networks of several families.

Run: pytest tests/nn/test_conditional_norm.py
"""

import copy
import pickle
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_model
from torch import nn

from zhnlp.nn.conditional_norm import (
    Condition,
    ConditionalNorm,
    conditional_norms,
    fold,
    plain_norms,
    swap_norms,
)

KINDS = ("bert", "roformer", "gpt2", "gpt-neox", "llama")
IDS = torch.randint(5, 40, (3, 7), generator=torch.Generator().manual_seed(0))


def shaken(model, scale=0.1):
    """Projections that are no longer zero."""
    generator = torch.Generator().manual_seed(1)
    for norm in conditional_norms(model).values():
        weight = norm.modulation.weight
        weight.data = scale * torch.randn(weight.shape, generator=generator)
    return model


def logits(model, condition=None, vector=None, ids=IDS):
    with torch.no_grad():
        if vector is None:
            return model(ids).logits
        with condition.given(vector):
            return model(ids).logits


def test_by_hand():
    """Two features of (10, 30): LN is (-1, 1); gain (2, 3) + (1, -1) · 2, bias (0, 1) + (0, 5) · 2."""
    plain, condition = nn.LayerNorm(2, eps=0.0), Condition()
    norm = ConditionalNorm(plain, 1, condition)
    with torch.no_grad():
        plain.weight.copy_(torch.tensor([2.0, 3.0]))
        plain.bias.copy_(torch.tensor([0.0, 1.0]))
        norm.modulation.weight.copy_(torch.tensor([[1.0], [-1.0], [0.0], [5.0]]))
    with condition.given(torch.tensor([[2.0]])):
        found = norm(torch.tensor([[[10.0, 30.0]]]))
    torch.testing.assert_close(found, torch.tensor([[[-4.0, 1.0 + 11.0]]]))
    torch.testing.assert_close(norm(torch.tensor([[10.0, 30.0]])), torch.tensor([[-2.0, 4.0]]))


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_networks_begin_as_they_were(kind):
    model = make_model(kind)
    before, norms = logits(model), sum("Norm" in type(one).__name__ for one in model.modules())
    condition = swap_norms(model, 6)
    assert len(conditional_norms(model)) == norms == {"bert": 6, "roformer": 6}.get(kind, 5)
    assert torch.equal(logits(model), before)
    torch.testing.assert_close(logits(model, condition, torch.randn(3, 6)), before, atol=1e-6, rtol=1e-6)


def test_one_norm_begins_as_it_was_to_1e_6():
    norm, condition, x = nn.LayerNorm(64), Condition(), torch.randn(4, 9, 64)
    nn.init.normal_(norm.weight)
    with condition.given(torch.randn(4, 5)):
        moved = (ConditionalNorm(norm, 5, condition)(x) - norm(x)).detach()
    assert float(moved.abs().max()) < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_all_projections_from_the_first_step(kind):
    model = make_model(kind)
    condition = swap_norms(model, 6)
    vector = torch.randn(3, 6, requires_grad=True)
    with condition.given(vector):
        model(IDS).logits.square().sum().backward()
    for norm in conditional_norms(model).values():
        assert float(norm.modulation.weight.grad.abs().sum()) > 0
    assert float(vector.grad.abs().sum()) == 0  # the projections are zeros, but not for long
    shaken(model)
    with condition.given(vector):
        model(IDS).logits.square().sum().backward()
    assert float(vector.grad.abs().sum()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_depends_on_its_own_condition_alone(kind):
    model = make_model(kind)
    condition, vector = swap_norms(model, 6), torch.randn(3, 6)
    shaken(model)
    together = logits(model, condition, vector)
    for row in range(3):
        alone = logits(model, condition, vector[row : row + 1], IDS[row : row + 1])
        torch.testing.assert_close(together[row], alone[0], atol=1e-4, rtol=1e-4)
    assert float((together - logits(model, condition, vector.flip(0)))[0].abs().max()) > 1e-3


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 1000))
def test_one_a_row_is_the_same_given_for_each_position(rows, places, seed):
    torch.manual_seed(seed)
    condition = Condition()
    norm, x, vector = (
        ConditionalNorm(nn.LayerNorm(6), 3, condition),
        torch.randn(rows, places, 6),
        torch.randn(rows, 3),
    )
    nn.init.normal_(norm.modulation.weight)
    with condition.given(vector):
        once = norm(x)
    with condition.given(vector[:, None].expand(-1, places, -1)):
        each = norm(x)
    torch.testing.assert_close(once, each)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "gpt-neox"])
def test_folded_is_what_the_condition_gave(kind):
    model = make_model(kind)
    condition, one, other = swap_norms(model, 6), torch.randn(6), torch.randn(3, 6)
    shaken(model)
    asked, further = logits(model, condition, one.expand(3, -1)), logits(model, condition, other)
    fold(model, one)
    torch.testing.assert_close(logits(model), asked, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logits(model, condition, other - one), further, atol=1e-4, rtol=1e-4)


def test_rms_norms_have_nothing_to_fold_a_bias_into():
    model = make_model("llama")
    swap_norms(model, 6)
    with pytest.raises(TypeError, match="has no bias of its own"):
        fold(model, torch.randn(6))


def test_inside_plain_norms_the_network_is_a_stock_one():
    model, names = make_model("gpt-neox"), list(make_model("gpt-neox").state_dict())
    swap_norms(model, 6)
    with plain_norms(model):
        assert list(model.state_dict()) == names
    assert len(conditional_norms(model)) == 5


def test_a_condition_ends_with_its_block_and_belongs_to_its_thread():
    condition, seen = Condition(), []
    with condition.given(torch.ones(1, 2)):
        with condition.given(None):
            assert condition.vector is None
        thread = threading.Thread(target=lambda: seen.append(condition.vector))
        thread.start()
        thread.join()
        assert seen == [None] and condition.vector is not None
    assert condition.vector is None


def test_copies_and_pickles_have_a_condition_of_their_own():
    model = make_model("gpt2")
    condition = swap_norms(model, 6)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        held = {id(norm.condition) for norm in conditional_norms(other).values()}
        assert len(held) == 1 and id(condition) not in held


@pytest.mark.parametrize(
    "vector, said",
    [
        (torch.ones(3, 5), "has 5 features: expected 6"),
        (torch.ones(2, 6), r"is \(2, 6\) where the norm reads \(3, 7, 32\).*Next: repeat the conditions"),
        (torch.ones(6), r"is \(6,\): expected \(N, C\)"),
    ],
)
def test_conditions_that_do_not_fit_are_refused(vector, said):
    model = make_model("gpt2")
    condition = swap_norms(model, 6)
    with pytest.raises(ValueError, match=said):
        logits(model, condition, vector)


def test_models_that_cannot_be_swapped_are_refused():
    with pytest.raises(TypeError, match="Linear has no LayerNorm"):
        swap_norms(nn.Linear(2, 2), 3)
    model = make_model("gpt2")
    swap_norms(model, 3)
    with pytest.raises(ValueError, match="conditional already"):
        swap_norms(model, 3)
    with pytest.raises(ValueError, match="condition_size=0"):
        swap_norms(make_model("gpt2"), 0)
