"""Sparse attention by hand, and against dense attention with the same mask, in value and gradient.

Run: pytest tests/nn/sparse_attention/test_attend.py
"""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.sparse_attention import (
    Atrous,
    Local,
    LocalGlobal,
    Pattern,
    Sparse,
    pattern_mask,
    sparse_attention,
)

RADII, RATES = st.sampled_from([0, 1, 5, 40, 300]), st.sampled_from([1, 2, 7, 64, 300])
PATTERNS = st.one_of(
    st.builds(Local, RADII),
    st.builds(Atrous, RATES),
    st.builds(Sparse, RATES, RADII),
    st.builds(LocalGlobal, RADII, st.sampled_from([(), (0,), (0, 3, 90), (299,)])),
)
FAMILY = [Local(5), Atrous(7), Sparse(7, 5), Sparse(4), LocalGlobal(5), LocalGlobal(3, (0, 1, 60))]


def drawn(length, *, batch=2, heads=3, features=5, dtype=torch.float64, seed=0):
    """Query, key, value with gradients, laid out as a model has them, and a gradient for the result."""
    torch.manual_seed(seed)
    made = [torch.randn(batch, length, heads, features, dtype=dtype).transpose(1, 2) for _ in range(4)]
    return [x.requires_grad_() for x in made[:3]], made[3]


def plain(query, key, value, mask):
    """Softmax written out; a query that sees no key gets 0."""
    scores = (query @ key.mT / math.sqrt(query.shape[-1])).masked_fill(~mask, -torch.inf)
    return scores.softmax(-1).nan_to_num(0.0) @ value


def with_gradient(attention, inputs, gradient):
    out = attention(*inputs)
    return [out.detach(), *torch.autograd.grad(out, inputs, gradient)]


class TestByHand:
    def test_two_neighbours_share_by_their_products(self):
        """Position 0 sees products 0 and ln 3, so 1/4 and 3/4; position 2 sees ln 3 and ln 1."""
        query = torch.ones(1, 1, 3, 1)
        key = torch.tensor([1.0, 3.0, 1.0]).log().view(1, 1, 3, 1)
        value = torch.tensor([0.0, 4.0, 8.0]).view(1, 1, 3, 1)
        out = sparse_attention(query, key, value, Local(1), scale=1.0)
        torch.testing.assert_close(out.flatten(), torch.tensor([3.0, (3 * 4 + 8) / 5, (3 * 4 + 8) / 4]))

    def test_with_equal_products_it_is_the_mean_of_the_keys_seen(self):
        value = torch.arange(7, dtype=torch.float64).view(1, 1, 7, 1)
        zero = torch.zeros_like(value)

        def means(pattern, **options):
            return pytest.approx(sparse_attention(zero, zero, value, pattern, **options).flatten().tolist())

        assert means(Atrous(3)) == [3, 2.5, 3.5, 3, 2.5, 3.5, 3]
        assert means(Atrous(3), causal=True) == [0, 1, 2, 1.5, 2.5, 3.5, 3]
        assert means(Local(2), causal=True) == [0, 0.5, 1, 2, 3, 4, 5]
        assert means(Sparse(3, 1)) == [10 / 4, 7 / 4, 11 / 4, 15 / 5, 13 / 4, 17 / 4, 14 / 4]  # each key once
        assert means(LocalGlobal(0, (6,))) == [3, 3.5, 4, 4.5, 5, 5.5, 3]

    def test_offset_0_counts_once(self):
        """The published code counts a query's own key in both parts; then 3 keys would weigh like 4."""
        zero, value = torch.zeros(1, 1, 3, 1), torch.tensor([6.0, 0, 0]).view(1, 1, 3, 1)
        assert sparse_attention(zero, zero, value, Sparse(1, 1))[0, 0, 0].item() == pytest.approx(2.0)


