"""Power iteration and the report: exact Hessians of small models as oracle, and a model that is left as it was.

Run: pytest tests/generative/theory/smoothness/test_report.py
"""

import copy
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zhnlp.generative.theory.smoothness import (
    moment_report,
    plot_moments,
    plot_steps,
    smoothness_report,
    top_eigenvalue,
)


def mlp(*between, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), *between, nn.Tanh(), nn.Linear(4, 2)).double()


def batch(seed=0, count=30):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, generator=random).double() + 1
    return x, (x.sum(1) > 3).long()


def exact_hessian(model, batch):
    """The oracle: torch's Hessian of the loss in one flat vector."""
    names, shapes = zip(*[(name, p.shape) for name, p in model.named_parameters()])
    sizes = [shape.numel() for shape in shapes]

    def loss(flat):
        pieces = {n: part.view(s) for n, s, part in zip(names, shapes, flat.split(sizes))}
        return F.cross_entropy(torch.func.functional_call(model, pieces, (batch[0],)), batch[1])

    flat = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    return torch.autograd.functional.hessian(loss, flat)


# power iteration ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_eigenvalue_and_vector_are_those_of_the_whole_hessian(seed):
    model, data = mlp(seed=seed), batch(seed)
    values, vectors = torch.linalg.eigh(exact_hessian(model, data))
    top = top_eigenvalue(
        lambda: F.cross_entropy(model(data[0]), data[1]), list(model.parameters()), iterations=3000
    )
    assert top.converged and top.value == pytest.approx(values[-1].item(), rel=1e-6)
    vector = torch.cat([piece.reshape(-1) for piece in top.vector])
    assert abs(vector @ vectors[:, -1]).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "spectrum", [[1.0, -7.0, 3.0], [-1.0, -2.0, -3.0], [5.0, 5.0, 1.0], [0.0, -4.0, -1.0]]
)
def test_the_greatest_is_found_also_where_a_negative_one_is_greater_in_size(spectrum):
    spectrum = torch.tensor(spectrum, dtype=torch.float64)
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    top = top_eigenvalue(lambda: (spectrum * w * w).sum() / 2, [w], iterations=1000)
    assert top.value == pytest.approx(spectrum.max().item(), abs=1e-6)


def test_a_linear_loss_has_no_curvature_and_unused_parameters_do_not_disturb():
    w, unused = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    top = top_eigenvalue(lambda: w.sum(), [w, unused])
    assert top.value == 0 and top.converged and top.vector[1].tolist() == [0, 0]


def test_too_few_iterations_are_said():
    spectrum = torch.tensor([1.0, 0.999], dtype=torch.float64)
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    with pytest.warns(UserWarning, match="power iteration stopped after 2 steps"):
        assert not top_eigenvalue(lambda: (spectrum * w * w).sum() / 2, [w], iterations=2).converged


# the report -------------------------------------------------------------------------------------------------


def test_report_by_hand_on_a_parabola():
    """Loss 9 w² at w = 1 in one number: gradient 18, curvature 18, loss 9 (1 - 18 η)² after a step."""
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(model.weight)
    data = (torch.tensor([[3.0]]).double(), torch.zeros(1, 1).double())
    report = smoothness_report(model, data, F.mse_loss, lrs=[1 / 36, 1 / 9])
    assert (report.loss, report.gradient_norm, report.eigenvalue) == pytest.approx((9, 18, 18))
    assert report.largest_lr == pytest.approx(1 / 9)
    assert report.losses.tolist() == pytest.approx([9 / 4, 9])
    assert report.lipschitz.tolist() == pytest.approx([18, 18])
    assert report.predicted.tolist() == pytest.approx([9 / 4, 9])
    assert report.layers[""].raw.eigenvalue == pytest.approx(9)


