"""Plots hold what was simulated, and say what to install where matplotlib is missing.

Run: pytest tests/generative/theory/dynamics/test_plots.py
"""

import sys
from functools import partial

import numpy as np
import pytest
import torch

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    Quadratic,
    Rosenbrock,
    plot_density,
    plot_losses,
    plot_phase,
    plot_trajectory,
    simulate,
)

SGD = torch.optim.SGD
PATHS = {
    "plain": simulate(partial(SGD, lr=1e-3), Rosenbrock(), [-0.5, 0.4], 30),
    "momentum": simulate(partial(SGD, lr=1e-3, momentum=0.9), Rosenbrock(), [-0.5, 0.4], 30),
}


@pytest.fixture(autouse=True)
def no_window():
    pytest.importorskip("matplotlib").use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def lines(ax):
    return {line.get_label(): np.stack(line.get_data(), -1) for line in ax.get_lines()}


def test_trajectory_plot_holds_the_paths_the_minimum_and_names():
    drawn = lines(plot_trajectory(Rosenbrock(), PATHS))
    for label, path in PATHS.items():
        assert np.array_equal(drawn[label], path.positions.numpy())
    assert drawn["minimum"].tolist() == [[1.0, 1.0]]


def test_view_shows_every_position_and_minimum():
    ax = plot_trajectory(Rosenbrock(), PATHS)
    shown = torch.cat([path.positions for path in PATHS.values()] + [Rosenbrock().minima])
    for coordinate, (low, high) in enumerate((ax.get_xlim(), ax.get_ylim())):
        assert low < shown[:, coordinate].min() and shown[:, coordinate].max() < high


def test_one_coordinate_is_drawn_on_its_curve():
    path = simulate(partial(SGD, lr=0.02), DoubleWell(), [[0.2], [-1.8]], 20)
    ax = plot_trajectory(DoubleWell(), path)
    assert np.array_equal(lines(ax)["path"], np.stack([path.positions[:, 0, 0], path.losses[:, 0]], -1))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x$", "loss")


def test_phase_plot_holds_position_and_velocity():
    drawn = lines(plot_phase(PATHS["momentum"], coordinate=1))["path"]
    assert np.array_equal(drawn[:, 0], PATHS["momentum"].positions[:, 1])
    assert np.array_equal(drawn[:, 1], PATHS["momentum"].velocities[:, 1])


def test_loss_and_density_plots_have_labels_and_scale():
    ax = plot_losses(PATHS)
    assert ax.get_yscale() == "log" and np.array_equal(lines(ax)["plain"][:, 1], PATHS["plain"].losses)
    ax = plot_density(torch.randn(1000, 1), Quadratic([1.0]), 1.0, limits=(-3, 3))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["samples", "exp(−L/T) / Z"]


def test_a_path_that_diverges_can_be_drawn():
    path = simulate(partial(SGD, lr=0.1), DoubleWell(), [40.0], 50)
    assert path.diverged
    plot_trajectory(DoubleWell(), path, limits=((-2, 2), (0, 9)))


def test_plots_draw_where_they_are_told():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert plot_trajectory(Rosenbrock(), PATHS, ax=ax) is ax


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[plot\]"'):
        plot_trajectory(Rosenbrock(), PATHS)


def test_what_cannot_be_drawn_is_refused():
    path = simulate(partial(SGD, lr=0.1), Quadratic([1.0] * 3), [1.0] * 3, 2)
    with pytest.raises(ValueError, match=r"got 3 coordinates: expected 1 or 2\. Use plot_losses"):
        plot_trajectory(Quadratic([1.0] * 3), path)
    with pytest.raises(ValueError, match="coordinate got 3: expected 0 to 2"):
        plot_phase(path, coordinate=3)
    with pytest.raises(ValueError, match="trajectories got none"):
        plot_losses({})
