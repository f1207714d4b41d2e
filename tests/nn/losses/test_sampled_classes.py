"""A draw of the classes: what is drawn, what has a gradient, a million of them.

Run: pytest tests/nn/losses/test_sampled_classes.py
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.nn.losses.am_softmax import am_softmax
from zhnlp.nn.losses.cosine import cosines
from zhnlp.nn.losses.sampled_classes import ClassCentres, sample_classes


@given(st.lists(st.integers(0, 19), min_size=1, max_size=12), st.integers(1, 20))
def test_every_right_class_is_there_once_and_the_number_is_kept(target, count):
    chosen, place = sample_classes(torch.tensor(target), 20, count)
    assert chosen[place].tolist() == target
    assert len(chosen) == max(count, len(set(target))) == len(chosen.unique())


def test_others_are_drawn_evenly_and_by_the_seed():
    generator = torch.Generator().manual_seed(0)
    draws = [sample_classes(torch.tensor([3]), 6, 3, generator=generator)[0] for _ in range(3000)]
    counts = torch.cat(draws).bincount(minlength=6)
    assert counts[3] == 3000 and (counts[[0, 1, 2, 4, 5]] / 3000 - 2 / 5).abs().max() < 0.04
    again = sample_classes(torch.tensor([3]), 6, 3, generator=torch.Generator().manual_seed(0))[0]
    assert again.tolist() == draws[0].tolist()


def test_a_sample_of_all_is_the_whole_loss():
    centres, x, target = ClassCentres(4, 9, sample=9), torch.randn(5, 4), torch.tensor([8, 0, 3, 3, 1])
    torch.testing.assert_close(
        am_softmax(*centres(x, target)), am_softmax(cosines(x, centres.weight), target)
    )


def test_evaluation_compares_with_all():
    centres = ClassCentres(4, 9, sample=3).eval()
    cos, target = centres(torch.randn(2, 4), torch.tensor([8, 1]))
    assert cos.shape == (2, 9) and target.tolist() == [8, 1]


@pytest.mark.parametrize("sparse", [True, False])
def test_only_drawn_classes_have_a_gradient(sparse):
    centres = ClassCentres(4, 50, sample=6, sparse=sparse)
    am_softmax(*centres(torch.randn(3, 4), torch.tensor([49, 7, 7]))).backward()
    grad = centres.weight.grad
    assert grad.is_sparse == sparse
    moved = grad.to_dense().abs().sum(1).nonzero().flatten().tolist()
    assert len(moved) == 6 and {7, 49} <= set(moved)


def test_a_step_over_a_million_classes_touches_a_thousand():
    centres = ClassCentres(4, 1_000_000, sample=1000, sparse=True)
    before = centres.weight.detach().clone()
    step = torch.optim.SparseAdam(centres.parameters(), lr=0.1)
    am_softmax(*centres(torch.randn(16, 4), torch.randint(1_000_000, (16,)))).backward()
    step.step()
    assert (centres.weight != before).any(1).sum() == 1000


def test_classes_are_learnt_from_samples_of_them():
    torch.manual_seed(0)
    corners = torch.eye(16).repeat(4, 1)
    target = torch.arange(16).repeat(4)
    centres = ClassCentres(16, 16, sample=6)
    optimizer = torch.optim.Adam(centres.parameters(), lr=0.1)
    for _ in range(300):
        rows = torch.randint(64, (4,))
        optimizer.zero_grad()
        am_softmax(*centres(corners[rows], target[rows])).backward()
        optimizer.step()
    cos, _ = centres.eval()(corners, target)
    assert (cos.argmax(1) == target).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="count=7 of 6 classes"):
        sample_classes(torch.tensor([0]), 6, 7)
    with pytest.raises(ValueError, match=r"target has 0 to 6: expected classes in \[0, 6\)"):
        sample_classes(torch.tensor([0, 6]), 6, 3)
    with pytest.raises(ValueError, match="sample=None, sparse=True"):
        ClassCentres(4, 9, sparse=True)
