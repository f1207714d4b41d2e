import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.copy_prior import CopyPrior, tokens_of


def test_by_hand():
    prior = CopyPrior(4)
    with torch.no_grad():
        prior.log_scale.copy_(torch.tensor([0.0, 1.0, 2.0, 0.0]).log1p())  # exp(s) = 1, 2, 3, 1
        prior.shift.copy_(torch.tensor([0.5, 0.0, -1.0, 0.0]))
    tokens = torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    torch.testing.assert_close(prior(tokens), torch.tensor([[0.5, 2.0, 2.0, 0.0]]))


@given(st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=4), st.integers(0, 8))
def test_the_tokens_of_a_source_are_its_set(sources, filler):
    """However often they occur, and whatever id fills the padding."""
    longest = max(map(len, sources)) + 1
    ids = torch.tensor([[*row, *[filler] * (longest - len(row))] for row in sources])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in sources])
    found = tokens_of(ids, mask, 9)
    assert [set(row.nonzero()[:, 0].tolist()) for row in found] == list(map(set, sources))
    assert set(found.unique().tolist()) <= {0.0, 1.0}


def test_at_the_start_it_is_what_stands_in_the_source():
    tokens = tokens_of(torch.tensor([[3, 1, 3]]), torch.ones(1, 3), 5)
    torch.testing.assert_close(CopyPrior(5)(tokens), torch.tensor([[0.0, 1.0, 0.0, 1.0, 0.0]]))


def test_scales_learn_from_tokens_of_the_source_alone_and_shifts_from_all():
    prior = CopyPrior(4)
    prior(torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])).sum().backward()
    assert prior.log_scale.grad.tolist() == [0, 2, 1, 0]
    assert prior.shift.grad.tolist() == [2, 2, 2, 2]
