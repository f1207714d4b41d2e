"""int8 vectors: by hand, the bound of their error, the ranks of their inner products.

Run: pytest tests/nn/test_int8_vectors.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from zhnlp.nn.int8_vectors import compress
from zhnlp.nn.losses.cosine import unit


def clustered(seed, rows=3000, width=256):
    """Unit vectors in 300 groups of 10, as of an encoder: some neighbours are near, most are not."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(rows // 10, width, generator=generator)
    return unit(centres.repeat(10, 1) + 0.7 * torch.randn(rows, width, generator=generator))


def test_by_hand():
    small = compress(torch.tensor([[254.0, 2.0, -3.2], [0.0, 0.0, 0.0]]))
    assert small.codes.tolist() == [[127, 1, -2], [0, 0, 0]] and small.scales.tolist() == [2.0, 0.0]
    assert small.decode().tolist() == [[254.0, 2.0, -4.0], [0.0, 0.0, 0.0]]


@given(
    st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=4, max_size=4), min_size=2, max_size=5),
    st.lists(st.floats(-10, 10, width=32), min_size=4, max_size=4),
)
def test_no_inner_product_is_further_off_than_its_bound(rows, query):
    x, query = torch.tensor(rows), torch.tensor([query])
    small = compress(x)
    error = (small.inner(query).double() - query.double() @ x.double().T).abs()
    assert (error <= small.bound(query).double() * (1 + 1e-5) + 1e-3).all()


def test_ranks_of_inner_products_are_kept():
    pool, queries = clustered(0), clustered(0)[::30] + 0.02 * torch.randn(100, 256)
    exact, found = queries @ pool.T, compress(pool).inner(queries)
    assert spearmanr(exact.flatten(), found.flatten()).statistic > 0.9995
    best, near = exact.topk(10).indices, found.topk(10).indices
    assert (best[:, 0] == near[:, 0]).float().mean() >= 0.97
    kept = sum(len(set(a.tolist()) & set(b.tolist())) for a, b in zip(best, near))
    assert kept / 1000 >= 0.97
    assert (exact - found).abs().max() < 0.003


def test_a_quarter_of_the_size():
    pool = clustered(0, rows=100)
    small = compress(pool)
    assert small.codes.nbytes + small.scales.nbytes == pool.nbytes / 4 + 4 * 100


def test_chunks_and_half_precision_change_nothing():
    pool = clustered(0, rows=100)
    small, queries = compress(pool), clustered(1, rows=10)
    torch.testing.assert_close(small.inner(queries, chunk=7), small.inner(queries), rtol=1e-5, atol=1e-6)
    half = compress(pool.half())
    assert half.scales.dtype == torch.float32 and torch.equal(half.codes, compress(pool.half().float()).codes)


def test_what_is_no_vector_is_refused():
    with pytest.raises(ValueError, match=r"vector 1 .* NaN"):
        compress(torch.tensor([[0.0], [torch.nan]]))
    with pytest.raises(ValueError, match=r"expected floats \(N, D\)"):
        compress(torch.zeros(3))
    with pytest.raises(ValueError, match=r"expected \(Q, 2\)"):
        compress(torch.zeros(1, 2)).inner(torch.zeros(1, 3))
