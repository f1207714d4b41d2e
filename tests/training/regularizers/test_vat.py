"""VAT: the direction, the length, labels that it never reads, noise and statistics left alone.

Run: pytest tests/training/regularizers/test_vat.py
"""

import pytest
import torch
from problems import Bag, bert_rows, mlp, tiny_bert, zipf_documents
from torch import nn
from torch.nn import functional as F

from zhnlp.training.regularizers import VAT, regularized_backward
from zhnlp.training.regularizers.embedding_noise import shifted
from zhnlp.training.regularizers.vat import divergence


def on_numbers(*widths, seed=0, **options):
    return nn.Sequential(nn.Identity(), mlp(*widths, seed=seed, **options))


def test_a_linear_model_s_worst_direction():
    """Two classes, logits (w x, 0): the only direction that matters is w; KL is that of the shifted logit."""
    model = nn.Sequential(nn.Identity(), nn.Linear(3, 2, bias=False)).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0, -2.0, 2.0], [0.0, 0.0, 0.0]]))
    x = torch.zeros(1, 3, dtype=torch.float64)
    torch.manual_seed(0)
    found = VAT(epsilon=0.5, xi=1e-3, steps=1, embeddings="0").smoothness(model, x).item()
    moved = torch.tensor([[0.5 * 3, 0.0]], dtype=torch.float64)  # |w| = 3
    wanted = [divergence(torch.zeros(1, 2), sign * moved).item() for sign in (1, -1)]
    assert found == pytest.approx(wanted[0], rel=1e-3) and wanted[0] == pytest.approx(wanted[1], rel=1e-6)


def test_it_finds_worse_directions_than_chance():
    model = on_numbers(8, 16, 3)
    x = torch.randn(32, 8)
    torch.manual_seed(1)
    part = VAT(epsilon=0.5, xi=0.1, steps=3, embeddings="0")
    worst = part.smoothness(model, x).item()
    for _ in range(20):
        chance = torch.randn(32, 8)
        chance *= 0.5 / chance.norm(dim=1, keepdim=True)
        with shifted(model[0], chance):
            other = model(x)
        assert divergence(model(x), other).item() < worst


def test_divergence_by_hand():
    even, skew = torch.zeros(1, 2), torch.tensor([[3.0, 1.0]]).log()
    assert divergence(even, skew).item() == pytest.approx(0.5 * torch.log(torch.tensor(4 / 3)).item())
    assert divergence(skew, skew).item() == 0
    both = torch.stack([even[0], skew[0]])[None]
    assert divergence(both.flip(1), both, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(
        divergence(skew, even).item()
    )


def test_labels_play_no_part_and_unlabelled_batches_take_turns():
    model = tiny_bert(dropout=0.0)
    rows = bert_rows(4)
    inputs = {key: torch.stack([torch.as_tensor(row[key]) for row in rows]) for key in rows[0]}
    found = []
    for labels in (inputs["labels"], 1 - inputs["labels"]):
        torch.manual_seed(0)
        found.append(VAT(1.0).smoothness(model, {**inputs, "labels": labels}).item())
    assert found[0] == found[1] > 0
    seen = []

    class Seen(VAT):
        def smoothness(self, model, inputs):
            seen.append(inputs.item())
            return torch.tensor(0.5)

    part = Seen(alpha=2.0, unlabelled=[torch.tensor(1), torch.tensor(2)])
    for _ in range(3):
        assert part.loss(model, torch.tensor(9), torch.tensor(1.0)).item() == 2.0
    assert seen == [1, 2, 1]


def test_dropout_is_the_same_and_statistics_stay():
    """With the same noise in all passes a shift of length 0 changes nothing, and BatchNorm does not hear of them."""
    model = nn.Sequential(nn.Identity(), nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    x = torch.randn(16, 6)
    statistics = {
        name: value.clone()
        for name, value in model.state_dict().items()
        if "running" in name or "num" in name
    }
    assert VAT(epsilon=1e-6, xi=1e-3, embeddings="0").smoothness(model, x).item() < 1e-6
    assert VAT(epsilon=1.0, xi=1e-1, embeddings="0").smoothness(model, x).item() > 1e-4
    for name, value in statistics.items():
        assert model.state_dict()[name].equal(value)
    assert not model[0]._forward_hooks


def test_training_with_it_gives_a_smoother_model():
    ids, labels = zipf_documents(32, words=50)
    found = []
    for parts in ([], [VAT(epsilon=5.0, alpha=3.0)]):
        model = Bag(words=50, seed=3)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(40):
            optimizer.zero_grad()
            regularized_backward(model, ids, lambda model=model: F.cross_entropy(model(ids), labels), parts)
            optimizer.step()
        torch.manual_seed(0)
        found.append(VAT(epsilon=5.0).smoothness(model, ids).item())
    assert found[1] < 0.7 * found[0]
    model.eval()
    loss = torch.tensor(1.0)
    assert VAT().loss(model, ids, loss) is loss


def test_refusals():
    for options in ({"epsilon": 0}, {"xi": 0}, {"steps": 0}, {"alpha": -1}):
        with pytest.raises(ValueError, match="epsilon, xi, steps, alpha got"):
            VAT(**options)
    with pytest.raises(ValueError, match=r"for models on numbers put an nn.Identity"):
        VAT().smoothness(mlp(2, 2), torch.ones(1, 2))
    with pytest.raises(ValueError, match="unlabelled gave no batch"):
        VAT(unlabelled=iter([])).loss(Bag(words=5), torch.zeros(1, 2, dtype=torch.long), torch.tensor(0.0))
