"""Tiles: what they take, and that every pair of a pattern is in one of them, once.

Run: pytest tests/nn/sparse_attention/test_tiles.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.sparse_attention import Atrous, Local, LocalGlobal, Pattern, Sparse, pattern_mask
from zhnlp.nn.sparse_attention.plan import Plan
from zhnlp.nn.sparse_attention.slots import Picked, Strided

RADII, RATES = st.sampled_from([0, 1, 5, 40, 300]), st.sampled_from([1, 2, 7, 64, 300])
PATTERNS = st.one_of(
    st.builds(Local, RADII),
    st.builds(Atrous, RATES),
    st.builds(Sparse, RATES, RADII),
    st.builds(LocalGlobal, RADII, st.sampled_from([(), (0,), (0, 3, 90), (299,)])),
)


class TestSlots:
    def test_windows_overlap_when_read_and_add_up_when_written(self):
        slots, row = Strided(first=1, groups=3, items=4, hop=2), torch.arange(10.0).view(1, 1, 10, 1)
        assert slots.take(row)[0, 0, :, :, 0].tolist() == [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8]]
        target = torch.zeros(1, 1, 10, 1)
        slots.add(target, torch.ones(1, 1, 3, 4, 1))
        assert target.flatten().tolist() == [0, 1, 1, 2, 2, 2, 2, 1, 1, 0]

    def test_classes_of_residues(self):
        slots, row = Strided(first=2, groups=2, items=2, step=4), torch.arange(8.0).view(1, 1, 8, 1)
        assert slots.take(row)[0, 0, :, :, 0].tolist() == [[2, 6], [3, 7]]
        slots.put(row, torch.zeros(1, 1, 2, 2, 1))
        assert row.flatten().tolist() == [0, 1, 0, 0, 4, 5, 0, 0]

    def test_picked_positions_differ_from_row_to_row(self):
        slots, rows = (
            Picked(torch.tensor([[0, 2], [1, 0]])),
            torch.tensor([[1.0, 2, 3], [4, 5, 6]])[:, None, :, None],
        )
        assert slots.take(rows).flatten(1).tolist() == [[1, 3], [5, 4]]
        slots.add(rows, torch.full((2, 1, 1, 2, 1), 10.0))
        assert rows.flatten(1).tolist() == [[11, 2, 13], [14, 15, 6]]
        slots.put(rows, torch.zeros(2, 1, 1, 2, 1))
        assert rows.flatten(1).tolist() == [[0, 2, 0], [0, 0, 6]]

    @given(st.integers(0, 3), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
    def test_adding_is_the_transpose_of_taking(self, first, groups, items, hop):
        slots = Strided(first, groups, items, hop)
        row = torch.randn(2, 3, first + (groups - 1) * hop + items, 2, dtype=torch.float64)
        values, target = torch.randn_like(slots.take(row)), torch.zeros_like(row)
        slots.add(target, values)
        torch.testing.assert_close((slots.take(row) * values).sum(), (row * target).sum())


def counted(plan, rows):
    """How often each pair of a row is in a tile that counts it: (B, L, L)."""
    counts = torch.zeros(rows, plan.length, plan.length, dtype=torch.long)
    places = torch.arange(plan.length).view(1, 1, -1, 1).expand(rows, 1, -1, 1)
    for tile in plan.tiles():
        queries, keys = (
            tile.queries.take(places)[:, 0, ..., 0],
            tile.keys.take(places)[:, 0, ..., 0],
        )  # (B, G, Q), (B, G, K)
        hidden = tile.hidden(torch.device("cpu"))
        shape = (*queries.shape, keys.shape[-1])
        seen = torch.ones(()) if hidden is None else ~hidden
        seen = seen.expand(rows, 1, *shape[1:])[:, 0]
        row = torch.arange(rows)[:, None, None, None].expand(shape)
        pairs = (row, queries[..., None].expand(shape), keys[..., None, :].expand(shape))
        counts.index_put_(pairs, seen.long(), accumulate=True)
    return counts


@given(
    PATTERNS, st.integers(1, 300), st.booleans(), st.sampled_from([1, 50, 3000, 10**6]), st.integers(0, 99)
)
def test_every_pair_is_in_one_tile(pattern, length, causal, cells, seed):
    """The softmax of a query is over the keys of its pattern, each counted once."""
    torch.manual_seed(seed)
    padding = torch.rand(2, length) < 0.7 if seed % 2 else None
    marks = pattern.marks(length).expand(2, -1) if isinstance(pattern, LocalGlobal) else None
    if marks is not None and seed % 3:
        marks = marks | (torch.rand(2, length) < 0.1)
    if cells < 3000 and length > 60:
        length = 60
        padding, marks = (None if rows is None else rows[:, :length] for rows in (padding, marks))
    plan = Plan(pattern, length, cells, causal=causal, padding=padding, marks=marks)
    expected = pattern_mask(pattern, length, padding=padding, marks=marks, causal=causal)[:, 0]
    assert counted(plan, 2).equal(expected.long().expand(2, -1, -1))


@pytest.mark.parametrize("pattern", [Local(64), Atrous(64), Sparse(64), LocalGlobal(64)])
def test_scores_grow_with_the_length_and_not_its_square(pattern):
    """Four times the length: less than 4 √4 times the scores, and at 4,096 less than a tenth of all pairs."""
    scores = {}
    for length in (1024, 4096):
        marks = pattern.marks(length) if isinstance(pattern, LocalGlobal) else None
        sizes = []
        for tile in Plan(pattern, length, 2**16, marks=marks).tiles():
            query = tile.queries.take(torch.zeros(1, 1, length, 1))
            sizes.append(query.numel() * tile.keys.take(torch.zeros(1, 1, length, 1)).shape[3])
        scores[length] = sum(sizes)
        assert max(sizes) <= 2**16
    assert scores[4096] < 4096**2 / 10
    if not hasattr(pattern, "rate"):  # atrous attention with one rate stays quadratic, with a small factor
        assert scores[4096] < 4.3 * scores[1024]


def test_a_pattern_without_tiles_is_named():
    with pytest.raises(TypeError, match="has no tiles"):
        list(Plan(Pattern(), 4, 10).tiles())
