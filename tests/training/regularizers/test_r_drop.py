"""R-Drop: the divergence by hand, the formula of post 8496, masks, refusals.

Run: pytest tests/training/regularizers/test_r_drop.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import bert_rows, tiny_bert
from torch import nn
from torch.nn import functional as F

from zhnlp.training.regularizers import RDrop, regularized_backward
from zhnlp.training.regularizers.r_drop import places, symmetric_kl


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5, width=32), min_size=6, max_size=6))
def test_divergence_against_torch_and_symmetry(values):
    first, second = torch.tensor(values, dtype=torch.float64).view(2, 1, 3).float()
    p, q = first.log_softmax(-1), second.log_softmax(-1)
    wanted = (
        F.kl_div(q, p, log_target=True, reduction="sum") + F.kl_div(p, q, log_target=True, reduction="sum")
    ) / 2
    assert symmetric_kl(first, second).item() == pytest.approx(wanted.item(), abs=1e-5)
    assert symmetric_kl(first, second).item() == pytest.approx(symmetric_kl(second, first).item(), abs=1e-6)
    assert symmetric_kl(first, second).item() >= -1e-7


def test_the_loss_is_the_formula_of_the_post():
    model = tiny_bert(dropout=0.3).train()
    rows = bert_rows(4)
    inputs = {key: torch.stack([torch.as_tensor(row[key]) for row in rows]) for key in rows[0]}
    torch.manual_seed(5)
    passes = [model(**inputs) for _ in range(2)]
    p, q = (outputs.logits.log_softmax(-1) for outputs in passes)
    kl = F.kl_div(q, p, log_target=True, reduction="batchmean") + F.kl_div(
        p, q, log_target=True, reduction="batchmean"
    )
    wanted = (passes[0].loss + passes[1].loss) / 2 + 4 / 4 * kl

    def compute_loss():
        outputs = model(**inputs)
        return outputs.loss, outputs

    torch.manual_seed(5)
    found = regularized_backward(model, inputs, compute_loss, [RDrop(4.0)])
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert model.classifier.weight.grad.abs().sum() > 0


def test_without_outputs_and_without_labels():
    """A bare network: the first pass's loss stands alone, and both passes are run for the divergence."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    x, loss = torch.randn(5, 4), torch.tensor(1.0)
    torch.manual_seed(0)
    first, second = model(x), model(x)
    torch.manual_seed(0)
    found = RDrop(2.0).loss(model, x, loss)
    assert found.item() == pytest.approx(1 + 2 / 2 * symmetric_kl(first, second).item())
    assert RDrop(2.0).loss(model.eval(), x, loss) is loss


def test_padding_and_unlabelled_places_are_left_out():
    logits = torch.zeros(1, 3, 2)
    other = torch.tensor([[[5.0, 0.0], [0.0, 0.0], [0.0, 1.0]]])
    labels, mask = torch.tensor([[-100, 1, 0]]), torch.tensor([[0, 1, 0]])
    by_labels = symmetric_kl(logits, other, places({"labels": labels}, logits)).item()
    assert by_labels == pytest.approx(symmetric_kl(logits[:, 1:], other[:, 1:]).item())
    assert symmetric_kl(logits, other, places({"attention_mask": mask}, logits)).item() == 0
    assert places({"labels": torch.tensor([1])}, torch.zeros(1, 2)) is None


def test_refusals():
    with pytest.raises(ValueError, match="alpha got -1"):
        RDrop(-1)
    with pytest.raises(ValueError, match="expected dropout to tell them apart"):
        RDrop().loss(nn.Linear(2, 2), torch.ones(1, 2), torch.tensor(0.0))
    with pytest.raises(TypeError, match=r"hold no logits \(got hidden\)"):
        RDrop().loss(nn.Linear(2, 2), torch.ones(1, 2), torch.tensor(0.0), {"hidden": torch.ones(1)})
