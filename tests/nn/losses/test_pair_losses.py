"""Losses among the texts of a batch and of pairs: loops in numpy, half precision, gradients, refusals.

Run: pytest tests/nn/losses/test_pair_losses.py
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from zhnlp.nn.losses.am_softmax import am_softmax
from zhnlp.nn.losses.angle import angle, angle_similarity
from zhnlp.nn.losses.batch_hard_triplet import batch_hard_triplet
from zhnlp.nn.losses.circle import circle
from zhnlp.nn.losses.contrast import contrast
from zhnlp.nn.losses.cosent import cosent
from zhnlp.nn.losses.cosine import cosines, paired_cosines
from zhnlp.nn.losses.simcse import simcse, supervised_simcse
from zhnlp.nn.losses.triplet import triplet

GROUPS = torch.tensor([0, 0, 1, 1, 1, 2, 3, 3])


def vectors(rows=8, width=6, seed=0, dtype=torch.float64):
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def loop_cross_entropy(logits, right, left_out=()):
    kept = [value for column, value in enumerate(logits) if column not in left_out]
    return np.log(np.exp(kept).sum()) - logits[right]


class TestCosines:
    def test_they_are_numpys(self):
        x, y = vectors(5), vectors(4, seed=1)
        expected = x.numpy() @ y.numpy().T
        expected /= np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
        np.testing.assert_allclose(cosines(x, y), expected)
        np.testing.assert_allclose(paired_cosines(x[:4], y), np.diag(expected))
        torch.testing.assert_close(cosines(x), cosines(x, x.clone()))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_and_autocast_cost_no_exactness(self, dtype):
        x = (300 * vectors(5, 64)).to(dtype)  # the sum of squares overflows float16
        with torch.autocast("cpu", torch.bfloat16):
            found = cosines(x)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, cosines(x.double()).float(), atol=1e-6, rtol=0)

    def test_a_vector_of_zeros_has_cosine_0_and_a_finite_gradient(self):
        x = torch.zeros(1, 3, requires_grad=True)
        found = cosines(x, torch.ones(1, 3))
        found.sum().backward()
        assert found.item() == 0 and x.grad.isfinite().all()

    def test_widths_that_differ_are_refused(self):
        with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 4\)"):
            cosines(torch.zeros(2, 3), torch.zeros(2, 4))
        with pytest.raises(ValueError, match=r"expected \(P, D\) twice"):
            paired_cosines(torch.zeros(2, 3), torch.zeros(1, 3))


class TestCircle:
    @pytest.mark.parametrize(("margin", "scale"), [(0.25, 10.0), (0.4, 80.0)])
    def test_it_is_the_double_loop_of_the_paper(self, margin, scale):
        cos, losses = cosines(vectors()), []
        for row in range(8):
            right = [c for c in range(8) if c != row and GROUPS[c] == GROUPS[row]]
            wrong = [c for c in range(8) if GROUPS[c] != GROUPS[row]]
            total = sum(
                math.exp(
                    scale * max(cos[row, n] + margin, 0) * (cos[row, n] - margin)
                    - scale * max(1 + margin - cos[row, p], 0) * (cos[row, p] - 1 + margin)
                )
                for p in right
                for n in wrong
            )
            if right:
                losses.append(math.log1p(total))
        assert len(losses) == 7
        assert circle(cos, GROUPS, margin=margin, scale=scale).item() == pytest.approx(np.mean(losses))

    def test_weights_are_constants_in_the_gradient(self):
        cos = torch.tensor([[0.3, 0.2]], dtype=torch.float64, requires_grad=True)
        found = circle(cos, torch.tensor([0]), torch.tensor([0, 1]), margin=0.4, scale=2.0)
        found.backward()
        chance = 1 - math.exp(-found.item())  # the slope of softplus
        expected = [-chance * 2 * (1.4 - 0.3), chance * 2 * (0.2 + 0.4)]
        np.testing.assert_allclose(cos.grad[0], expected)

    def test_against_classes_the_columns_have_groups_of_their_own(self):
        cos, target = cosines(vectors(3), vectors(5, seed=1)), torch.tensor([4, 0, 4])
        one_a_row = [circle(cos[i : i + 1], target[i : i + 1], torch.arange(5)).item() for i in range(3)]
        assert circle(cos, target, torch.arange(5)).item() == pytest.approx(np.mean(one_a_row))


class TestTriplets:
    def test_given_ones_by_hand(self):
        right, wrong = torch.tensor([0.9, 0.2, 0.5]), torch.tensor([0.1, 0.4, 0.45])
        assert triplet(right, wrong, margin=0.1).item() == pytest.approx((0 + 0.3 + 0.05) / 3)

    def test_batch_hard_is_the_worst_of_all_triples(self):
        cos, losses = cosines(vectors()), []
        for row in range(8):
            each = [
                max(0.0, float(cos[row, n] - cos[row, p] + 0.2))
                for p in range(8)
                for n in range(8)
                if p != row and GROUPS[p] == GROUPS[row] and GROUPS[n] != GROUPS[row]
            ]
            losses += [max(each)] if each else []
        assert batch_hard_triplet(cos, GROUPS).item() == pytest.approx(np.mean(losses))


@pytest.mark.parametrize("loss", [circle, batch_hard_triplet])
def test_a_batch_without_two_of_a_group_warns_and_has_a_gradient_of_zeros(loss):
    cos = torch.zeros(3, 3, requires_grad=True)
    with pytest.warns(UserWarning, match="no text has both"):
        found = loss(cos, torch.arange(3))
    found.backward()
    assert found.item() == 0 and not cos.grad.any()


class TestContrast:
    def test_it_is_cross_entropy_of_the_diagonal(self):
        cos = cosines(vectors(4), vectors(6, seed=1))
        expected = np.mean([loop_cross_entropy(20 * cos[i].numpy(), i) for i in range(4)])
        assert contrast(cos).item() == pytest.approx(expected)

    def test_other_texts_of_the_same_group_are_left_out(self):
        cos = cosines(vectors(4), vectors(6, seed=1))
        groups, others = torch.tensor([7, 8, 7, 9]), torch.tensor([7, 8, 7, 9, 8, 5])
        left_out = [[2], [4], [0], []]
        expected = np.mean([loop_cross_entropy(20 * cos[i].numpy(), i, left_out[i]) for i in range(4)])
        assert contrast(cos, groups=groups, others=others).item() == pytest.approx(expected)

    def test_a_text_that_stands_in_the_batch_twice_is_not_its_own_wrong_answer(self):
        cos, groups = cosines(vectors(4), vectors(4, seed=1)), torch.arange(4)
        twice = torch.cat([cos, cos[:, :1]], 1)
        found = contrast(twice[:1], groups=groups[:1], others=torch.tensor([0, 1, 2, 3, 0]))
        assert found.item() == pytest.approx(contrast(cos[:1]).item())
        assert contrast(twice[:1]) > found

    def test_symmetric_is_the_mean_of_both_directions(self):
        cos, groups = cosines(vectors(4), vectors(4, seed=1)), torch.tensor([0, 0, 1, 2])
        both = contrast(cos, groups=groups), contrast(cos.T, groups=groups)
        assert contrast(cos, groups=groups, symmetric=True).item() == pytest.approx(sum(both).item() / 2)

    def test_a_target_may_be_any_column(self):
        cos = cosines(vectors(4), vectors(6, seed=1))
        turned = cos.roll(2, 1)
        torch.testing.assert_close(contrast(turned, torch.arange(4) + 2), contrast(cos))

    def test_with_a_margin_it_is_am_softmax_over_the_answers(self):
        cos, target = cosines(vectors(4), vectors(6, seed=1)), torch.tensor([3, 0, 5, 1])
        for right in (None, target):
            places = torch.arange(4) if right is None else right
            torch.testing.assert_close(
                contrast(cos, right, scale=30.0, margin=0.35),
                am_softmax(cos, places, scale=30.0, margin=0.35),
            )
        back = contrast(cos[:, :4].T, margin=0.2)
        both = contrast(cos[:, :4], margin=0.2, symmetric=True)
        assert both.item() == pytest.approx((contrast(cos[:, :4], margin=0.2) + back).item() / 2)

    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(ValueError, match=r"margin=-0\.1 is not possible"):
            contrast(torch.zeros(2, 2), margin=-0.1)
        with pytest.raises(ValueError, match="symmetric=True with cos"):
            contrast(torch.zeros(2, 3), symmetric=True)
        with pytest.raises(ValueError, match="with more candidates than rows give others"):
            contrast(torch.zeros(2, 3), groups=torch.arange(2))
        with pytest.raises(ValueError, match="others without groups"):
            contrast(torch.zeros(2, 3), others=torch.arange(3))


class TestSimCSE:
    def test_without_labels_it_is_cross_entropy_over_all_other_readings(self):
        cos = cosines(vectors(6))
        expected = np.mean(
            [loop_cross_entropy(20 * cos[i].numpy(), i + 1 - i % 2 * 2, [i]) for i in range(6)]
        )
        assert simcse(cos).item() == pytest.approx(expected)

    def test_with_hard_wrong_ones_of_a_weight(self):
        cos, losses = cosines(vectors(3), vectors(6, seed=1)), []
        for row in range(3):
            terms = np.exp(20 * cos[row].numpy())
            terms[3 + row] *= 2.5
            losses.append(np.log(terms.sum()) - 20 * cos[row, row].item())
        assert supervised_simcse(cos, hard_weight=2.5).item() == pytest.approx(np.mean(losses))
        torch.testing.assert_close(supervised_simcse(cos), contrast(cos))

    def test_readings_of_equal_texts_are_no_wrong_answers(self):
        cos = cosines(vectors(4)).repeat(2, 2)
        assert simcse(cos, groups=torch.tensor([0, 0, 1, 1] * 2)) < simcse(cos)

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match=r"\(3, 3\): expected \(2B, 2B\)"):
            simcse(torch.zeros(3, 3))
        with pytest.raises(ValueError, match=r"\(3, 3\) .* expected \(B, 2B\)"):
            supervised_simcse(torch.zeros(3, 3))


class TestCoSENT:
    @pytest.mark.parametrize("labels", [[0, 1, 1, 0, 1], [0.0, 2.5, 2.5, 5.0, 1.0]])
    def test_it_is_the_double_loop_over_pairs(self, labels):
        cos = torch.tensor([0.3, 0.8, -0.2, 0.5, 0.9], dtype=torch.float64)
        total = sum(
            math.exp(20 * (cos[low] - cos[high]))
            for high in range(5)
            for low in range(5)
            if labels[high] > labels[low]
        )
        assert cosent(cos, torch.tensor(labels)).item() == pytest.approx(math.log1p(total))

    def test_a_batch_of_one_label_warns_and_gives_0(self):
        cos = torch.tensor([0.1, 0.9], requires_grad=True)
        with pytest.warns(UserWarning, match="all pairs have the same label"):
            found = cosent(cos, torch.tensor([1, 1]))
        found.backward()
        assert found.item() == 0 and not cos.grad.any()

    @given(st.lists(st.tuples(st.floats(-1, 1, width=32), st.integers(0, 3)), min_size=2, max_size=8))
    def test_only_the_order_of_labels_counts_and_pairs_may_come_in_any(self, pairs):
        cos, label = (torch.tensor(column) for column in zip(*pairs))
        if len(label.unique()) < 2:
            return
        found = cosent(cos, label)
        torch.testing.assert_close(cosent(cos, label.float().exp() - 9), found)
        torch.testing.assert_close(cosent(cos.flip(0), label.flip(0)), found)

    def test_shapes_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match=r"cos is \(2, 2\).*paired_cosines"):
            cosent(torch.zeros(2, 2), torch.zeros(2, 2))


class TestAngle:
    def test_similarity_is_that_of_complex_numbers(self):
        x, y = vectors(5), vectors(5, seed=1)
        first, second = ((z[:, :3] + 1j * z[:, 3:]).numpy() for z in (x, y))
        turned = first * second.conj() / np.outer(np.linalg.norm(x, axis=1), np.ones(3))
        turned /= np.linalg.norm(y, axis=1)[:, None]
        np.testing.assert_allclose(angle_similarity(x, y), np.abs((turned.real + turned.imag).sum(1)))

    def test_it_still_has_a_slope_where_the_cosine_has_none(self):
        x = torch.tensor([[1.0, 0.0]], requires_grad=True)
        y = torch.tensor([[1.0, 0.0]])
        (of_cosine,) = torch.autograd.grad(paired_cosines(x, y).sum(), x)
        (of_angle,) = torch.autograd.grad(angle_similarity(x, y).sum(), x)
        assert not of_cosine.any() and of_angle[0].tolist() == [0.0, 1.0]

    def test_an_odd_width_is_refused(self):
        with pytest.raises(ValueError, match="D even"):
            angle(torch.zeros(2, 3), torch.zeros(2, 3), torch.tensor([0, 1]))


LABEL = torch.tensor([0, 1, 2, 1, 0, 2, 1, 0])
OF_VECTORS = {
    "batch hard": lambda x: batch_hard_triplet(cosines(x), GROUPS, margin=0.5),
    "triplet": lambda x: triplet(paired_cosines(x[:2], x[2:4]), paired_cosines(x[:2], x[4:6]), margin=1.9),
    "contrast": lambda x: contrast(cosines(x[:4], x[4:]), groups=GROUPS[:4], scale=64.0, symmetric=True),
    "simcse": lambda x: simcse(cosines(x), scale=64.0),
    "supervised simcse": lambda x: supervised_simcse(cosines(x[:2], x[2:6]), scale=64.0),
    "cosent": lambda x: cosent(paired_cosines(x, x.roll(1, 0)), LABEL, scale=64.0),
    "angle": lambda x: angle(x, x.roll(1, 0), LABEL, scale=64.0),
    "circle": lambda x: circle(cosines(x), GROUPS, scale=256.0),
}


@pytest.mark.parametrize("name", sorted(OF_VECTORS.keys() - {"circle"}), ids=str)
def test_gradients_are_the_numerical_ones(name):
    assert gradcheck(OF_VECTORS[name], vectors().requires_grad_(), atol=1e-4)


@pytest.mark.parametrize("name", OF_VECTORS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_collapsed_and_opposite_vectors_in_half_precision_have_finite_losses_and_gradients(name, dtype):
    for x in (torch.ones(8, 6), torch.ones(8, 6) * torch.tensor([1, -1] * 4)[:, None], torch.zeros(8, 6)):
        x = x.to(dtype).requires_grad_()
        loss = OF_VECTORS[name](x)
        loss.backward()
        assert loss.dtype == torch.float32 and loss.isfinite() and x.grad.isfinite().all()


@pytest.mark.parametrize("name", OF_VECTORS)
def test_half_precision_is_near_the_exact_loss(name):
    x = vectors(dtype=torch.float32)
    torch.testing.assert_close(
        OF_VECTORS[name](x.half()), OF_VECTORS[name](x.half().double()).float(), rtol=1e-4, atol=1e-4
    )


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"without others the columns are the rows"):
        circle(torch.zeros(2, 3), torch.arange(2))
    with pytest.raises(ValueError, match=r"right is \(0,\)"):
        triplet(torch.zeros(0), torch.zeros(0))
