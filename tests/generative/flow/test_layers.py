"""Every layer of a flow: its inverse, its log-determinant against the Jacobian of autograd, gradients, refusals.

Run: pytest tests/generative/flow/test_layers.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.generative.flow import (
    ActNorm,
    Chain,
    Coupling,
    Flatten,
    Identity,
    InvertibleLinear,
    Permutation,
    Split,
    Squeeze,
    glow_layers,
    real_nvp_layers,
)
from zhnlp.generative.flow.conditioners import convolutions, mlp
from zhnlp.generative.flow.real_nvp import mixing_layer

IMAGE, ROW = (4, 2, 2), (5,)

LAYERS = {
    "identity": (Identity, ROW),
    "flatten": (lambda: Flatten(IMAGE), IMAGE),
    "actnorm-row": (lambda: ActNorm(5), ROW),
    "actnorm-image": (lambda: ActNorm(4), IMAGE),
    "permutation": (lambda: Permutation.random(5, seed=1), ROW),
    "linear-row": (lambda: InvertibleLinear(5, seed=1), ROW),
    "linear-image": (lambda: InvertibleLinear(4, seed=1), IMAGE),
    "additive-row": (lambda: Coupling(5, kind="additive"), ROW),
    "affine-row": (lambda: Coupling(5), ROW),
    "affine-image": (lambda: Coupling(4, conditioner=convolutions), IMAGE),
    "squeeze": (Squeeze, IMAGE),
    "split": (lambda: Split(4, (2, 2), Flatten((2, 2, 2))), IMAGE),
    "chain": (lambda: Chain([ActNorm(5), InvertibleLinear(5), Coupling(5)]), ROW),
    "real-nvp": (lambda: real_nvp_layers(ROW, couplings=3, hidden=8), ROW),
    "real-nvp-linear": (lambda: real_nvp_layers(ROW, couplings=2, hidden=8, mixing="linear"), ROW),
    "glow": (lambda: glow_layers((1, 4, 4), blocks=2, width=6), (1, 4, 4)),
    "glow-permuted": (
        lambda: glow_layers((1, 4, 4), blocks=2, width=6, mixing="permutation", coupling="additive"),
        (1, 4, 4),
    ),
}


def shaken(make, seed=0, by=0.3):
    """A layer in double precision whose every parameter was moved off its start."""
    torch.manual_seed(seed)
    layer = make().double().eval()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += by * torch.randn_like(parameter)
    return layer


@pytest.mark.parametrize("name", list(LAYERS))
def test_log_determinant_is_that_of_the_jacobian(name):
    make, shape = LAYERS[name]
    layer = shaken(make)
    x = torch.randn(3, *shape, dtype=torch.float64)
    _, log_det = layer(x)
    for row, ours in zip(x, log_det):
        jacobian = torch.autograd.functional.jacobian(lambda r: layer(r[None])[0].flatten(), row)
        assert abs(torch.linalg.slogdet(jacobian.reshape(row.numel(), -1)).logabsdet - ours) < 1e-9


@pytest.mark.parametrize("name", list(LAYERS))
def test_log_determinant_is_that_of_finite_differences(name):
    make, shape = LAYERS[name]
    layer = shaken(make)
    x, h = torch.randn(shape, dtype=torch.float64), 1e-5
    units = torch.eye(x.numel(), dtype=torch.float64).view(-1, *shape)
    slopes = (layer(x + h * units)[0] - layer(x - h * units)[0]).flatten(1) / (2 * h)
    assert abs(torch.linalg.slogdet(slopes).logabsdet - layer(x[None])[1][0]) < 1e-6


@pytest.mark.parametrize("name", list(LAYERS))
def test_inverse_in_both_directions(name):
    make, shape = LAYERS[name]
    layer = shaken(make, by=0.1).float()
    x = torch.randn(20, *shape)
    z, log_det = layer(x)
    assert log_det.shape == (20,)
    assert (layer.inverse(z) - x).abs().max() < 1e-4
    z = torch.randn_like(z)
    assert (layer(layer.inverse(z))[0] - z).abs().max() < 1e-4


@pytest.mark.parametrize("name", [name for name, (make, _) in LAYERS.items() if list(make().parameters())])
def test_gradient_reaches_every_parameter(name):
    make, shape = LAYERS[name]
    layer = shaken(make)
    z, log_det = layer(torch.randn(4, *shape, dtype=torch.float64))
    (z.square().sum() + log_det.sum() + z.sum()).backward()
    for parameter_name, parameter in layer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, parameter_name


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 9), st.integers(0, 1000), st.sampled_from(["affine", "additive"]))
def test_couplings_of_any_size_leave_the_first_half_and_undo_the_rest(channels, seed, kind):
    layer = shaken(lambda: Coupling(channels, kind=kind), seed)
    x = torch.randn(4, channels, dtype=torch.float64)
    z, log_det = layer(x)
    kept = channels - channels // 2
    assert torch.equal(z[:, :kept], x[:, :kept])
    assert torch.allclose(layer.inverse(z), x, atol=1e-10)
    assert kind == "affine" or log_det.abs().max() == 0


def test_affine_coupling_by_hand():
    coupling = Coupling(
        2, conditioner=lambda inputs, outputs: mlp(inputs, outputs, hidden=1, depth=0), limit=2.0
    )
    with torch.no_grad():
        coupling.network[0].weight.copy_(torch.tensor([[3.0], [1.0]]))  # t = 3 a, raw s = a
    z, log_det = coupling(torch.tensor([[2.0, 5.0]]))
    s = 2 * torch.tanh(torch.tensor(1.0))
    assert torch.allclose(z, torch.stack([torch.tensor(2.0), 5 * s.exp() + 6])[None])
    assert torch.allclose(log_det, s[None])


# actnorm ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (3, 4, 5)], ids=["row", "image"])
def test_actnorm_starts_from_the_first_batch_and_only_from_it(shape):
    norm = ActNorm(3).train()
    x = 7 + 4 * torch.randn(500, *shape)
    z, log_det = norm(x)
    channels = z.transpose(0, 1).flatten(1)
    assert channels.mean(1).abs().max() < 1e-4 and (channels.std(1, correction=0) - 1).abs().max() < 1e-4
    positions = x[0, 0].numel()
    assert torch.allclose(log_det, norm.log_scale.sum().expand(500) * positions)
    before = norm.shift.clone()
    norm(100 + x)
    assert torch.equal(norm.shift, before)
    assert ActNorm(3).load_state_dict(norm.state_dict()) and bool(norm.started)


def test_actnorm_is_the_identity_until_it_started():
    norm, x = ActNorm(3).eval(), 7 + torch.randn(10, 3)
    assert torch.equal(norm(x)[0], x) and not norm.started
    norm.train()(x[:1])  # one row: no variance
    assert not norm.started


def test_actnorm_survives_a_channel_that_never_changes():
    norm = ActNorm(2).train()
    z, log_det = norm(torch.tensor([[1.0, 2.0], [1.0, 4.0]]))
    assert z.isfinite().all() and log_det.isfinite().all() and z[:, 0].abs().max() == 0


# the others ---------------------------------------------------------------------------------------------------


def test_linear_starts_as_a_rotation_and_its_seed_decides():
    weight = InvertibleLinear(6, seed=3).weight
    assert torch.allclose(weight @ weight.mT, torch.eye(6), atol=1e-5)
    assert torch.equal(weight, InvertibleLinear(6, seed=3).weight)
    assert not torch.allclose(weight, InvertibleLinear(6, seed=4).weight)


def test_linear_on_images_is_a_1x1_convolution():
    layer = shaken(lambda: InvertibleLinear(4))
    x = torch.randn(2, 4, 3, 5, dtype=torch.float64)
    assert torch.allclose(layer(x)[0], torch.nn.functional.conv2d(x, layer.weight[:, :, None, None]))


@pytest.mark.parametrize("size", [2, 3, 5, 64])
def test_every_number_moves_within_two_couplings(size):
    """Random then reversed: what the first coupling left alone is what the second one moves."""
    moved = torch.zeros(size, dtype=torch.bool)
    where = torch.arange(size)
    for number in range(2):
        where = where[mixing_layer("permutation", size, number, seed=0).order]
        moved[where[size - size // 2 :]] = True
    assert moved.sum() >= size - size % 2


def test_squeeze_keeps_neighbours_together():
    z, _ = Squeeze()(torch.arange(16.0).view(1, 1, 4, 4))
    assert z.shape == (1, 4, 2, 2) and sorted(z[0, :, 0, 0].tolist()) == [0, 1, 4, 5]


def test_split_is_a_conditional_normal():
    split = shaken(lambda: Split(4, (2, 2), Flatten((2, 2, 2))))
    x = torch.randn(3, 4, 2, 2, dtype=torch.float64)
    noise, log_det = split(x)
    mean, log_scale = split._prior(x[:, :2])
    ours = torch.distributions.Normal(0, 1).log_prob(noise).sum(1) + log_det
    theirs = torch.distributions.Normal(0, 1).log_prob(x[:, :2]).sum((1, 2, 3))
    theirs += torch.distributions.Normal(mean, log_scale.exp()).log_prob(x[:, 2:]).sum((1, 2, 3))
    assert torch.allclose(ours, theirs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Coupling(1), "a coupling of 1 channel"),
        (lambda: Coupling(4, kind="spline"), "kind got 'spline'"),
        (lambda: Permutation([0, 0, 1]), "expected each of 0 … 2 once"),
        (lambda: Squeeze()(torch.zeros(1, 1, 3, 4)), "multiples of 2"),
        (lambda: real_nvp_layers((4,), couplings=1), "couplings got 1"),
        (lambda: real_nvp_layers((4,), mixing="none"), "mixing got 'none'"),
        (lambda: glow_layers((1, 28, 28), scales=3), "H and W multiples of 8"),
        (lambda: glow_layers((64,)), "RealNVP"),
    ],
    ids=["one-channel", "kind", "permutation", "odd-side", "one-coupling", "mixing", "scales", "row"],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