class TestAgainstDense:
    @given(PATTERNS, st.integers(1, 300), st.booleans(), st.integers(0, 999))
    def test_values_and_gradients(self, pattern, length, causal, seed):
        inputs, gradient = drawn(length, seed=seed)
        padding = (torch.rand(2, length) < 0.8).long() if seed % 2 else None
        if padding is not None and seed % 5 == 0:
            padding[1] = 0
        marks = (
            (torch.rand(2, length) < 0.1).long() if isinstance(pattern, LocalGlobal) and seed % 3 else None
        )
        options = {"padding": padding, "marks": marks, "causal": causal}
        ours = with_gradient(lambda *x: sparse_attention(*x, pattern, **options), inputs, gradient)
        mask = pattern_mask(pattern, length, **options)
        theirs = with_gradient(
            lambda *x: F.scaled_dot_product_attention(*x, attn_mask=mask), inputs, gradient
        )
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)

    @pytest.mark.parametrize("causal", [False, True])
    @pytest.mark.parametrize("pattern", FAMILY, ids=str)
    def test_in_single_precision_to_a_hundred_thousandth(self, pattern, causal):
        inputs, gradient = drawn(131, features=16, dtype=torch.float32)
        padding = torch.ones(2, 131, dtype=torch.long)
        padding[1, 77:] = 0
        options = {"padding": padding, "causal": causal}
        mask = pattern_mask(pattern, 131, **options)
        expected = with_gradient(lambda *x: plain(*x, mask), inputs, gradient)
        found = with_gradient(lambda *x: sparse_attention(*x, pattern, **options), inputs, gradient)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)

    @pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
    @pytest.mark.parametrize("pattern", FAMILY, ids=str)
    def test_flex_attention_without_a_gradient(self, pattern):
        inputs, _ = drawn(131, features=16, dtype=torch.float32)
        inputs = [x.detach() for x in inputs]
        padding = torch.ones(2, 131, dtype=torch.long)
        padding[0] = 0
        padding[1, 77:] = 0
        marks = (torch.arange(131) == 70).long()[None] if isinstance(pattern, LocalGlobal) else None
        for options in ({}, {"causal": True}, {"padding": padding, "marks": marks}):
            found = sparse_attention(*inputs, pattern, backend="flex", **options)
            expected = sparse_attention(*inputs, pattern, backend="dense", **options)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)

    def test_a_radius_beyond_the_text_is_full_attention(self):
        inputs, gradient = drawn(90)
        full = with_gradient(F.scaled_dot_product_attention, inputs, gradient)
        for pattern in (Local(89), Local(10**6), Atrous(1), Sparse(10**6), LocalGlobal(500)):
            ours = with_gradient(lambda *x: sparse_attention(*x, pattern), inputs, gradient)  # noqa: B023
            torch.testing.assert_close(ours, full, atol=1e-10, rtol=1e-10)

    @pytest.mark.parametrize("pattern", FAMILY, ids=str)
    def test_the_gradient_is_that_of_differences(self, pattern):
        inputs, _ = drawn(12, batch=1, heads=1, features=2)
        padding = torch.tensor([[1] * 9 + [0] * 3])
        assert torch.autograd.gradcheck(
            lambda *x: sparse_attention(*x, pattern, padding=padding, causal=True), inputs
        )

    @pytest.mark.parametrize("pattern", [Local(64), Sparse(64)], ids=str)
    def test_half_precision_sums_in_single(self, pattern):
        inputs, _ = drawn(200, dtype=torch.float32)
        half = [x.detach().bfloat16() for x in inputs]
        expected = sparse_attention(*(x.float() for x in half), pattern).bfloat16()
        assert sparse_attention(*half, pattern).equal(expected)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert sparse_attention(*half, pattern).equal(expected)


class TestPadding:
    @pytest.mark.parametrize("pattern", FAMILY, ids=str)
    def test_a_row_of_padding_is_0_and_makes_no_nan(self, pattern):
        inputs, gradient = drawn(70)
        padding = torch.ones(2, 70, dtype=torch.long)
        padding[1] = 0
        out, *gradients = with_gradient(
            lambda *x: sparse_attention(*x, pattern, padding=padding), inputs, gradient
        )
        assert not out[1].any() and not any(x[1].any() for x in gradients)
        assert all(x.isfinite().all() for x in (out, *gradients))

    @pytest.mark.parametrize("pattern", FAMILY, ids=str)
    def test_what_stands_in_padding_changes_nothing(self, pattern):
        inputs, _ = drawn(70)
        padding = (torch.arange(70) < 41).long()[None]
        before = sparse_attention(*inputs, pattern, padding=padding)
        others = [torch.where(padding.bool()[:, None, :, None], x, 1e4) for x in inputs]
        after = sparse_attention(*others, pattern, padding=padding)
        torch.testing.assert_close(before[:, :, :41], after[:, :, :41])

    @pytest.mark.parametrize("pattern", [Local(5), Atrous(7), Sparse(7, 5), LocalGlobal(5)], ids=str)
    def test_a_padded_text_is_as_the_text_alone(self, pattern):
        inputs, _ = drawn(70)
        alone = sparse_attention(*(x[:, :, :41] for x in inputs), pattern)
        padded = sparse_attention(*inputs, pattern, padding=(torch.arange(70) < 41).long())
        torch.testing.assert_close(padded[:, :, :41], alone)

    def test_large_scores_overflow_nothing(self):
        inputs, gradient = drawn(70, dtype=torch.float32)
        found = with_gradient(lambda *x: sparse_attention(*x, Sparse(8), scale=1e4), inputs, gradient)
        assert all(x.isfinite().all() for x in found)


