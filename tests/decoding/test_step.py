"""`select_rows`: tensors in whatever they are held.

Run: pytest tests/decoding/test_step.py
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import DynamicCache

from zhnlp.decoding import select_rows


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor | None


@dataclass
class Record:
    states: dict
    read: int
    rows: int = field(init=False, default=0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_rows_are_picked_at_any_depth(rows):
    x = torch.arange(12.0).reshape(4, 3)
    cache = Record({"pair": Pair(x, None), "list": [x[:, 0], (x[:, None], "name")]}, read=5)
    picked = select_rows(cache, torch.tensor(rows))
    assert torch.equal(picked.states["pair"].first, x[rows]) and picked.states["pair"].second is None
    assert torch.equal(picked.states["list"][0], x[rows, 0]) and picked.read == 5
    assert torch.equal(picked.states["list"][1][0], x[rows][:, None])
    assert torch.equal(cache.states["pair"].first, x)  # what was given stays


def test_an_object_may_do_it_itself():
    class Own:
        def select(self, rows):
            return f"rows {rows.tolist()}"

    assert select_rows([Own()], torch.tensor([1, 1])) == ["rows [1, 1]"]


def test_a_cache_of_transformers():
    cache = DynamicCache()
    keys = torch.randn(2, 1, 5, 3)
    cache.update(keys, -keys, 0)
    picked = select_rows(cache, torch.tensor([1, 0, 1]))
    assert torch.equal(picked.layers[0].keys, keys[[1, 0, 1]])
    assert torch.equal(picked.layers[0].values, -keys[[1, 0, 1]])


def test_numbers_and_tensors_without_rows_stay():
    assert select_rows((3, None, torch.tensor(4)), torch.tensor([0, 0])) == (3, None, torch.tensor(4))


def test_what_has_no_rows_is_refused():
    with pytest.raises(TypeError, match=r"holds a set: expected tensors .* Next: give it a method select"):
        select_rows({"seen": {1, 2}}, torch.tensor([0]))
