import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.models.owners import Owners

owned = st.integers(1, 5).flatmap(
    lambda sources: st.lists(st.integers(0, sources - 1), max_size=8).flatmap(
        lambda more: st.permutations([*range(sources), *more])
    )
)


def test_places_by_hand():
    owners = Owners.of(torch.tensor([1, 0, 1, 1]), sources=2)
    assert (owners.most, owners.places.tolist()) == (3, [3, 0, 4, 5])
    assert owners.together(torch.tensor([5, 6, 7, 8])).tolist() == [[6, 0, 0], [5, 7, 8]]


def test_nothing_is_moved_where_all_stand_in_place():
    owners, x = Owners.of(torch.tensor([0, 0, 1, 1]), sources=2), torch.arange(4)
    assert owners.places is None
    assert owners.together(x).data_ptr() == x.data_ptr()


@given(owned)
def test_every_hypothesis_is_put_into_the_row_of_its_source_and_comes_back(numbers):
    owners, x = Owners.of(torch.tensor(numbers), max(numbers) + 1), torch.arange(1, len(numbers) + 1)
    rows = owners.together(x)
    assert [[one for one in row if one] for row in rows.tolist()] == [
        [place + 1 for place, own in enumerate(numbers) if own == source] for source in range(len(rows))
    ]
    assert torch.equal(owners.apart(rows), x)


@given(owned, st.data())
def test_selecting_keeps_the_source_of_each(numbers, data):
    rows = data.draw(st.lists(st.integers(0, len(numbers) - 1), min_size=1, max_size=9))
    owners, left = Owners.of(torch.tensor(numbers), max(numbers) + 1).select(torch.tensor(rows))
    kept = range(max(numbers) + 1) if left is None else left.tolist()
    assert [list(kept)[number] for number in owners.numbers.tolist()] == [numbers[row] for row in rows]
    assert owners.sources == len(kept) == len({numbers[row] for row in rows})
    assert len(owners) == len(rows)


def test_one_each():
    owners = Owners.one_each(3)
    assert (owners.numbers.tolist(), owners.most, owners.together(torch.arange(3)).tolist()) == (
        [0, 1, 2],
        1,
        [[0], [1], [2]],
    )
