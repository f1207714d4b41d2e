"""Kernels by hand and against scikit-learn; centring against the product with J.

Run: pytest tests/generative/theory/hsic/test_kernels.py
"""

import math

import pytest
import torch
from dependent_pairs import normal
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from zhnlp.generative.theory.hsic import centre, gram, median_distance, u_centre


def test_kernels_by_hand():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    assert gram(x, "rbf", 5.0)[0, 1].item() == pytest.approx(math.exp(-1))
    assert gram(x, "laplace", 2.0)[0, 1].item() == pytest.approx(math.exp(-2.5))
    assert torch.allclose(
        gram(x, "linear"), torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64) * 6.25
    )
    assert gram(torch.tensor([3, 3, 5]), "delta").tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert gram(x, lambda rows: rows @ rows.mT).tolist() == [[0, 0], [0, 25]]


def test_gaussian_is_that_of_scikit_learn_far_from_the_origin_too():
    x = normal(40, 3) + 1000
    expected = torch.from_numpy(rbf_kernel(x.numpy(), gamma=1 / 1.7**2))
    assert torch.allclose(gram(x, "rbf", 1.7), expected, atol=1e-10)
    assert torch.allclose(gram(x.float(), "rbf", 1.7).double(), expected, atol=1e-3)


def test_labels_beyond_the_whole_numbers_of_float32_stay_apart():
    assert gram(torch.tensor([2**24, 2**24 + 1]), "delta").tolist() == [[1, 0], [0, 1]]


@given(st.integers(4, 12), st.integers(0, 100))
def test_centring_is_the_product_with_j(n, seed):
    matrix = gram(normal(n, 2, seed=seed))
    j = torch.eye(n, dtype=torch.float64) - 1 / n
    assert torch.allclose(centre(matrix), j @ matrix @ j, atol=1e-12)
    assert u_centre(matrix).sum(0).abs().max() < 1e-12


def test_median_distance():
    x = normal(31, 4)
    assert median_distance(x) == pytest.approx(torch.nn.functional.pdist(x).median().item())
    assert median_distance(torch.tensor([0.0, 0, 0, 0, 2])) == pytest.approx(2)  # most are equal
    assert median_distance(torch.ones(5)) == 1


@pytest.mark.parametrize("kernel", ["rbf", "laplace", "linear"])
def test_gradients_are_finite_where_rows_are_equal(kernel):
    x = torch.ones(6, 2, requires_grad=True)
    gram(x, kernel).sum().backward()
    assert x.grad.isfinite().all()


def test_half_precision_is_computed_in_float32():
    assert gram(normal(8, 2).half()).dtype == gram(normal(8, 2).bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.ones(1, 2),), "expected two rows or more"),
        ((torch.tensor([1.0, math.nan, 2.0]),), "1 of 3 rows hold NaN or infinity"),
        ((torch.ones(3), "gauss"), "expected rbf, laplace, linear, delta"),
        ((torch.ones(3), "rbf", 0.0), "expected a number above 0"),
        ((torch.ones(3), "rbf", "mean"), 'or "median"'),
        ((torch.ones(3), lambda rows: rows), "expected a square"),
    ],
    ids=["one-row", "nan", "name", "zero", "word", "shape"],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        gram(*arguments)


def test_a_list_is_no_tensor():
    with pytest.raises(TypeError, match=r"torch\.as_tensor"):
        gram([1.0, 2.0])
