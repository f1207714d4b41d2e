"""Plots of estimators hold their numbers, and a missing extra names itself.

Run: pytest tests/generative/theory/estimators/test_plots.py
"""

import sys

import numpy as np
import pytest
import torch

from zhnlp.generative.theory.estimators import (
    TemperatureCurve,
    gaussian_grad_estimate,
    plot_estimates,
    plot_schedule,
    plot_temperatures,
)
from zhnlp.nn.gumbel import exponential_schedule

CURVE = TemperatureCurve(*torch.tensor([[1.0, 0.1], [0.5, 0.1], [1.0, 9.0]]))


@pytest.fixture(autouse=True)
def no_window():
    pytest.importorskip("matplotlib").use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def lines(ax):
    return {line.get_label(): np.stack(line.get_data(), -1) for line in ax.get_lines()}


def test_temperature_plot_has_bias_and_standard_deviation():
    drawn = lines(plot_temperatures(CURVE))
    assert drawn["|bias|, gumbel"][:, 1] == pytest.approx([0.5, 0.1])
    assert drawn["standard deviation, gumbel"][:, 1] == pytest.approx([1, 3])


def test_estimates_are_boxes_with_the_exact_gradient():
    estimates = {
        name: gaussian_grad_estimate(0.0, 1.0, lambda z: z**2, name, 100) for name in ("loo", "reinforce")
    }
    ax = plot_estimates(estimates, coordinate=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["loo", "reinforce"]
    assert ax.get_lines()[-1].get_xdata() == pytest.approx([2, 2])
    with pytest.raises(ValueError, match="coordinate got 2: expected 0 to 1"):
        plot_estimates(estimates, coordinate=2)
    with pytest.raises(ValueError, match="got none"):
        plot_estimates({})


def test_schedule_plot_begins_and_ends_with_it():
    drawn = lines(plot_schedule(exponential_schedule(), 5000))["schedule"]
    assert drawn[0].tolist() == [0, 1] and drawn[-1, 1] == pytest.approx(0.01 + 0.99 * 0.999**5000)
    with pytest.raises(ValueError, match="steps got 0"):
        plot_schedule(exponential_schedule(), 0)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[plot\]"'):
        plot_temperatures(CURVE)
