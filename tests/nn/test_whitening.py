"""Whitening: by hand, against numpy, in parts, saved and loaded, refusals.

Run: pytest tests/nn/test_whitening.py
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from zhnlp.nn.whitening import Whitening


def vectors(rows=200, width=8, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return (torch.randn(rows, width, generator=generator, dtype=torch.float64) @ mix + 3).to(dtype)


def covariance(x):
    return np.cov(x.double().numpy(), rowvar=False)


def test_two_dimensions_by_hand():
    x = torch.tensor([[1.0, 0.0], [3.0, 0.0], [1.0, 4.0], [3.0, 4.0]], dtype=torch.float64)
    whitening = Whitening().fit(x)  # variances 4/3 and 16/3: the second direction first
    torch.testing.assert_close(whitening.covariance, torch.diag(torch.tensor([4 / 3, 16 / 3]).double()))
    s = 2 / (16 / 3) ** 0.5
    expected = torch.tensor([[-s, -s], [-s, s], [s, -s], [s, s]], dtype=torch.float64)
    torch.testing.assert_close(whitening.transform(x), expected)


def test_whitened_vectors_have_mean_0_and_covariance_1():
    found = Whitening().fit(vectors()).transform(vectors())
    np.testing.assert_allclose(covariance(found), np.eye(8), atol=1e-5)
    assert found.mean(0).abs().max() < 1e-5


def test_it_is_the_svd_of_numpy():
    x = vectors(dtype=torch.float64)
    u, s, _ = np.linalg.svd(covariance(x))
    expected = (x.numpy() - x.numpy().mean(0)) @ u / np.sqrt(s)
    found = Whitening().fit(x).transform(x).numpy()
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)  # the signs are free


@given(st.lists(st.integers(0, 200), max_size=6))
def test_parts_in_any_cut_give_what_all_at_once_gives(cuts):
    x, whitening = vectors(), Whitening(5)
    for part in x.tensor_split(sorted(cuts)):
        whitening.partial_fit(part)
    once = Whitening(5).fit(x)
    assert whitening.count == 200
    torch.testing.assert_close(whitening.covariance, once.covariance, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(whitening.kernel, once.kernel, rtol=1e-7, atol=1e-9)


def test_parts_that_others_read_merge():
    x = vectors()
    left, right = Whitening().fit(x[:30]), Whitening().fit(x[30:])
    merged = Whitening().merge(left).merge(right).merge(Whitening())
    torch.testing.assert_close(merged.covariance, Whitening().fit(x).covariance)
    np.testing.assert_allclose(merged.covariance, covariance(x))


def test_a_mean_far_off_costs_no_exactness():
    x = vectors(dtype=torch.float64)
    far = Whitening()
    for part in (x + 1e6).split(10):
        far.partial_fit(part)
    torch.testing.assert_close(far.covariance, Whitening().fit(x).covariance, rtol=1e-7, atol=1e-7)


def test_k_directions_are_the_first_k_of_all():
    x = vectors()
    torch.testing.assert_close(
        Whitening(3).fit(x).transform(x), Whitening().fit(x).transform(x)[:, :3], rtol=1e-5, atol=1e-6
    )


def test_normalized_vectors_have_length_1():
    x = vectors()
    torch.testing.assert_close(
        Whitening(3).fit(x).transform(x, normalize=True).norm(dim=1), torch.ones(200), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_vectors_are_counted_in_float64_and_come_out_in_float32(dtype):
    x = vectors(dtype=dtype)
    whitening = Whitening().fit(x)
    np.testing.assert_allclose(whitening.covariance, covariance(x))
    with torch.autocast("cpu", torch.bfloat16):
        found = whitening.transform(x)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(covariance(found), np.eye(8), atol=1e-4)


def test_numpy_arrays_are_vectors_too():
    x = vectors()
    torch.testing.assert_close(
        Whitening().fit(x.numpy()).transform(x.numpy()), Whitening().fit(x).transform(x)
    )


class TestFile:
    def test_it_comes_back_and_learns_on(self, tmp_path):
        x = vectors()
        whitening = Whitening(4).fit(x[:100])
        whitening.save(tmp_path / "whitening.safetensors")
        loaded = Whitening.load(tmp_path / "whitening.safetensors")
        assert loaded.k == 4 and torch.equal(loaded.transform(x), whitening.transform(x))
        torch.testing.assert_close(
            loaded.partial_fit(x[100:]).transform(x), Whitening(4).fit(x).transform(x), rtol=1e-5, atol=1e-6
        )
        assert [path.name for path in tmp_path.iterdir()] == ["whitening.safetensors"]

    def test_another_file_is_refused(self, tmp_path):
        save_file({"mean": torch.zeros(2)}, tmp_path / "other.safetensors")
        with pytest.raises(ValueError, match="holds no whitening"):
            Whitening.load(tmp_path / "other.safetensors")


class TestRefusals:
    def test_nothing_learnt(self, tmp_path):
        with pytest.raises(ValueError, match="learnt from 0 vectors"):
            Whitening().transform(vectors())
        with pytest.raises(ValueError, match="learnt from 0 vectors"):
            Whitening().save(tmp_path / "x")

    def test_fewer_vectors_than_directions(self):
        with pytest.raises(ValueError, match=r"5 vectors of 8 dimensions vary in 4 .* Whitening\(k=4\)"):
            Whitening().fit(vectors(5)).transform(vectors())
        assert Whitening(4).fit(vectors(5)).transform(vectors(5)).shape == (5, 4)

    def test_vectors_that_are_all_the_same(self):
        with pytest.raises(ValueError, match="may have collapsed"):
            Whitening(1).fit(torch.ones(10, 3)).transform(torch.ones(1, 3))

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (torch.zeros(3), r"expected floats \(N, D\)"),
            (torch.zeros(3, 2, dtype=torch.long), "of torch.int64"),
            (torch.tensor([[0.0, 1.0], [torch.nan, 0.0]]), "vector 1 .* has NaN"),
        ],
    )
    def test_what_is_no_vector(self, x, message):
        with pytest.raises(ValueError, match=message):
            Whitening().partial_fit(x)

    def test_another_width(self):
        with pytest.raises(ValueError, match=r"got vectors \(1, 7\) .* expected floats \(N, 8\)"):
            Whitening().fit(vectors()).partial_fit(torch.zeros(1, 7))
        with pytest.raises(ValueError, match=r"expected floats \(N, 8\)"):
            Whitening().fit(vectors()).transform(torch.zeros(1, 7))
        with pytest.raises(ValueError, match="k=0"):
            Whitening(0)
