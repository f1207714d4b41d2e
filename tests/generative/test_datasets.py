import numpy as np
import pytest
import torch

from zhnlp.generative.datasets import digits, images, moons, ring


def test_the_same_generator_draws_the_same_ring():
    first, second = (ring(5, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(first, second)


def test_moons_are_standardised():
    points, labels = moons(400)
    assert points.mean(0).abs().max() < 1e-5
    assert torch.allclose(points.std(0), torch.ones(2), atol=0.01)
    assert labels.bincount().tolist() == [200, 200]


def test_digits_keep_the_shares_of_classes():
    x, y, x_test, y_test = digits()
    assert x.shape[1:] == (1, 8, 8)
    assert (x >= 0).all()
    assert (y.bincount() / len(y) - y_test.bincount() / len(x_test)).abs().max() < 0.01


def test_image_files(tmp_path):
    path = tmp_path / "two.npz"
    np.savez(path, images=np.full((2, 3, 4), 255, dtype=np.uint8), labels=np.array([1, 0], dtype=np.uint8))
    pixels, labels = images(path)
    assert (pixels.shape, float(pixels.max()), labels.tolist()) == ((2, 1, 3, 4), 1.0, [1, 0])
    np.savez(path, other=np.zeros(2))
    with pytest.raises(ValueError, match="expected images and labels"):
        images(path)
    with pytest.raises(FileNotFoundError, match="ZHNLP_DATA"):
        images(tmp_path / "none.npz")
