import math

import pytest
import torch

from zhnlp.nn.losses.soft_macro_f1 import soft_macro_f1


def test_by_hand_over_three_rows_and_two_classes():
    p = torch.tensor([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    target = torch.tensor([0, 0, 1])
    first = 2 * (0.8 + 0.4) / (2 + 0.8 + 0.4 + 0.3)
    second = 2 * 0.7 / (1 + 0.2 + 0.6 + 0.7)
    assert soft_macro_f1(p.log(), target).item() == pytest.approx(-math.log((first + second) / 2), abs=1e-6)


def test_of_sure_answers_it_is_the_macro_f1_of_scikit_learn():
    from sklearn.metrics import f1_score, fbeta_score

    generator = torch.Generator().manual_seed(0)
    target, predicted = (torch.randint(4, (60,), generator=generator) for _ in range(2))
    logits = 100.0 * torch.nn.functional.one_hot(predicted, 4)
    expected = f1_score(target, predicted, average="macro")
    assert math.exp(-soft_macro_f1(logits, target)) == pytest.approx(expected, abs=1e-6)
    expected = fbeta_score(target, predicted, beta=2, average="macro")
    assert math.exp(-soft_macro_f1(logits, target, beta=2)) == pytest.approx(expected, abs=1e-6)


def test_nothing_right_is_a_large_number_and_not_infinite():
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    loss = soft_macro_f1(logits, torch.tensor([1, 0]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected \(B, C\) and \(B,\)"):
        soft_macro_f1(torch.zeros(2, 3), torch.zeros(3, dtype=torch.long))