@pytest.mark.parametrize(
    "between",
    [[], [nn.BatchNorm1d(4)], [nn.Dropout(0.5)], [nn.LayerNorm(4)]],
    ids=["plain", "bn", "dropout", "ln"],
)
def test_the_model_is_left_as_it_was(between):
    model, data = mlp(*copy.deepcopy(between)), batch()
    before, rng = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    reports = [smoothness_report(model, data, iterations=2000) for _ in range(2)]
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in model.parameters()) and all(m.training for m in model.modules())
    assert torch.equal(torch.get_rng_state(), rng)
    assert reports[0].eigenvalue == reports[1].eigenvalue and torch.equal(
        reports[0].losses, reports[1].losses
    )


def test_a_failed_report_restores_the_model_too():
    model, data = mlp(nn.BatchNorm1d(4)), batch()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="lrs got"):
        smoothness_report(model, data, lrs=[0.0], iterations=2000)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_descent_lemma_holds_for_short_steps():
    model, data = mlp(), batch()
    report = smoothness_report(model, data, iterations=2000)
    short = report.lrs < 0.3 / report.eigenvalue
    assert short.sum() >= 4
    assert (report.losses[short] <= report.predicted[short] + 1e-9).all()
    assert (report.lipschitz[short] <= 1.05 * report.eigenvalue).all()


def test_layers_have_the_moments_of_their_inputs():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2))
    x = torch.randn(5, 2, 4, 4) + 1
    report = smoothness_report(model, (x, torch.zeros(5, dtype=torch.int64)), iterations=2000)
    assert list(report.layers) == ["0", "2"]
    assert report.layers["0"] == moment_report(x.movedim(1, -1).reshape(-1, 2))
    assert report.layers["2"] == moment_report(model[:2](x))


def test_models_of_transformers_are_read_too():
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    torch.manual_seed(0)
    model = BertForSequenceClassification(config).train()
    data = {"input_ids": torch.arange(12).view(3, 4), "labels": torch.tensor([0, 1, 1])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few iterations do here
        report = smoothness_report(model, data, iterations=5)
    assert report.loss == pytest.approx(0.69, abs=0.1) and report.eigenvalue > 0
    assert any("query" in name for name in report.layers)
    with pytest.raises(ValueError, match="the batch has no labels"):
        smoothness_report(model, {"input_ids": data["input_ids"]})


def test_batches_that_cannot_be_are_refused():
    x, y = batch()
    with pytest.raises(ValueError, match=r"expected a pair \(inputs, targets\)"):
        smoothness_report(mlp(), x)
    with pytest.raises(ValueError, match="Next: take the mean"):
        smoothness_report(mlp(), (x, y), lambda p, t: F.cross_entropy(p, t, reduction="none"))
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        smoothness_report(mlp().requires_grad_(False), (x, y))
    with pytest.raises(ValueError, match="depends on none"):
        top_eigenvalue(lambda: torch.zeros((), requires_grad=True) * 1, [torch.ones(1, requires_grad=True)])
    with pytest.raises(ValueError, match="tolerance 0"):
        top_eigenvalue(lambda: x.sum(), [x], tolerance=0)


# plots ------------------------------------------------------------------------------------------------------


@pytest.fixture
def report():
    pytest.importorskip("matplotlib").use("Agg")
    yield smoothness_report(mlp(), batch(), iterations=2000)
    import matplotlib.pyplot as plt

    plt.close("all")


def test_plots_hold_the_report(report):
    line = plot_steps(report).get_lines()[0]
    assert np.allclose(line.get_ydata(), report.losses - report.loss, equal_nan=True)
    line = plot_steps({"a": report}, what="lipschitz").get_lines()[0]
    assert np.array_equal(line.get_ydata(), report.lipschitz)
    ax = plot_moments(report.layers)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "2"]
    assert ax.patches[0].get_height() == report.layers["0"].raw.eigenvalue
    with pytest.raises(ValueError, match="expected losses or lipschitz"):
        plot_steps(report, what="gradients")


def test_without_matplotlib_the_extra_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[plot\]"'):
        plot_steps(report)
