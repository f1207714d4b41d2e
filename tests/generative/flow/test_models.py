"""Flows as models: density, quadrature, bounds of discrete data, samples, interpolation, files, and zuko as oracle.

Run: pytest tests/generative/flow/test_models.py
"""

import math

import pytest
import torch
from sklearn.datasets import load_digits, make_moons

from zhnlp.generative.flow import (
    Flow,
    Glow,
    Identity,
    RealNVP,
    bits_per_dimension,
    dequantise,
    mix,
    normal_log_prob,
    quantise,
    square_weights,
)

FLOWS = {
    "real-nvp": lambda levels=None: RealNVP((1, 4, 4), couplings=4, hidden=16, levels=levels),
    "real-nvp-linear": lambda levels=None: RealNVP(
        (16,), couplings=2, hidden=16, mixing="linear", levels=levels
    ),
    "nice": lambda levels=None: RealNVP((16,), couplings=4, hidden=16, coupling="additive", levels=levels),
    "glow": lambda levels=None: Glow((1, 4, 4), blocks=2, width=8, levels=levels),
    "glow-permuted": lambda levels=None: Glow(
        (4, 4, 4), scales=1, blocks=2, width=8, mixing="permutation", levels=levels
    ),
}


def moved(flow, by=0.1, seed=0):
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += by * torch.randn_like(parameter)
    return flow.eval()


@pytest.mark.parametrize("name", list(FLOWS))
def test_noise_and_back(name):
    flow = moved(FLOWS[name]())
    x = torch.rand(10, *flow.shape)
    assert (flow.decode(flow.encode(x)) - x).abs().max() < 1e-4


@pytest.mark.parametrize("name", list(FLOWS))
def test_density_is_the_change_of_variables(name):
    flow = moved(FLOWS[name]()).double()
    x = torch.rand(2, *flow.shape, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda r: flow.encode_real(r[None])[0], x[0]).reshape(
        flow.dimensions, -1
    )
    by_hand = (
        torch.distributions.Normal(0, 1).log_prob(flow.encode_real(x)[0]).sum()
        + torch.linalg.slogdet(jacobian)[1]
    )
    assert torch.allclose(flow.log_prob(x)[0], by_hand, atol=1e-9)


def test_density_in_the_plane_adds_up_to_one():
    flow = moved(RealNVP((2,), couplings=4, hidden=16), by=0.2).double()
    axis = torch.linspace(-25, 25, 1001, dtype=torch.float64)
    points = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = flow.log_prob(points).exp().sum() * (axis[1] - axis[0]) ** 2
    assert abs(total - 1) < 1e-3


def test_probabilities_of_levels_add_up_to_one():
    """E_u p(cell + u) over all 9 images of two pixels with three levels, u drawn often."""
    flow = moved(RealNVP((2,), couplings=2, hidden=8, levels=3))
    with torch.no_grad():  # a normal of width .2 around the middle, so that little lies outside [0, 1)
        flow.bijection.layers[-1].log_scale += math.log(5)
        flow.bijection.layers[-1].shift -= 0.5
    cells = torch.cartesian_prod(*[torch.tensor([0.0, 0.5, 1.0])] * 2)
    total = flow.bound(cells, samples=3000, seed=0).exp().sum()
    drawn = flow.decode_real(torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0)))
    inside = ((drawn >= 0) & (drawn < 1)).all(1).float().mean()
    assert abs(total - inside) < 0.02 and inside > 0.5


def test_more_draws_raise_the_bound():
    flow = moved(RealNVP((8,), couplings=2, hidden=8, levels=4), by=0.3)
    x = torch.randint(4, (200, 8), generator=torch.Generator().manual_seed(0)) / 3
    bounds = [flow.bound(x, samples=k, seed=0).mean() for k in (1, 5, 50)]
    assert bounds[0] < bounds[1] < bounds[2]
    assert torch.equal(flow.bound(x, seed=3), flow.bound(x, seed=3))


