"""Patterns by hand, as rules of two positions, and through json.

Run: pytest tests/nn/sparse_attention/test_patterns.py
"""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.nn import masks
from zhnlp.nn.sparse_attention import (
    Atrous,
    Local,
    LocalGlobal,
    Pattern,
    Sparse,
    mask_mod,
    pattern_from_dict,
    pattern_mask,
)

STEPS = st.integers(1, 14)
RADII = st.integers(0, 14)
PATTERNS = st.one_of(
    st.builds(Local, RADII),
    st.builds(Atrous, STEPS),
    st.builds(Sparse, STEPS, st.none() | RADII),
    st.builds(LocalGlobal, RADII, st.lists(st.integers(0, 14), max_size=3).map(tuple)),
)


def drawn(mask):
    """Row and head 0 as lines of x and ·."""
    return ["".join("x" if seen else "·" for seen in row) for row in mask[0, 0].tolist()]


def test_the_four_patterns_by_hand():
    assert drawn(Local(1).mask(4)) == ["xx··", "xxx·", "·xxx", "··xx"]
    assert drawn(Atrous(3).mask(5)) == ["x··x·", "·x··x", "··x··", "x··x·", "·x··x"]
    assert drawn(Sparse(3, 1).mask(5)) == ["xx·x·", "xxx·x", "·xxx·", "x·xxx", "·x·xx"]
    assert drawn(LocalGlobal(0, (1,)).mask(3)) == ["xx·", "xxx", "·xx"]


def test_what_the_call_adds_by_hand():
    padding, marks = torch.tensor([[1, 1, 1, 0]]), torch.tensor([[0, 0, 1, 0]])
    assert drawn(pattern_mask(LocalGlobal(0), 4, padding=padding, marks=marks)) == [
        "xxx·",
        "xxx·",
        "xxx·",
        "x·x·",
    ]
    assert drawn(pattern_mask(LocalGlobal(0), 4, causal=True)) == ["x···", "xx··", "x·x·", "x··x"]


def test_the_radius_of_sparse_is_its_rate_where_none_is_given():
    assert Sparse(4) == Sparse(4, 4)
    assert masks.sparse(9, 4).equal(masks.sparse(9, 4, 4))


@given(st.integers(1, 16), STEPS, RADII)
def test_sparse_has_the_keys_of_both_once(length, rate, radius):
    mask = Sparse(rate, radius).mask(length)
    assert mask.equal(Local(radius).mask(length) | Atrous(rate).mask(length))
    assert mask.equal(masks.sparse(length, rate, radius))


@settings(max_examples=40)
@given(PATTERNS, st.integers(1, 16), st.booleans(), st.data())
def test_the_rule_for_flex_attention_is_the_mask(pattern, length, causal, data):
    """torch's own create_mask makes of the rule what the algebra of masks makes of the pattern."""
    from torch.nn.attention.flex_attention import create_mask

    rows = st.lists(st.booleans(), min_size=length, max_size=length).map(lambda row: torch.tensor([row]))
    padding, marks = data.draw(st.none() | rows), None
    if isinstance(pattern, LocalGlobal):
        marks = data.draw(st.none() | rows)
    expected = pattern_mask(pattern, length, padding=padding, marks=marks, causal=causal)
    every = None if marks is None else marks | pattern.marks(length)
    rule = mask_mod(pattern, padding=padding, marks=every, causal=causal)
    assert create_mask(rule, 1, 1, length, length, device="cpu").equal(expected)


@given(PATTERNS)
def test_a_pattern_goes_through_json(pattern):
    assert pattern_from_dict(json.loads(json.dumps(pattern.to_dict()))) == pattern


def test_positions_are_put_in_order_and_those_behind_the_end_left_out():
    assert LocalGlobal(1, (5, 0, 5)) == LocalGlobal(1, [0, 5])
    assert LocalGlobal(1, (0, 5)).marks(3).tolist() == [[True, False, False]]


class TestRefusals:
    @pytest.mark.parametrize(
        "make, said",
        [
            (lambda: Local(-1), "radius got -1: expected 0 or more"),
            (lambda: Atrous(0), "rate got 0: expected 1 or more"),
            (lambda: Sparse(4, -2), "radius got -2"),
            (lambda: LocalGlobal(2, (-1,)), "positions got -1: expected 0 or more"),
            (
                lambda: pattern_from_dict({"kind": "Wide"}),
                "kind 'Wide': expected one of Local, Atrous, Sparse, Loc",
            ),
            (
                lambda: pattern_from_dict({"kind": "Local", "rate": 2}),
                "Local got {'rate': 2}: expected radius",
            ),
        ],
    )
    def test_numbers_out_of_range(self, make, said):
        with pytest.raises(ValueError, match=said):
            make()

    @pytest.mark.parametrize(
        "make", [lambda: Local(1.5), lambda: LocalGlobal(1, 0), lambda: LocalGlobal(1, "0")]
    )
    def test_what_is_no_whole_number(self, make):
        with pytest.raises(TypeError, match="whole number"):
            make()

    def test_a_pattern_without_a_rule(self):
        with pytest.raises(NotImplementedError):
            Pattern().mask(3)
