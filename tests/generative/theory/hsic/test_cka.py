"""CKA by its formula, its invariances, the map and its picture.

Run: pytest tests/generative/theory/hsic/test_cka.py
"""

import numpy as np
import pytest
import torch
from dependent_pairs import normal

from zhnlp.generative.theory.hsic import cka, cka_map, plot_cka


def test_linear_cka_is_the_formula_of_features():
    x, y = normal(40, 5), normal(40, 3, seed=1)
    a, b = x - x.mean(0), y - y.mean(0)
    expected = (b.mT @ a).norm() ** 2 / ((a.mT @ a).norm() * (b.mT @ b).norm())
    assert cka(x, y).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_rotation_and_scale_do_not_matter(kernel, debiased):
    x, y = normal(30, 4), normal(30, 6, seed=1)
    turn = torch.linalg.qr(normal(6, 6, seed=2)).Q
    options = {"kernel": kernel, "debiased": debiased}
    assert cka(x, 5 * y @ turn + 3, **options).item() == pytest.approx(cka(x, y, **options).item())


def test_only_the_debiased_one_is_near_0_for_wide_noise():
    pairs = [(normal(20, 400, seed=seed), normal(20, 400, seed=seed + 100)) for seed in range(20)]
    assert min(cka(x, y) for x, y in pairs) > 0.9
    assert abs(np.mean([cka(x, y, debiased=True) for x, y in pairs])) < 0.05


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_the_map_holds_cka_of_every_pair(kernel, debiased):
    layers = [normal(25, 3), normal(25, 2, 4, seed=1), normal(25, 7, seed=2)]
    others = [normal(25, 3), normal(25, 1, seed=4)]
    options = {"kernel": kernel, "debiased": debiased}
    expected = torch.tensor([[cka(a, b, **options) for b in others] for a in layers], dtype=torch.float64)
    assert torch.allclose(cka_map(layers, others, **options), expected)
    square = cka_map(layers, **options)
    assert torch.allclose(square.diagonal(), torch.ones(3, dtype=torch.float64))
    assert torch.equal(square, square.mT)


def test_a_dead_layer_is_said():
    with pytest.warns(UserWarning, match="layer 1 gives all examples one vector"):
        assert cka_map([normal(5, 2), torch.zeros(5, 2)])[1].tolist() == [0, 0]


def test_refusals():
    with pytest.raises(ValueError, match="layers got none"):
        cka_map([])
    with pytest.raises(ValueError, match=r"layers have \[4, 5\] examples"):
        cka_map([normal(4, 2), normal(5, 2)])
    with pytest.raises(ValueError, match="layers saw 4 examples and others 5"):
        cka_map([normal(4, 2)], [normal(5, 2)])
    with pytest.raises(ValueError, match="needs 4 or more"):
        cka_map([normal(3, 2)], debiased=True)


def test_the_picture_holds_values_and_names(tmp_path):
    pytest.importorskip("matplotlib")
    values = torch.tensor([[1.0, 0.25], [0.5, 0.75]])
    ax = plot_cka(values, ["embedding", "output"], path=tmp_path / "new/cka.png", title="Layers")
    assert np.array_equal(ax.images[0].get_array(), values.numpy())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["embedding", "output"]
    assert [text.get_text() for text in ax.texts] == ["1.00", "0.25", "0.50", "0.75"]
    assert (tmp_path / "new/cka.png").read_bytes().startswith(b"\x89PNG")
    assert [label.get_text() for label in plot_cka(values[:1]).get_xticklabels()] == ["0", "1"]


def test_names_that_no_font_has_become_numbers_and_are_said():
    pytest.importorskip("matplotlib")
    with pytest.warns(UserWarning, match="no installed font writes all of the names"):
        ax = plot_cka(torch.eye(2), ["\U0010fffd", "b"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1"]


def test_the_picture_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"expected \(A, B\)"):
        plot_cka(torch.ones(3))
    with pytest.raises(ValueError, match="got 1 names for 2 layers"):
        plot_cka(torch.eye(2), ["one"])
