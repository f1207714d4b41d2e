import math

import pytest
import torch
import torch.nn.functional as F

from zhnlp.nn.losses.linear_cross_entropy import linear_cross_entropy


def tensors(rows=37, width=8, vocabulary=11, dtype=torch.float64):
    torch.manual_seed(0)
    hidden = torch.randn(rows, width, dtype=dtype, requires_grad=True)
    weight = torch.randn(vocabulary, width, dtype=dtype, requires_grad=True)
    bias = torch.randn(vocabulary, dtype=dtype, requires_grad=True)
    return hidden, weight, torch.randint(vocabulary, (rows,)), bias


def test_two_classes_by_hand():
    hidden, weight = torch.tensor([[1.0]]), torch.tensor([[0.0], [1.0]])
    loss = linear_cross_entropy(hidden, weight, torch.tensor([0]))
    assert loss.item() == pytest.approx(math.log(1 + math.e))


@pytest.mark.parametrize("chunk", [1, 10, 37, 100])
@pytest.mark.parametrize("with_bias", [True, False])
def test_loss_and_gradients_are_those_of_the_full_logits(chunk, with_bias):
    hidden, weight, target, bias = tensors()
    inputs = [hidden, weight, bias] if with_bias else [hidden, weight]
    ours = linear_cross_entropy(hidden, weight, target, bias if with_bias else None, chunk=chunk)
    theirs = F.cross_entropy(F.linear(hidden, weight, bias if with_bias else None), target)
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(torch.autograd.grad(3 * ours, inputs), torch.autograd.grad(3 * theirs, inputs)):
        torch.testing.assert_close(mine, other)


def test_without_gradients_the_loss_is_the_same():
    hidden, weight, target, bias = tensors()
    with torch.no_grad():
        torch.testing.assert_close(
            linear_cross_entropy(hidden, weight, target, bias, chunk=5),
            F.cross_entropy(F.linear(hidden, weight, bias), target),
        )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_it_is_as_near_as_the_usual_layer_and_loss(dtype):
    hidden, weight, target, bias = tensors(rows=64, dtype=torch.float32)
    exact = F.cross_entropy(F.linear(hidden, weight, bias), target)
    with torch.autocast("cpu", dtype):
        ours = linear_cross_entropy(hidden, weight, target, bias)
        usual = F.cross_entropy(F.linear(hidden, weight, bias), target)
    assert abs(ours - exact) < 0.01
    mine, other = (torch.autograd.grad(loss, weight)[0] for loss in (ours, usual))
    assert mine.dtype == torch.float32
    torch.testing.assert_close(mine, other, atol=2e-3, rtol=2e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_weights_have_half_precision_gradients(dtype):
    hidden, weight, target, _ = (tensor.detach() for tensor in tensors(rows=64, dtype=torch.float32))
    hidden, weight = hidden.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_()
    linear_cross_entropy(hidden, weight, target).backward()
    exact = F.cross_entropy(hidden.detach().float() @ weight.detach().float().T, target)
    assert abs(linear_cross_entropy(hidden, weight, target) - exact) < 0.02
    assert hidden.grad.dtype == weight.grad.dtype == dtype and weight.grad.isfinite().all()


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match=r"hidden is \(0, 3\) and target \(0,\)"):
        linear_cross_entropy(torch.zeros(0, 3), torch.zeros(4, 3), torch.zeros(0, dtype=torch.long))


def test_a_second_derivative_is_refused():
    hidden, weight, target, _ = tensors()
    (gradient,) = torch.autograd.grad(linear_cross_entropy(hidden, weight, target), weight, create_graph=True)
    with pytest.raises(RuntimeError):
        gradient.sum().backward()
