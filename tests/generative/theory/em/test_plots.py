"""Pictures hold the ellipses and the bound that were fitted.

Run: pytest tests/generative/theory/em/test_plots.py
"""

import numpy as np
import pytest

from zhnlp.generative.theory.em import EM, CoinMixture, EMHistory, GaussianMixture, plot_bound, plot_mixture

pytest.importorskip("matplotlib")


def test_ellipses_are_one_and_two_deviations_long():
    random = np.random.default_rng(0)
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    x = random.normal(size=(500, 2)) * (3, 1) @ turn.T
    ax = plot_mixture(em := EM(GaussianMixture(1)).fit(x), x)
    small, large = ax.patches
    values = np.linalg.eigvalsh(em.model_.covariances_[0])[::-1]
    assert (small.width, small.height) == pytest.approx(2 * values**0.5)
    assert (large.width, large.height) == pytest.approx(4 * values**0.5)
    assert small.angle % 180 == pytest.approx(np.degrees(np.arctan2(0.6, 0.8)), abs=5)
    inside = np.mean([large.contains_point(ax.transData.transform(point)) for point in x])
    assert inside == pytest.approx(1 - np.exp(-2), abs=0.04)


def test_bound_rises_along_m_steps_and_jumps_at_e_steps():
    em = EM(CoinMixture(10, biases=(0.6, 0.5))).fit([5, 9, 8, 4, 7])
    likelihood, bound = plot_bound(em.history_).get_lines()
    assert likelihood.get_ydata() == pytest.approx(em.history_.log_likelihood)
    heights = bound.get_ydata()
    assert heights[1::2] == pytest.approx(em.history_.bound[1:])
    assert heights[::2] == pytest.approx(em.history_.log_likelihood)
    assert np.diff(heights).min() >= -1e-9


def test_refusals():
    with pytest.raises(ValueError, match="no fitted GaussianMixture of two dimensions"):
        plot_mixture(EM(CoinMixture(10)).fit([5, 9]), [[0, 0]])
    with pytest.raises(ValueError, match="expected an iteration"):
        plot_bound(EMHistory())