def test_the_identity_flow_of_uniform_levels_by_hand():
    flow = Flow(Identity(), (4,), levels=16)
    x = torch.zeros(1, 4)
    torch.manual_seed(0)
    y = torch.rand(1, 4) / 16
    torch.manual_seed(0)
    loss = flow.loss(x)
    by_hand = 4 * math.log(16) + 0.5 * y.square().sum() + 2 * math.log(2 * math.pi)
    assert torch.allclose(loss["loss"], by_hand)
    assert torch.allclose(loss["bits_per_dim"], by_hand / (4 * math.log(2)))


def test_bits_of_uniform_noise():
    assert bits_per_dimension(torch.tensor([3 * math.log(1 / 256)]), 3).item() == pytest.approx(8)


# samples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(FLOWS))
def test_samples(name):
    flow = moved(FLOWS[name](levels=17))
    state = torch.get_rng_state()
    drawn = flow.sample(50, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert drawn.shape == (50, *flow.shape) and torch.equal(drawn, flow.sample(50, seed=1))
    assert not torch.equal(drawn, flow.sample(50, seed=2))
    assert (
        drawn.min() >= 0 and drawn.max() <= 1 and torch.allclose(drawn * 16, (drawn * 16).round(), atol=1e-5)
    )
    cold = flow.sample(5, seed=1, temperature=0)
    assert torch.equal(cold[0], cold[4])


def test_colder_samples_are_likelier():
    flow = moved(RealNVP((6,), couplings=4, hidden=16))
    means = [flow.log_prob(flow.sample(500, seed=0, temperature=t)).mean() for t in (0.0, 0.5, 1.0)]
    assert means[0] > means[1] > means[2]


def test_interpolation_ends_where_it_should():
    flow = moved(RealNVP((1, 4, 4), couplings=4, hidden=16))
    ends = torch.rand(4, 1, 4, 4)
    lines, square = flow.interpolate(ends[:2], ends[2:], steps=5), flow.square(ends, steps=3)
    assert lines.shape == (2, 5, 1, 4, 4) and square.shape == (9, 1, 4, 4)
    assert torch.allclose(lines[:, 0], ends[:2], atol=1e-4)
    assert torch.allclose(lines[:, -1], ends[2:], atol=1e-4)
    assert torch.allclose(square[[0, 2, 6, 8]], ends, atol=1e-4)


def test_mixed_noise_is_as_long_as_noise():
    points = torch.randn(4, 200, generator=torch.Generator().manual_seed(0))
    lengths = mix(points, square_weights(5)).norm(dim=1)
    assert lengths.min() > 0.99 * points.norm(dim=1).min() and lengths.max() < 1.01 * points.norm(dim=1).max()
    assert mix(torch.tensor([[1.0], [-1.0]]), torch.tensor([[0.5, 0.5]])).abs().max() == 0


# learning and files -------------------------------------------------------------------------------------------


def test_gradient_reaches_every_parameter_of_every_flow():
    for name, make in FLOWS.items():
        flow = make().train()
        flow.loss(torch.rand(6, *flow.shape))  # at its start an actnorm is already at its optimum
        flow = moved(flow).train()
        flow.loss(torch.rand(6, *flow.shape))["loss"].backward()
        lazy = [n for n, p in flow.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        assert not lazy, (name, lazy)


def test_moons_are_learnt_and_the_inverse_stays_exact():
    moons = make_moons(2000, noise=0.05, random_state=0)[0]
    moons = torch.tensor((moons - moons.mean(0)) / moons.std(0), dtype=torch.float32)
    torch.manual_seed(0)
    flow = RealNVP((2,), couplings=6, hidden=32).fit(
        moons[:1500], epochs=40, batch_size=250, learning_rate=5e-3, seed=0, progress=False
    )
    with torch.no_grad():
        assert flow.log_prob(moons[1500:]).mean() > -2.0  # a normal fit has -2.71
        assert (flow.decode(flow.encode(moons)) - moons).abs().max() < 1e-4


def test_glow_learns_digits():
    digits = torch.tensor(load_digits().images[:, None] / 16, dtype=torch.float32)
    torch.manual_seed(0)
    glow = Glow((1, 8, 8), blocks=2, width=32, levels=17)
    before = glow.bits_per_dim(digits[1500:], seed=0).mean()
    glow.fit(digits[:1500], epochs=5, seed=0, progress=False)
    after = glow.bits_per_dim(digits[1500:], seed=0).mean()
    assert after < before - 1 and after < 3.6
    middle = dequantise(digits, 17, noise=torch.full_like(digits, 0.5))
    assert (glow.decode_real(glow.encode(digits)) - middle).abs().max() < 1e-4


# oracle -------------------------------------------------------------------------------------------------------


def test_zuko_agrees_on_couplings_permutations_and_matrices():
    zuko = pytest.importorskip("zuko")
    from torch.distributions import AffineTransform

    from zhnlp.generative.flow import ActNorm, Coupling, InvertibleLinear, Permutation

    flow = moved(RealNVP((5,), couplings=3, hidden=8), by=0.3).double()
    linear = moved(RealNVP((5,), couplings=2, hidden=8, mixing="linear"), by=0.3).double()

    def theirs(layer):
        if isinstance(layer, ActNorm):
            return [
                AffineTransform(0.0, layer.log_scale.exp()),
                AffineTransform(layer.shift * layer.log_scale.exp(), 1.0),
            ]
        if isinstance(layer, Permutation):
            return [zuko.transforms.PermutationTransform(layer.order)]
        if isinstance(layer, InvertibleLinear):
            lower, upper = layer._factors()
            diagonal = upper.diagonal()  # zuko has it in L, and ones in U
            both = lower * diagonal + (upper / diagonal[:, None]).triu(1)
            return [
                zuko.transforms.LULinearTransform(both),
                zuko.transforms.PermutationTransform(layer.place.argmax(1)),
            ]
        if isinstance(layer, Coupling):
            mask = torch.arange(5) < layer.halves[0]

            def moving(a):
                shift, s = layer._move(a)
                unclipped = s / (1 - s.abs() / -math.log(1e-3))
                return zuko.transforms.DependentTransform(
                    zuko.transforms.MonotonicAffineTransform(shift, unclipped), 1
                )

            return [zuko.transforms.CouplingTransform(moving, mask)]
        return []

    x = torch.randn(7, 5, dtype=torch.float64)
    for own in (flow, linear):
        z, log_det = x, torch.zeros(7, dtype=torch.float64)
        for layer in own.bijection.layers:
            for transform in theirs(layer):
                after = transform(z)
                more = transform.log_abs_det_jacobian(z, after)
                log_det, z = log_det + (more.sum(-1) if more.ndim == 2 else more), after
        assert torch.allclose(z, own.encode(x), atol=1e-9)
        assert torch.allclose(log_det + normal_log_prob(z), own.log_prob(x), atol=1e-9)


# refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RealNVP((4,), levels=1), "levels got 1"),
        (lambda: RealNVP((4,), levels=17).log_prob(torch.zeros(1, 4)), "Next: bound"),
        (lambda: RealNVP((4,), levels=17).bound(torch.rand(3, 4)), "levels=256 for bytes"),
        (lambda: dequantise(torch.tensor([16.0]), 17), "expected data of 17 levels"),
        (lambda: RealNVP((4,)).bound(torch.zeros(1, 4), samples=0), "samples got 0"),
        (lambda: RealNVP((4,)).sample(1, temperature=-1.0), "temperature got -1"),
        (lambda: RealNVP((4,)).square(torch.zeros(3, 4)), "expected 4 examples"),
    ],
    ids=["levels", "log-prob", "off-grid", "unscaled", "samples", "temperature", "ends"],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_quantise_undoes_dequantise():
    x = torch.arange(256) / 255
    for noise in (0.0, 0.5, 0.999):
        assert torch.allclose(quantise(dequantise(x, 256, noise=torch.full_like(x, noise)), 256), x)
