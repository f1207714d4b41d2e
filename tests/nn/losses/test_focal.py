"""Focal loss: the explicit formula, cross-entropy as its limit, masks, extremes."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.losses.focal import focal

CHANCES = st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans(), st.booleans()), min_size=1, max_size=20)


@given(CHANCES, st.floats(0, 1), st.floats(0, 4))
def test_it_equals_the_explicit_formula(rows, alpha, gamma):
    """Of one number at a time, with math's logarithm."""
    rows = [(p, t, True) if number == 0 else (p, t, m) for number, (p, t, m) in enumerate(rows)]
    terms = [
        -alpha * (1 - p) ** gamma * math.log(p) if t else -(1 - alpha) * p**gamma * math.log(1 - p)
        for p, t, m in rows
        if m
    ]
    chances, targets, mask = (torch.tensor(column, dtype=torch.float64) for column in zip(*rows))
    found = focal(chances.log(), targets, mask, alpha=alpha, gamma=gamma)
    assert found.item() == pytest.approx(sum(terms) / len(terms), abs=1e-6)


def test_gamma_zero_is_half_of_cross_entropy():
    logits, target = torch.randn(50), (torch.rand(50) < 0.3).float()
    found = focal(F.logsigmoid(logits), target, alpha=0.5, gamma=0.0)
    torch.testing.assert_close(found, F.binary_cross_entropy_with_logits(logits, target) / 2)


def test_a_product_of_chances_is_a_sum_of_logarithms():
    first, second, target = torch.randn(9), torch.randn(9), torch.ones(9)
    chance = first.sigmoid() * second.sigmoid()
    found = focal(F.logsigmoid(first) + F.logsigmoid(second), target)
    torch.testing.assert_close(found, (-0.25 * (1 - chance) ** 2 * chance.log()).mean())


def test_what_is_masked_does_not_count_and_extremes_are_finite():
    logits = torch.tensor([0.3, -1e4, 1e4, -1e4, 1e4, 7.0], requires_grad=True)
    target = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    loss = focal(F.logsigmoid(logits), target, torch.tensor([1, 1, 1, 1, 1, 0]))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all() and logits.grad[5] == 0
    other = focal(F.logsigmoid(logits[:5]), target[:5])
    torch.testing.assert_close(loss, other)


@pytest.mark.parametrize("options", [{"alpha": 1.5}, {"alpha": -0.1}, {"gamma": -1.0}])
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match="expected alpha in"):
        focal(torch.zeros(2), torch.zeros(2), **options)
    with pytest.raises(ValueError, match="no place counts"):
        focal(torch.zeros(2), torch.zeros(2), torch.zeros(2))
