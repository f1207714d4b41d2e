"""Energy-based models: gradients, the loss by hand, the buffer, what fit learns, samples, in-painting, files, refusals.

Run: pytest tests/generative/energy/test_model.py
"""

import pytest
import torch
from torch import nn

from zhnlp.generative.datasets import moons
from zhnlp.generative.energy import EBM, Langevin, plot_chains, plot_energy

MODELS = {
    "mlp": lambda: EBM((2,), hidden=16, buffer_size=200),
    "spectral": lambda: EBM((2,), hidden=16, buffer_size=200, spectral_norm=True),
    "conv": lambda: EBM((1, 8, 8), preset="conv", hidden=8, depth=2, buffer_size=50, low=0.0),
    "score": lambda: EBM((2,), hidden=16, objective="score", buffer_size=10),
}


class Quadratic(nn.Module):
    """U = a |x − m|² / 2."""

    def __init__(self, size=2):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(size))
        self.log_a = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return 0.5 * self.log_a.exp() * (x - self.mean).square().sum(1)


@pytest.mark.parametrize("name", list(MODELS))
def test_gradient_reaches_every_parameter_that_decides(name):
    torch.manual_seed(0)
    ebm = MODELS[name]().train()
    figures = ebm.loss(torch.rand(16, *ebm.shape))
    figures["loss"].backward()
    lazy = [n for n, p in ebm.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    if name == "score":  # the bias of the last layer moves U, and not its slope
        lazy = [n for n in lazy if not n.endswith("network.network.5.bias")]
    assert not lazy and "energy_data" in figures and figures["loss"].ndim == 0


def test_loss_by_hand():
    ebm = EBM((2,), energy=Quadratic(), l2=0.3, buffer_size=20, reinit=0.0).train()
    ebm.buffer.put(torch.arange(20), torch.ones(20, 2))
    x = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    torch.manual_seed(5)
    figures = ebm.loss(x)
    torch.manual_seed(5)
    places, starts = ebm.buffer.draw(2)  # the first draws of the same generator
    torch.manual_seed(5)
    _, __ = ebm.buffer.draw(2)
    samples = ebm.sampler(Quadratic(), torch.ones(2, 2))
    data, drawn = x.square().sum(1) / 2, samples.square().sum(1) / 2
    by_hand = data.mean() - drawn.mean() + 0.3 * (data.square().mean() + drawn.square().mean())
    assert torch.allclose(figures["loss"], by_hand)
    assert torch.equal(ebm.buffer.chains[places[-1]], samples[-1]) and starts.shape == (2, 2)


def test_evaluation_leaves_the_buffer_and_the_weights_alone():
    ebm = EBM((2,), hidden=16, buffer_size=50, spectral_norm=True).eval()
    before = {name: value.clone() for name, value in ebm.state_dict().items()}
    ebm.loss(torch.rand(8, 2))
    assert all(torch.equal(before[name], value) for name, value in ebm.state_dict().items())
    assert all(parameter.requires_grad for parameter in ebm.parameters()) and not ebm.training


def test_the_slope_of_a_spectral_network_is_bounded():
    torch.manual_seed(0)
    steep, flat = (EBM((2,), hidden=64, spectral_norm=norm, buffer_size=10) for norm in (False, True))
    for ebm in (steep, flat):
        with torch.no_grad():
            for parameter in ebm.network.parameters():
                parameter *= 10
        for _ in range(30):
            ebm.train().energy(torch.zeros(1, 2))  # power iterations
        ebm.eval()
    x = (10 * torch.randn(500, 2)).requires_grad_()
    slopes = [torch.autograd.grad(ebm.energy(x).sum(), x)[0].norm(dim=1).max() for ebm in (steep, flat)]
    assert slopes[1] < 1.1**3 and slopes[0] > 10 * slopes[1]  # SiLU has slopes up to 1.1


@pytest.mark.parametrize("objective", ["langevin", "score"])
def test_a_normal_is_found(objective):
    """U = a|x − m|²/2 of data N(m, s²): a → 1/s² (by score matching 1/(s² + σ²))."""
    torch.manual_seed(0)
    x = torch.tensor([1.0, -0.5]) + 0.5 * torch.randn(2000, 2)
    ebm = EBM(
        (2,),
        energy=Quadratic(),
        l2=0.0,
        objective=objective,
        sigma=0.3,
        sampler=Langevin(20, 0.05),
        low=-2.0,
        high=2.0,
        buffer_size=1000,
    )
    ebm.fit(x, epochs=8, batch_size=100, learning_rate=0.03, seed=0, progress=False)
    expected = 1 / 0.25 if objective == "langevin" else 1 / (0.25 + 0.09)
    assert (ebm.network.mean - torch.tensor([1.0, -0.5])).abs().max() < 0.1
    assert ebm.network.log_a.exp().item() == pytest.approx(expected, rel=0.12)


@pytest.mark.long
def test_two_moons():
    """The bar of the spec at its iterations: NLL < 1.9 nats by quadrature (a normal fit has 2.71; half of them leave 1.96)."""
    points, _ = moons(3000)
    torch.manual_seed(0)
    ebm = EBM((2,), sampler=Langevin(20, 0.01), low=-2.0, high=2.0)
    ebm.fit(points[:2000], epochs=192, batch_size=256, betas=(0.0, 0.999), seed=0, progress=False)
    assert -ebm.log_prob(points[2000:]).mean() < 1.9


# samples and in-painting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MODELS))
def test_samples_and_files(name, tmp_path):
    ebm = MODELS[name]()
    state = torch.get_rng_state()
    drawn = ebm.sample(5, steps=10, seed=0)
    assert torch.equal(state, torch.get_rng_state()) and drawn.shape == (5, *ebm.shape)
    assert torch.equal(drawn, ebm.sample(5, steps=10, seed=0))
    assert not torch.equal(drawn, ebm.sample(5, steps=10, seed=1))
    ebm.save(tmp_path)
    again = EBM.load(tmp_path)
    assert torch.equal(
        again.sample(5, steps=10, seed=0, start="buffer"), ebm.sample(5, steps=10, seed=0, start="buffer")
    )
    assert torch.equal(again.buffer.chains, ebm.buffer.chains)


def test_the_sampler_is_kept_in_the_file(tmp_path):
    EBM((2,), hidden=8, buffer_size=10, sampler=Langevin(7, 0.3, noise_scale=0.1, clip=2.0)).save(tmp_path)
    assert EBM.load(tmp_path).sampler == Langevin(7, 0.3, noise_scale=0.1, clip=2.0)


def test_restored_numbers_follow_the_known_ones():
    """U of a normal with correlation .9: the second coordinate of x₁ = 2 has mean 1.8 and variance .19."""
    precision = torch.linalg.inv(torch.tensor([[1.0, 0.9], [0.9, 1.0]]))

    class Correlated(nn.Module):
        def forward(self, x):
            return 0.5 * ((x @ precision) * x).sum(1)

    ebm = EBM((2,), energy=Correlated(), sampler=Langevin(20, 0.02), buffer_size=10, low=-2.0, high=2.0)
    x = torch.tensor([[2.0, 99.0]]).expand(4000, 2)
    full = ebm.restore(x, torch.tensor([True, False]), seed=0, steps=300)
    assert (full[:, 0] == 2).all()
    assert full[:, 1].mean().item() == pytest.approx(1.8, abs=0.03)
    assert full[:, 1].var().item() == pytest.approx(0.19, abs=0.03)


def test_strangers_score_higher():
    ebm = EBM((2,), energy=Quadratic(), buffer_size=10)
    scores = ebm.ood_score(torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]]), batch_size=2)
    assert scores.tolist() == [0.0, 0.5, 25.0] and not scores.requires_grad


