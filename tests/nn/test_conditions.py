"""Conditions: classes and vectors, their sum, what is not said, how often training drops them.

Run: pytest tests/nn/test_conditions.py
"""

import pytest
import torch

from zhnlp.nn.conditions import ClassCondition, Conditions, VectorCondition


@pytest.fixture
def conditions():
    torch.manual_seed(0)
    return Conditions({"mood": 2, "a.b": 3}, {"image": 5}, size=8)


def test_the_vector_is_the_sum_of_the_attributes(conditions):
    image = torch.randn(2, 5)
    given = {"image": image, "mood": torch.tensor([1, 0]), "a.b": torch.tensor([2, -1])}
    mood, other, picture = conditions.parts
    assert isinstance(mood, ClassCondition) and isinstance(picture, VectorCondition)
    expected = mood.table.weight[[1, 0]] + other.table.weight[[2, 3]]
    expected = expected + image @ picture.linear.weight.T + picture.linear.bias
    torch.testing.assert_close(conditions(given), expected)


def test_what_is_not_said_is_null_however_it_is_not_said(conditions):
    null = conditions.null()
    for given in (
        {"mood": torch.tensor([-1])},
        {"image": torch.full((1, 5), torch.nan)},
        {"image": torch.tensor([[1.0, torch.nan, 0.0, 0.0, 0.0]]), "a.b": torch.tensor([-1])},
    ):
        torch.testing.assert_close(conditions(given)[0], null)


def test_everything_learns(conditions):
    given = {"mood": torch.tensor([0, -1]), "image": torch.tensor([[1.0] * 5, [torch.nan] * 5])}
    conditions(given).square().sum().backward()
    for name, parameter in conditions.named_parameters():
        assert parameter.grad.isfinite().all() and float(parameter.grad.abs().sum()) > 0, name
    table = conditions.parts[0].table.weight.grad.abs().sum(1)
    assert table[0] > 0 and table[1] == 0 and table[2] > 0  # class 0, class 1, null


def test_dropped_as_often_as_asked():
    one, rows = Conditions({"mood": 2}, size=4), torch.zeros(4000, dtype=torch.long)
    torch.manual_seed(1)
    lost = (one({"mood": rows}, drop=0.25) == one.null()).all(1).float().mean()
    assert float(lost) == pytest.approx(0.25, abs=0.03)
    assert not bool((one({"mood": rows}) == one.null()).all(1).any())
    assert bool((one({"mood": rows}, drop=1.0) == one.null()).all())


def test_of_several_each_is_also_dropped_by_itself():
    two, rows = Conditions({"a": 1, "b": 1}, size=4), torch.zeros(8000, dtype=torch.long)
    torch.manual_seed(2)
    found = two({"a": rows, "b": rows}, drop=0.2)
    (a, null_a), (b, null_b) = (part.table.weight for part in two.parts)
    shares = {
        name: float((found - vector).abs().amax(1).lt(1e-6).float().mean())
        for name, vector in {"none": null_a + null_b, "a": a + null_b, "b": null_a + b, "both": a + b}.items()
    }
    expected = {"none": 0.2 + 0.8 * 0.04, "a": 0.8 * 0.16, "b": 0.8 * 0.16, "both": 0.8 * 0.64}
    assert shares == pytest.approx(expected, abs=0.03)


def test_shifted_conditions_differ_as_before_and_null_is_zero(conditions):
    given = {"mood": torch.tensor([0, 1]), "image": torch.randn(2, 5)}
    before, null = conditions(given).detach(), conditions.null().detach().clone()
    torch.testing.assert_close(conditions.shift(), null)
    torch.testing.assert_close(conditions(given).detach(), before - null)
    assert float(conditions.null().detach().abs().max()) == 0


def test_refusals(conditions):
    with pytest.raises(
        ValueError, match=r"conditions are 'colour': expected some of 'mood', 'a\.b', 'image'"
    ):
        conditions({"colour": torch.tensor([0])})
    with pytest.raises(ValueError, match="class 2 or 2 is out of range: expected 0 to 1"):
        conditions({"mood": torch.tensor([2])})
    with pytest.raises(ValueError, match="expected rows of 5 numbers"):
        conditions({"image": torch.ones(2, 4)})
    for classes, vectors in (({}, {}), ({"a": 0}, {}), ({"a": 2}, {"a": 3})):
        with pytest.raises(ValueError, match="are no conditions"):
            Conditions(classes, vectors)