class TestDropout:
    def test_a_chance_is_0_or_larger_by_what_is_dropped(self):
        inputs, _ = drawn(64, batch=1, heads=2)
        value = torch.eye(64, dtype=torch.float64).expand(1, 2, -1, -1)
        query, key = (F.pad(x, (0, 59)) for x in inputs[:2])
        chances = sparse_attention(query, key, value, Sparse(8), scale=1.0)
        torch.manual_seed(1)
        thinned = sparse_attention(query, key, value, Sparse(8), scale=1.0, dropout=0.25)
        kept = thinned != 0
        torch.testing.assert_close(thinned[kept], chances[kept] / 0.75)
        share = kept.sum() / (chances != 0).sum()
        assert abs(share - 0.75) < 0.05

    def test_the_gradient_drops_the_same(self):
        inputs, _ = drawn(11, batch=1, heads=1, features=2)

        def attend(*x):
            torch.manual_seed(5)
            return sparse_attention(*x, LocalGlobal(3), dropout=0.5)

        assert torch.autograd.gradcheck(attend, inputs)

    def test_without_it_the_generator_stands_still(self):
        inputs, _ = drawn(9)
        before = torch.get_rng_state()
        sparse_attention(*inputs, Local(2))
        assert torch.get_rng_state().equal(before)


def test_a_text_of_a_hundred_thousand_tokens():
    """All pairs would be 40 GB.  The keys are alike, so that a query far from the ends gets the mean of its window."""
    length = 100_003
    value = torch.arange(float(length)).view(1, 1, -1, 1).requires_grad_()
    zero = torch.zeros(1, 1, length, 1)
    out = sparse_attention(zero, zero, value, Local(8))
    torch.testing.assert_close(out[0, 0, 8:-8], value[0, 0, 8:-8])
    out[0, 0, 50_000].backward()
    assert value.grad.flatten().nonzero()[:, 0].tolist() == list(range(49_992, 50_009))
    far = sparse_attention(zero, zero, value, Atrous(length // 4))
    assert far[0, 0, 5].item() == (5 + 25_005 + 50_005 + 75_005) / 4


def test_the_layout_of_the_query_is_that_of_the_result():
    """So that the heads come together again without a copy."""
    inputs, _ = drawn(40)
    assert sparse_attention(*inputs, Local(3)).transpose(1, 2).is_contiguous()


class TestRefusals:
    X = torch.zeros(1, 2, 4, 3)

    @pytest.mark.parametrize(
        "query, key, options, said",
        [
            (X, X[:, :1], {}, r"got shapes \(1, 2, 4, 3\), \(1, 1, 4, 3\).* all three"),
            (X[0], X[0], {}, r"expected \(batch, heads, length, features\).* Next: x\.unflatten"),
            (X[:, :, :0], X[:, :, :0], {}, "none empty"),
            (
                X,
                X,
                {"padding": torch.ones(1, 5, dtype=torch.long)},
                r"padding got shape \(1, 5\): expected .* = \(1, 4\)",
            ),
            (X, X, {"padding": torch.full((1, 4), 2)}, "padding got 2: expected 0 or 1"),
            (
                X,
                X,
                {"marks": torch.ones(1, 4, dtype=torch.long)},
                "marks of global tokens go with LocalGlobal",
            ),
            (X, X, {"dropout": 1.0}, "dropout got 1.0: expected a share"),
            (
                X,
                X,
                {"backend": "flesh"},
                "backend 'flesh' is not known: expected one of 'tiles', 'flex', 'dense'",
            ),
            (X, X, {"backend": "flex", "dropout": 0.1}, "FlexAttention has no dropout"),
        ],
    )
    def test_values(self, query, key, options, said):
        with pytest.raises(ValueError, match=said):
            sparse_attention(query, key, key, Local(1), **options)

    @pytest.mark.parametrize("pattern", [3, None, Local, Pattern()])
    def test_what_is_no_pattern(self, pattern):
        with pytest.raises(TypeError, match=r"expected one of Local, Atrous, Sparse, LocalGlobal"):
            sparse_attention(self.X, self.X, self.X, pattern)

    def test_dtypes(self):
        with pytest.raises(TypeError, match="expected one float dtype"):
            sparse_attention(self.X, self.X.half(), self.X, Local(1))
        with pytest.raises(TypeError, match="expected one float dtype"):
            sparse_attention(*[self.X.long()] * 3, Local(1))

    def test_a_second_derivative_is_refused_and_not_wrong(self):
        x = torch.randn(1, 1, 6, 2, requires_grad=True)
        with pytest.raises(RuntimeError, match=r"cannot be differentiated again .*create_graph"):
            torch.autograd.grad(sparse_attention(x, x, x, Local(1)).sum(), x, create_graph=True)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("backend", ["tiles", "flex", None])
@pytest.mark.parametrize("pattern", FAMILY, ids=str)
def test_on_a_gpu_the_same(pattern, backend):
    inputs, gradient = drawn(515, features=32, dtype=torch.float32)
    padding = torch.ones(2, 515, dtype=torch.long)
    padding[1, 301:] = 0
    for options in ({}, {"padding": padding}, {"causal": True}):
        expected = with_gradient(lambda *x: sparse_attention(*x, pattern, **options), inputs, gradient)  # noqa: B023
        there = [x.detach().cuda().requires_grad_() for x in inputs]
        found = with_gradient(
            lambda *x: sparse_attention(*x, pattern, backend=backend, **options),  # noqa: B023
            there,
            gradient.cuda(),
        )
        torch.testing.assert_close(
            [x.cpu() for x in found], expected, atol=2e-3, rtol=2e-3
        )  # TF32 in the kernels