def test_log_prob_of_a_quadratic_energy():
    ebm = EBM((2,), energy=Quadratic(), buffer_size=10, low=-4.0, high=4.0)
    x = torch.randn(5, 2)
    assert torch.allclose(ebm.log_prob(x), torch.distributions.Normal(0, 1).log_prob(x).sum(1), atol=1e-4)


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    ebm = EBM((2,), energy=Quadratic(), buffer_size=10, low=-4.0, high=4.0)
    grid, chains = ebm.log_prob_grid(resolution=40), ebm.chains(3, seed=0, steps=20, every=5)
    assert chains.shape == (5, 3, 2)
    figure = plot_energy(grid, tmp_path / "map.png", data=chains[0], samples=chains[-1])
    drawn = figure.axes[0].get_images()[0].get_array()
    assert drawn.shape == (40, 40) and drawn[20, 20] < drawn[0, 0]
    plot_chains(grid, chains, tmp_path / "chains.png")
    assert (tmp_path / "map.png").stat().st_size > 1000 and (tmp_path / "chains.png").is_file()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EBM((2,), objective="gan"), "objective got 'gan'"),
        (lambda: EBM((2,), l2=-1.0), "l2=-1"),
        (lambda: EBM((2,), buffer_size=5).sample(1, start="data"), "start got 'data'"),
        (lambda: EBM((3,), buffer_size=5).log_prob_grid(), "quadrature is for the plane"),
        (lambda: EBM((2,), buffer_size=5).restore(torch.zeros(1, 2), torch.ones(1, 2)), "Next: mask.bool"),
        (
            lambda: EBM((2,), buffer_size=5).restore(torch.zeros(1, 2), torch.ones(3, 3).bool()),
            "does not fit x",
        ),
    ],
    ids=["objective", "l2", "start", "grid", "mask", "mask-shape"],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
