import numpy as np
import pytest
import torch

from zhnlp.generative.datasets import ring, ring_centres
from zhnlp.generative.measures import (
    class_entropy,
    cluster_accuracy,
    cluster_purity,
    frechet_distance,
    mode_report,
    rbf_mmd,
    wasserstein_exact,
)

RANDOM = np.random.default_rng(0)


def test_wasserstein_of_one_dimension_is_that_of_sorted_values():
    x, y = RANDOM.normal(size=(40, 1)), RANDOM.normal(size=(40, 1)) + 1
    for p in (1, 2):
        expected = (np.abs(np.sort(x[:, 0]) - np.sort(y[:, 0])) ** p).mean() ** (1 / p)
        assert wasserstein_exact(x, y, p) == pytest.approx(expected)
    with pytest.raises(ValueError, match="expected the same size"):
        wasserstein_exact(x, y[:5])


def test_frechet_equals_the_formula_with_a_matrix_root():
    from scipy.linalg import sqrtm

    x, y = RANDOM.normal(size=(50, 3)), RANDOM.normal(size=(60, 3)) @ RANDOM.normal(size=(3, 3))
    first, second = np.cov(x.T), np.cov(y.T)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(
        first + second - 2 * sqrtm(first @ second).real
    )
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_mmd_equals_the_double_sum_and_tells_laws_apart():
    x, y = RANDOM.normal(size=(5, 2)), RANDOM.normal(size=(4, 2))

    def kernel(a, b):
        return np.exp(-((a - b) ** 2).sum() / 2)

    def mean(first, second, same):
        pairs = [(i, j) for i in range(len(first)) for j in range(len(second)) if not (same and i == j)]
        return np.mean([kernel(first[i], second[j]) for i, j in pairs])

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert rbf_mmd(x, y, 1.0) == pytest.approx(expected)
    far, near = RANDOM.normal(size=(200, 2)) + 2, RANDOM.normal(size=(200, 2))
    base = RANDOM.normal(size=(200, 2))
    assert rbf_mmd(base, far) > 0.1 > 0.01 > abs(rbf_mmd(base, near))


def test_modes_of_a_ring():
    points = ring(1000, torch.Generator().manual_seed(0))
    report = mode_report(points, ring_centres())
    assert report["modes"] == 8
    assert report["near"] > 0.98
    assert mode_report(points[points[:, 0] > 1.8], ring_centres())["modes"] == 1


def test_clusters_by_hand():
    assert cluster_accuracy([0, 0, 0, 1, 1, 2], [5, 5, 7, 7, 7, 7]) == pytest.approx(4 / 6)
    assert cluster_purity([0, 0, 0, 1, 1, 2], [5, 5, 7, 7, 7, 7]) == pytest.approx(4 / 6)
    with pytest.raises(ValueError, match="expected as many"):
        cluster_purity([0], [0, 1])


def test_entropy_of_one_class_is_zero():
    assert class_entropy([3, 3, 3]) == 0
