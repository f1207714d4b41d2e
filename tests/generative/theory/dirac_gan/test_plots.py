"""Plots hold the paths, the animation has its frames, and a missing extra names itself.

Run: pytest tests/generative/theory/dirac_gan/test_plots.py
"""

import sys

import numpy as np
import pytest

from zhnlp.generative.theory.dirac_gan import (
    DiracGAN,
    animate,
    plot_eigenvalues,
    plot_radius,
    plot_trajectory,
    plot_vector_field,
)

PATH = DiracGAN("wgan", "gp(0)").trajectory(10, lr=0.1, ema_decay=0.9)


@pytest.fixture(autouse=True)
def no_window():
    pytest.importorskip("matplotlib").use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def lines(ax):
    return {line.get_label(): np.stack(line.get_data(), -1) for line in ax.get_lines()}


def test_orbit_plot_holds_path_average_and_data():
    drawn = lines(plot_trajectory({"damped": PATH}, average=True))
    assert np.array_equal(drawn["damped"], PATH.generator)
    assert np.array_equal(drawn["moving average, damped"], PATH.average)
    assert drawn["data"].tolist() == [[0, 0]]


def test_radius_plot_is_logarithmic():
    ax = plot_radius(PATH)
    assert np.array_equal(lines(ax)["path"][:, 1], PATH.radius) and ax.get_yscale() == "log"


def test_arrows_are_the_field():
    gan = DiracGAN("vanilla", "r1", dim=1)
    arrows = plot_vector_field(gan, trajectory=gan.trajectory(5, lr=0.1), grid=5).collections[0]
    assert arrows.N == 25
    theta, phi = arrows.X[3], arrows.Y[3]  # φ = -1.5, θ = 0.75
    assert (theta, phi) == (0.75, -1.5)
    import torch

    critic, generator = (
        rate.item() for rate in gan.field(torch.tensor([phi]).double(), torch.tensor([theta]).double())
    )
    length = np.hypot(critic, generator)
    assert arrows.U[3] == pytest.approx(generator / length) and arrows.V[3] == pytest.approx(critic / length)


def test_eigenvalue_plot_shows_the_turning_point():
    drawn = lines(plot_eigenvalues([0.5, 1.0, 1.25]))
    assert drawn["real part, slower"][:, 1] == pytest.approx([-0.5, -1, -0.5], abs=1e-6)
    assert drawn["real part, faster"][:, 1] == pytest.approx([-0.5, -1, -2], abs=1e-6)
    assert drawn["|imaginary part|"][:, 1] == pytest.approx([0.75**0.5, 0, 0], abs=1e-6)


def test_animation_has_its_frames(tmp_path):
    from PIL import Image

    path = animate({"a": PATH, "b": PATH}, tmp_path / "new" / "orbit.gif", frames=5)
    with Image.open(path) as image:
        assert image.n_frames == 5 and image.width > image.height


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[plot\]"'):
        plot_radius(PATH)
    monkeypatch.setitem(sys.modules, "matplotlib.animation", None)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[plot\]"'):
        animate(PATH, tmp_path / "orbit.gif")


def test_what_cannot_be_drawn_is_refused(tmp_path):
    line = DiracGAN("wgan", dim=1).trajectory(1)
    with pytest.raises(ValueError, match="θ has 1 coordinate"):
        plot_trajectory(line)
    with pytest.raises(ValueError, match="θ has 1 coordinate"):
        animate(line, tmp_path / "orbit.gif")
    with pytest.raises(ValueError, match=r"ends in \.gif"):
        animate(PATH, tmp_path / "orbit.avi")
    with pytest.raises(ValueError, match="frames 1"):
        animate(PATH, tmp_path / "orbit.gif", frames=1)
    with pytest.raises(ValueError, match="trajectory has 2 coordinates"):
        plot_vector_field(DiracGAN("wgan"), trajectory=PATH)
    with pytest.raises(ValueError, match="got none to draw"):
        plot_radius({})
    with pytest.raises(ValueError, match="pass ema_decay"):
        plot_trajectory(DiracGAN("wgan").trajectory(1), average=True)
