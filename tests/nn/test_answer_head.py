"""The head of readers: both losses by hand, padding, and that everything learns."""

import math

import pytest
import torch

from zhnlp.nn.answer_head import SCALE, AnswerHead, AnswerLogits

LABELS = torch.tensor([[[1, 0], [0, 1], [0, 0]], [[0, 0], [0, 0], [-100, -100]]])


def given(start, end, passage):
    return AnswerLogits(torch.tensor(start), torch.tensor(end), torch.tensor(passage))


def test_the_sigmoid_loss_by_hand():
    """All chances are 1/2 · 1/2: of ten places asked two are right."""
    head = AnswerHead(4)
    zero = [[0.0] * 3] * 2
    found = head.loss(given(zero, zero, [0.0, 0.0]), LABELS)
    right, wrong = -0.25 * 0.75**2 * math.log(0.25), -0.75 * 0.25**2 * math.log(0.75)
    assert found.item() == pytest.approx(SCALE * (2 * right + 8 * wrong) / 10, rel=1e-5)


def test_the_softmax_loss_by_hand():
    """The first passage gives a third to the start and half to the end; the second has no answer and counts as a passage only."""
    head = AnswerHead(4, "softmax")
    low = -1e5
    logits = given([[0.0] * 3, [0.0, 0.0, low]], [[0.0, math.log(2), 0.0], [0.0, 0.0, low]], [0.0, 0.0])
    found = head.loss(logits, LABELS)
    assert found.item() == pytest.approx(math.log(2) + math.log(3) + math.log(2), rel=1e-5)


def test_several_right_places_are_one():
    head = AnswerHead(4, "softmax")
    logits = given([[0.0] * 4], [[0.0] * 4], [50.0])
    labels = torch.tensor([[[1, 0], [0, 1], [1, 0], [0, 1]]])
    assert head.loss(logits, labels).item() == pytest.approx(2 * math.log(2), rel=1e-5)


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
@pytest.mark.parametrize("hidden", [0, 6])
def test_padding_changes_nothing_and_everything_learns(kind, hidden):
    torch.manual_seed(0)
    head, x = AnswerHead(8, kind, hidden=hidden), torch.randn(2, 3, 8)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    logits = head(x, mask)
    other = x.clone()
    other[1, 2] = 99.0
    longer = head(torch.cat((other, torch.randn(2, 4, 8)), 1), torch.cat((mask, torch.zeros(2, 4)), 1))
    for one, two in zip(logits, longer):
        torch.testing.assert_close(one, two[:, :3] if two.ndim == 2 else two)
    loss = head.loss(logits, LABELS)
    loss.backward()
    assert loss > 0 and all(one.grad.abs().sum() > 0 for one in head.parameters() if one.ndim > 1)


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_extreme_logits_and_no_answer_at_all_are_finite(kind):
    head = AnswerHead(4, kind)
    logits = [torch.full((1, 2), 1e4, requires_grad=True), torch.full((1, 2), -1e4, requires_grad=True)]
    loss = head.loss(AnswerLogits(*logits, torch.tensor([1e4])), torch.zeros(1, 2, 2, dtype=torch.long))
    loss.backward()
    assert loss.isfinite() and all(one.grad is None or one.grad.isfinite().all() for one in logits)


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="expected one of sigmoid, softmax"):
        AnswerHead(4, "crf")
