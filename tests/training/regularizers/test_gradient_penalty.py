"""Gradient penalty: by hand, by finite differences, on embeddings of a transformers model, refusals.

Run: pytest tests/training/regularizers/test_gradient_penalty.py
"""

import pytest
import torch
from problems import Bag, bert_rows, mlp, tiny_bert
from torch import nn
from torch.nn import functional as F

from zhnlp.training.regularizers import GradientPenalty, regularized_backward
from zhnlp.training.regularizers.gradient_penalty import gradient_penalty


def test_by_hand():
    """L = (w x)², one parameter: ½ (2 w x²)² = 2 w² x⁴; its gradient 4 w x⁴."""
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(layer.weight, 3.0)
    x = torch.tensor([[2.0]], dtype=torch.float64)
    loss = regularized_backward(
        layer, x, lambda: layer(x).square().mean(), [GradientPenalty(0.25, of="parameters")]
    )
    assert loss.item() == 36 + 0.25 * 2 * 9 * 16
    assert layer.weight.grad.item() == 2 * 3 * 4 + 0.25 * 4 * 3 * 16


def test_the_gradient_agrees_with_finite_differences():
    model = mlp(5, 4, 3, dtype=torch.float64)
    x, y = torch.randn(6, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])

    def penalty():
        return gradient_penalty(F.cross_entropy(model(x), y), list(model.parameters()))

    wanted = torch.autograd.grad(penalty(), model[0].weight)[0][1, 2].item()
    with torch.no_grad():
        model[0].weight[1, 2] += 1e-6
        above = penalty_value(penalty)
        model[0].weight[1, 2] -= 2e-6
        below = penalty_value(penalty)
    assert wanted == pytest.approx((above - below) / 2e-6, rel=1e-5)


def penalty_value(penalty):
    with torch.enable_grad():
        return penalty().item()


@pytest.mark.parametrize("of", ["embeddings", "parameters", "words"])
def test_the_penalized_norm_falls(of):
    ids, labels = torch.arange(40).view(8, 5), torch.arange(8) % 4
    norms = []
    for part in ([], [GradientPenalty(5.0, of)]):
        model = Bag(words=40, seed=1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(30):
            optimizer.zero_grad()
            regularized_backward(model, ids, lambda model=model: F.cross_entropy(model(ids), labels), part)
            optimizer.step()
        held = model if of == "parameters" else model.words
        norms.append(gradient_penalty(F.cross_entropy(model(ids), labels), list(held.parameters())).item())
    assert norms[1] < norms[0]


def test_on_a_transformers_model():
    model = tiny_bert(dropout=0.0)
    rows = bert_rows(4)
    inputs = {key: torch.stack([torch.as_tensor(row[key]) for row in rows]) for key in rows[0]}
    loss = model(**inputs).loss
    found = GradientPenalty(1.0).loss(model, inputs, loss)
    (gradient,) = torch.autograd.grad(model(**inputs).loss, model.bert.embeddings.word_embeddings.weight)
    assert found.item() == pytest.approx(loss.item() + 0.5 * gradient.square().sum().item(), rel=1e-5)
    found.backward()
    assert model.classifier.weight.grad.abs().sum() > 0


def test_refusals():
    with pytest.raises(ValueError, match="weight got -1"):
        GradientPenalty(-1)
    model = tiny_bert()
    model.set_attn_implementation("sdpa")
    x = torch.ones(1, 4, dtype=torch.long)
    with pytest.raises(ValueError, match=r"model.set_attn_implementation\('eager'\)"):
        GradientPenalty(1.0).loss(model, {"input_ids": x}, model(input_ids=x).logits.sum())
    with pytest.raises(ValueError, match=r"has 0 embeddings: expected one, or the name"):
        GradientPenalty(1.0).loss(mlp(2, 2), None, torch.ones((), requires_grad=True))
    with pytest.raises(RuntimeError, match="depends on none of the parameters"):
        gradient_penalty(torch.ones((), requires_grad=True) * 2, [torch.ones(1, requires_grad=True)])
    with torch.no_grad():
        assert GradientPenalty(1.0).loss(model, {}, torch.tensor(2.0)) == 2.0
