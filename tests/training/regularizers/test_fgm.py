"""FGM: by hand, restored weights, accumulation, scale.

Run: pytest tests/training/regularizers/test_fgm.py
"""

import pytest
import torch
from problems import Bag, bert_rows, mlp, tiny_bert, zipf_documents
from torch import nn
from torch.nn import functional as F

from zhnlp.training.regularizers import FGM, regularized_backward


def gradients(model):
    return [parameter.grad.clone() for parameter in model.parameters()]


def reference(model, loss, epsilon, scale=1.0):
    """Gradient at E plus gradient at E + ε g/‖g‖, written out."""
    names = dict(model.named_parameters())
    first = torch.autograd.grad(loss() * scale, names.values())
    g = first[list(names).index("words.weight")]
    with torch.no_grad():
        model.words.weight += epsilon * g / g.norm()
    second = torch.autograd.grad(loss() * scale, names.values())
    with torch.no_grad():
        model.words.weight -= epsilon * g / g.norm()
    return [a + b for a, b in zip(first, second)]


@pytest.mark.parametrize("scale", [1.0, 0.25, 1024.0])
def test_gradients_are_those_of_both_points_and_weights_come_back(scale):
    model = Bag(words=50).double()
    ids, labels = zipf_documents(8, words=50)
    before = model.words.weight.detach().clone()

    def loss():
        return F.cross_entropy(model(ids), labels)

    regularized_backward(model, ids, loss, [FGM(0.5)], scale=scale)
    assert model.words.weight.equal(before)
    found = gradients(model)
    for mine, wanted in zip(found, reference(model, loss, 0.5, scale)):
        assert torch.allclose(mine, wanted, rtol=1e-9, atol=1e-12 * scale)


def test_micro_batches_before_are_no_part_of_the_direction():
    ids, labels = zipf_documents(16, words=50)
    whole, parts = [Bag(words=50).double() for _ in range(2)]
    for model, accumulate in ((whole, False), (parts, True)):
        kept = []
        for rows in (slice(0, 8), slice(8, 16)):
            regularized_backward(
                model,
                ids[rows],
                lambda model=model, rows=rows: F.cross_entropy(model(ids[rows]), labels[rows]),
                [FGM(0.5)],
            )
            if not accumulate:
                kept.append(gradients(model))
                model.zero_grad()
        if not accumulate:
            wanted = [a + b for a, b in zip(*kept)]
    for mine, theirs in zip(gradients(parts), wanted):
        assert torch.allclose(mine, theirs, atol=1e-12)


def test_an_error_in_the_second_pass_leaves_the_weights():
    model = Bag(words=50)
    before = model.words.weight.detach().clone()
    ids, labels = zipf_documents(4, words=50)
    F.cross_entropy(model(ids), labels).backward()
    with pytest.raises(ZeroDivisionError):
        FGM(1.0).after_backward(model, ids, lambda: 1 / 0, 1.0)
    assert model.words.weight.equal(before)


def test_sparse_gradients_and_no_gradient_at_all():
    ids, labels = zipf_documents(4, words=50)
    dense, sparse = Bag(words=50), Bag(words=50, sparse=True)
    for model in (dense, sparse):
        regularized_backward(model, ids, lambda model=model: F.cross_entropy(model(ids), labels), [FGM(0.5)])
    assert torch.allclose(sparse.words.weight.grad.to_dense(), dense.words.weight.grad, atol=1e-6)
    model = Bag(words=50)
    regularized_backward(model, ids, lambda: model(ids).sum() * 0, [FGM(0.5)])
    assert model.words.weight.grad.abs().sum() == 0


def test_on_a_transformers_model():
    model = tiny_bert(dropout=0.0)
    inputs = {
        key: torch.stack([torch.as_tensor(row[key]) for row in bert_rows(4)]) for key in bert_rows(1)[0]
    }
    plain = model(**inputs).loss
    plain.backward()
    once = model.classifier.weight.grad.clone()
    FGM(0.5).after_backward(model, inputs, lambda: (model(**inputs).loss, None), 1.0)
    assert not model.classifier.weight.grad.equal(2 * once)
    assert model(**inputs).loss.item() == plain.item()


def test_refusals():
    with pytest.raises(ValueError, match="epsilon got 0"):
        FGM(0)
    with pytest.raises(ValueError, match=r"no module is called 'wrods'"):
        FGM(embeddings="wrods").loss(Bag(words=5), None, torch.tensor(0.0))
    with pytest.raises(ValueError, match="Dropout has no weight"):
        FGM(embeddings="0").loss(nn.Sequential(nn.Dropout()), None, torch.tensor(0.0))
    with pytest.raises(ValueError, match=r"for models on numbers put an nn.Identity"):
        FGM().loss(mlp(2, 2), None, torch.tensor(0.0))
    model = Bag(words=5)
    model.words.weight.requires_grad_(False)
    with pytest.raises(RuntimeError, match="the embeddings have no gradient"):
        FGM().after_backward(model, None, lambda: torch.tensor(0.0), 1.0)
