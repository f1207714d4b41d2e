"""Rounding: the straight-through identity, moving averages by hand, dead codes, finite scalars.

Run: pytest tests/generative/discrete/test_quantizers.py
"""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.discrete import FSQ, EMAQuantizer, SimVQ, VectorQuantizer, perplexity, rotated

CODEBOOKS = [VectorQuantizer, EMAQuantizer, SimVQ]


def made(kind, size=8, dim=3, **options):
    torch.manual_seed(0)
    return kind(size, dim, **options)


@pytest.mark.parametrize("kind", CODEBOOKS, ids=lambda kind: kind.__name__)
def test_straight_through_is_the_code_forward_and_the_identity_backward(kind):
    quantizer = made(kind).eval()
    z = torch.randn(2, 4, 4, 3, requires_grad=True)
    out = quantizer(z)
    assert torch.equal(out.vectors, quantizer.lookup(out.codes))  # exactly: z + (e - z) would round
    weight = torch.randn_like(z)
    assert torch.equal(torch.autograd.grad((out.vectors * weight).sum(), z)[0], weight)


@pytest.mark.parametrize("kind", CODEBOOKS, ids=lambda kind: kind.__name__)
def test_the_code_is_the_nearest(kind):
    quantizer = made(kind).eval()
    z = torch.randn(50, 3)
    assert torch.equal(quantizer(z).codes, torch.cdist(z, quantizer.codebook).argmin(1))


def test_the_losses_by_hand_and_whom_they_move():
    quantizer = made(VectorQuantizer, 2, 2, commit=0.25, reset_dead=False)
    with torch.no_grad():
        quantizer.weight.copy_(torch.tensor([[0.0, 0.0], [10.0, 10.0]]))
    z = torch.tensor([[1.0, 3.0]], requires_grad=True)
    losses = quantizer(z).losses
    assert losses["codebook"].item() == 5.0  # (1 + 9)/2
    assert losses["commit"].item() == 1.25
    to_z, to_codes = torch.autograd.grad(sum(losses.values()), [z, quantizer.weight])
    assert to_z.tolist() == [[0.25, 0.75]]  # of the commitment only
    assert to_codes.tolist() == [[-1.0, -3.0], [0.0, 0.0]]  # of the codebook loss only


def test_a_moving_average_is_that_of_counts_and_sums():
    quantizer = made(EMAQuantizer, 2, 1, decay=0.9, reset_dead=False)
    with torch.no_grad():
        quantizer.totals.copy_(torch.tensor([[-1.0], [1.0]]))
    quantizer(torch.tensor([[-2.0], [-4.0], [5.0]]))
    # counts 0.9 + 0.1 · (2, 1), sums 0.9 · (-1, 1) + 0.1 · (-6, 5)
    expected = torch.tensor([[-1.5 / 1.1], [1.4 / 1.0]])
    assert torch.allclose(quantizer.codebook, expected)
    assert not list(quantizer.parameters())


def test_a_moving_average_finds_the_means_of_two_clumps():
    quantizer = made(EMAQuantizer, 2, 1, decay=0.5)
    torch.manual_seed(0)
    for _ in range(40):
        quantizer(torch.cat([torch.randn(50, 1) * 0.1 - 3, torch.randn(50, 1) * 0.1 + 3]))
    assert torch.allclose(quantizer.codebook.sort(0).values, torch.tensor([[-3.0], [3.0]]), atol=0.1)


@pytest.mark.parametrize("kind", [VectorQuantizer, EMAQuantizer], ids=["gradient", "ema"])
def test_dead_codes_come_back_unless_they_are_left(kind):
    z = torch.randn(64, 3, generator=torch.Generator().manual_seed(0)) * 5 + 20  # far from all codes
    used = {}
    for reset in (False, True):
        quantizer = made(kind, 8, reset_dead=reset, decay=0.5)
        torch.manual_seed(0)
        for _ in range(30):
            quantizer(z)
        used[reset] = len(quantizer.eval()(z).codes.unique())
    assert used[False] <= 2
    assert used[True] >= 6


