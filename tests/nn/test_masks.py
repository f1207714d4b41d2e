"""Masks by hand, as an algebra, and against those of transformers.

Run: pytest tests/nn/test_masks.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import masking_utils

from zhnlp.nn import masks
from zhnlp.nn.masks import additive, atrous, bidirectional, causal, documents, local, padding, prefix, sparse

LENGTHS = st.integers(1, 12)
STEPS = st.integers(1, 14)


def drawn(mask):
    """Row and head 0 as lines of x and ·."""
    return ["".join("x" if seen else "·" for seen in row) for row in mask[0, 0].tolist()]


def from_rule(length, rule):
    return torch.tensor([[rule(i, j) for j in range(length)] for i in range(length)])[None, None]


class TestByHand:
    def test_a_prefix_mask_with_padding(self):
        mask = prefix(torch.tensor([[0, 0, 1, 1, 0]])) & padding(torch.tensor([[1, 1, 1, 1, 0]]))
        assert drawn(mask) == ["xx···", "xx···", "xxx··", "xxxx·", "xxxx·"]

    def test_a_position_sees_those_drawn_before_it(self):
        order = torch.tensor([3, 1, 0, 2])
        ranks = order.argsort()
        assert drawn(masks.permutation(ranks)) == ["xx·x", "·x·x", "xxxx", "···x"]
        assert drawn(masks.permutation(ranks, strict=True)) == ["·x·x", "···x", "xx·x", "····"]

    def test_the_three_patterns_of_a_length_that_is_no_multiple(self):
        assert drawn(local(5, 1)) == ["xx···", "xxx··", "·xxx·", "··xxx", "···xx"]
        assert drawn(atrous(5, 3)) == ["x··x·", "·x··x", "··x··", "x··x·", "·x··x"]
        assert drawn(sparse(7, 3))[0] == "xxxx··x"

    def test_a_dilated_window_is_a_wide_one_and_an_atrous_one(self):
        assert drawn(local(7, 4) & atrous(7, 2))[3] == "·x·x·x·"

    def test_global_tokens_beside_a_window(self):
        mask = local(4, 0) | masks.global_tokens(torch.tensor([1, 0, 0, 0]))
        assert drawn(mask) == ["xxxx", "xx··", "x·x·", "x··x"]

    def test_packed_documents(self):
        assert drawn(documents(torch.tensor([7, 7, 4, 4, 4])) & causal(5)) == [
            *("x····", "xx···", "··x··", "··xx·", "··xxx"),
        ]

    def test_new_queries_see_what_is_in_the_cache(self):
        assert drawn(causal(2, 5)) == ["xxxx·", "xxxxx"]
        assert causal(2, 5).equal(causal(5)[..., -2:, :])

    def test_rows_of_a_batch_stay_apart(self):
        segments = torch.tensor([[0, 1, 1], [0, 0, 1]])
        assert prefix(segments).shape == (2, 1, 3, 3)
        assert prefix(segments)[1:].equal(prefix(segments[1]))
        assert padding(segments).shape == (2, 1, 1, 3)


class TestAsAnAlgebra:
    @given(LENGTHS, st.integers(0, 5))
    def test_causal_lies_within_bidirectional_and_ends_on_its_last_row(self, queries, cached):
        mask, everything = causal(queries, queries + cached), bidirectional(queries, queries + cached)
        assert (mask & everything).equal(mask) and (mask | everything).equal(everything)
        assert mask[..., -1, :].all() and mask.sum() == queries * cached + queries * (queries + 1) // 2

    @given(LENGTHS)
    def test_prefix_goes_from_bidirectional_to_causal(self, length):
        assert prefix(torch.ones(length, dtype=torch.long)).equal(causal(length))
        assert prefix(torch.zeros(length, dtype=torch.long)).equal(bidirectional(length))

    @given(st.integers(0, 8), st.integers(0, 8))
    def test_source_sees_source_and_target_sees_what_is_left_of_it(self, source, target):
        length = source + target
        if length:
            mask = prefix((torch.arange(length) >= source).long())
            assert mask.equal(from_rule(length, lambda i, j: j < source or source <= j <= i))

    @given(LENGTHS)
    def test_positions_drawn_from_left_to_right_are_causal(self, length):
        ranks = torch.arange(length)
        assert masks.permutation(ranks).equal(causal(length))
        strict = masks.permutation(ranks, strict=True)
        assert strict.equal(causal(length) & ~local(length, 0))

    @given(LENGTHS.flatmap(lambda length: st.permutations(range(length))))
    def test_any_order_is_causal_when_put_in_it(self, order):
        order = torch.tensor(order)
        assert masks.permutation(order.argsort())[..., order, :][..., order].equal(causal(len(order)))

    @given(LENGTHS, STEPS)
    def test_sparse_is_local_or_atrous(self, length, k):
        assert sparse(length, k).equal(local(length, k) | atrous(length, k))
        assert sparse(length, k).equal(from_rule(length, lambda i, j: abs(i - j) <= k or (i - j) % k == 0))
        assert sparse(length, k).equal(
            local(length, k - 1) | atrous(length, k)
        )  # as the code of the post has it

    @given(LENGTHS, STEPS)
    def test_local_and_atrous_reach_all_in_two_layers(self, length, k):
        near, far = (mask[0, 0].int() for mask in (local(length, k), atrous(length, k)))
        assert (near @ far > 0).all()
        assert atrous(length, 1).equal(bidirectional(length)) and local(length, length).equal(
            bidirectional(length)
        )


class TestAgainstTransformers:
    @given(st.integers(1, 9), st.integers(0, 9))
    def test_windows(self, length, radius):
        theirs = masking_utils.sliding_window_causal_mask_function(
            radius + 1
        )  # counts the query's own position
        ours = local(length, radius) & causal(length)
        assert ours.equal(
            from_rule(length, lambda i, j: bool(theirs(0, 0, torch.tensor(i), torch.tensor(j))))
        )

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
    def test_packed_documents(self, ids):
        ids = torch.tensor(ids)
        theirs = masking_utils.packed_sequence_mask_function(ids[None])
        assert documents(ids).equal(from_rule(len(ids), lambda i, j: bool(theirs(0, 0, i, j))))


class TestAdditive:
    def test_it_is_zero_or_the_least_number(self):
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
            assert additive(causal(2), dtype)[0, 0].tolist() == [[0, torch.finfo(dtype).min], [0, 0]]

    @given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=4))
    def test_a_query_that_sees_nothing_sees_all_and_others_what_they_may(self, rows):
        floats = additive(torch.tensor(rows)[None, None])[0, 0]
        assert [[value == 0 for value in row] for row in floats.tolist()] == [
            row if any(row) else [True] * 3 for row in rows
        ]

    def test_low_scores_and_narrow_casts_make_no_nan(self):
        mask = padding(torch.tensor([[0, 0, 0], [1, 0, 0]]))
        scores = torch.full((2, 1, 1, 3), -40.0)  # -40 beside the least float16 is -inf
        for floats in (additive(mask, torch.float16), additive(mask).half(), additive(mask).bfloat16()):
            chances = (scores.to(floats.dtype) + floats).softmax(-1)
            torch.testing.assert_close(chances[0], torch.full_like(chances[0], 1 / 3))
            assert chances[1].flatten().tolist() == [1, 0, 0]


class TestRefusals:
    @pytest.mark.parametrize(
        "mask, said",
        [
            (torch.ones(1, 1, 2, 2, dtype=torch.long), r"mask got torch.int64: expected torch.bool"),
            (causal(2) & torch.ones(1, 2, dtype=torch.long), r"mask got torch.int64.* Next: padding\("),
            (additive(causal(2)), r"mask got torch.float32: expected torch.bool"),
            ([[True]], r"mask got list"),
        ],
    )
    def test_masks_that_are_no_bools(self, mask, said):
        with pytest.raises(TypeError, match=said):
            additive(mask)

    @pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2)])
    def test_masks_of_other_shapes(self, shape):
        with pytest.raises(ValueError, match=r"expected four dimensions .* Next: mask\[None, None\]"):
            additive(torch.ones(shape, dtype=torch.bool))

    def test_a_dtype_that_is_no_float(self):
        with pytest.raises(TypeError, match=r"dtype got torch.int64: expected that of the model's queries"):
            additive(causal(2), torch.int64)

    @pytest.mark.parametrize("make", [prefix, padding, masks.global_tokens, documents, masks.permutation])
    def test_rows_of_another_kind(self, make):
        with pytest.raises(
            TypeError, match=r"got torch.float32: expected a tensor of whole numbers or bools"
        ):
            make(torch.ones(1, 3))
        with pytest.raises(TypeError, match=r"got list"):
            make([0, 1])
        with pytest.raises(
            ValueError, match=r"got shape \(1, 1, 3\): expected \(batch, length\) or \(length,\)"
        ):
            make(torch.ones(1, 1, 3, dtype=torch.long))

    @pytest.mark.parametrize("make", [prefix, padding, masks.global_tokens])
    @pytest.mark.parametrize("value", [2, -1])
    def test_marks_beyond_0_and_1(self, make, value):
        with pytest.raises(ValueError, match=rf"got {value}: expected 0 or 1 everywhere"):
            make(torch.tensor([[0, 1, value]]))

    @pytest.mark.parametrize("ranks", [[0, 0, 1], [1, 2, 3], [0, 1, 3]])
    def test_ranks_that_are_no_permutation(self, ranks):
        with pytest.raises(
            ValueError, match=r"ranks got .*: expected each of 0 to 2 once\. Next: ranks = order"
        ):
            masks.permutation(torch.tensor([[0, 1, 2], ranks]))

    def test_sizes_out_of_range(self):
        with pytest.raises(ValueError, match=r"radius got -1: expected 0 or more"):
            local(3, -1)
        for make, name in ((atrous, "rate"), (sparse, "k")):
            with pytest.raises(ValueError, match=rf"{name} got 0: expected 1 or more"):
                make(3, 0)
        with pytest.raises(ValueError, match=r"queries got 0: expected 1 or more"):
            causal(0)
        with pytest.raises(TypeError, match=r"length got 3\.0: expected a whole number"):
            atrous(3.0, 1)
        with pytest.raises(
            ValueError, match=r"got 3 queries and 2 keys: .* Next: count the keys of the cache"
        ):
            causal(3, 2)