def test_outside_training_nothing_moves():
    quantizer = made(EMAQuantizer, decay=0.5).eval()
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer(torch.randn(20, 3))
    assert all(torch.equal(before[name], value) for name, value in quantizer.state_dict().items())


def test_sim_vq_moves_codes_that_are_not_used():
    quantizer = made(SimVQ)
    z = torch.randn(1, 3)
    before = quantizer.codebook.detach().clone()
    loss = sum(quantizer(z).losses.values())
    torch.optim.SGD(quantizer.parameters(), 1.0).zero_grad()
    loss.backward()
    with torch.no_grad():
        quantizer.map.weight -= quantizer.map.weight.grad
    assert ((quantizer.codebook - before).abs().sum(1) > 0).all()


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_rotation_keeps_values_and_the_angle_of_gradients(seed):
    torch.manual_seed(seed)
    z, code = (
        torch.randn(5, 4, dtype=torch.float64, requires_grad=True),
        torch.randn(5, 4, dtype=torch.float64),
    )
    out = rotated(code, z)
    assert torch.allclose(out, code)
    gradient = torch.randn(5, 4, dtype=torch.float64)
    got = torch.autograd.grad(out, z, gradient)[0]
    stretch = code.norm(dim=1) / z.norm(dim=1)
    # the angle of gradient and code becomes that of its image and z
    assert torch.allclose((got * z).sum(1), stretch * (gradient * code).sum(1) / stretch)
    assert torch.allclose(got.norm(dim=1), stretch * gradient.norm(dim=1))


def test_the_rotation_is_offered():
    quantizer = made(VectorQuantizer, gradient="rotation").eval()
    z = torch.randn(6, 3, requires_grad=True)
    out = quantizer(z)
    assert torch.allclose(out.vectors, quantizer.lookup(out.codes), atol=1e-5)
    assert not torch.allclose(torch.autograd.grad(out.vectors.sum(), z)[0], torch.ones(6, 3))


def test_finite_scalars_number_all_combinations_of_levels():
    quantizer = FSQ([2, 3, 4])
    codes = torch.arange(24)
    vectors = quantizer.lookup(codes)
    steps = [torch.linspace(-1, 1, levels).tolist() for levels in (2, 3, 4)]
    assert torch.allclose(vectors, torch.tensor(list(itertools.product(*steps))), atol=1e-6)
    inverse = torch.logit((vectors + 1) / 2, eps=1e-4)
    assert torch.equal(quantizer(inverse).codes, codes)


@given(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3))
def test_finite_scalars_give_the_vector_of_their_code(z):
    quantizer = FSQ([5, 3, 8])
    out = quantizer(torch.tensor([z]))
    assert 0 <= out.codes.item() < 120
    assert torch.allclose(out.vectors, quantizer.lookup(out.codes), atol=1e-6)


def test_the_gradient_of_finite_scalars_is_that_of_the_sigmoid():
    z = torch.tensor([[0.3]], requires_grad=True)
    gradient = torch.autograd.grad(FSQ([5])(z).vectors.sum(), z)[0]
    s = torch.sigmoid(torch.tensor(0.3))
    assert torch.isclose(gradient[0, 0], 2 * s * (1 - s))


def test_perplexity_counts_codes_by_their_use():
    assert perplexity(torch.arange(7), 9).item() == pytest.approx(7)
    assert perplexity(torch.zeros(5, dtype=torch.long), 9).item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: VectorQuantizer(1, 3), "expected 2 codes or more"),
        (lambda: VectorQuantizer(4, 3, decay=1.0), "decay=1.0"),
        (lambda: VectorQuantizer(4, 3, gradient="none"), "expected straight_through or rotation"),
        (lambda: FSQ([]), "expected 2 or more of each feature"),
        (lambda: FSQ([4, 1]), "expected 2 or more of each feature"),
    ],
    ids=["size", "decay", "gradient", "no-levels", "one-level"],
)
def test_what_cannot_be_is_refused(build, said):
    with pytest.raises(ValueError, match=said):
        build()
