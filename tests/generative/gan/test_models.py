"""What adversarial models have beyond `tests/generative/test_family.py`: whose weights each player moves, losses by hand.

Run: pytest tests/generative/gan/test_models.py
"""

import pytest
import torch
from torch import nn

from zhnlp.generative.adversarial import parameters_of
from zhnlp.generative.datasets import ring
from zhnlp.generative.gan import AAE, GAN, WGAN, BiGAN

MODELS = {
    "gan": lambda: GAN((2,), latent=3),
    "gan f:js": lambda: GAN((2,), latent=3, loss="f:js"),
    "gan hinge sn": lambda: GAN((2,), latent=3, loss="hinge", constraint="sn", options={"scale": 2.0}),
    "gan r1+r2": lambda: GAN((2,), latent=3, constraint="r1+r2"),
    "gan clip": lambda: GAN((2,), latent=3, constraint="clip"),
    "wgan div": lambda: WGAN((2,), latent=3),
    "wgan gp": lambda: WGAN((2,), latent=3, constraint="gp", options={"at": "mixed"}),
    "wgan gp0": lambda: WGAN((2,), latent=3, constraint="gp0"),
    "wgan one-sided": lambda: WGAN((2,), latent=3, constraint="gp-one-sided"),
    "wgan image": lambda: WGAN((1, 8, 8), latent=3, preset="conv28", hidden=64, output="sigmoid", norm=True),
    "aae": lambda: AAE((2,), latent=3),
    "aae image": lambda: AAE((1, 8, 8), latent=3, preset="conv28", hidden=64, output="tanh", noise=0.1),
    "bigan": lambda: BiGAN((2,), latent=3),
    "ali": lambda: BiGAN((2,), latent=3, loss="min-max", stochastic=True),
    "bigan image": lambda: BiGAN((1, 8, 8), latent=3, preset="conv28", hidden=64, loss="symmetric-log"),
}
EVERY = pytest.mark.parametrize("name", MODELS)


def made(name: str, seed: int = 0):
    torch.manual_seed(seed)
    return MODELS[name]()


def rows(model, n: int = 6) -> torch.Tensor:
    return torch.rand(n, *model.shape, generator=torch.Generator().manual_seed(1))


@EVERY
def test_gradients_reach_every_parameter_of_the_player_and_none_of_the_other_needs_to(name):
    model = made(name).train()
    x = rows(model, 64)
    for loss, own in (
        (model.critic_loss, model.critic_modules()),
        (model.generator_loss, model.generator_modules()),
    ):
        model.zero_grad()
        loss(x)["loss"].backward()
        for module in own:
            for parameter in module.parameters():
                assert parameter.grad is not None
                assert parameter.grad.isfinite().all()
        assert any(one.grad.abs().sum() > 0 for one in parameters_of(own))
    theirs = {id(one) for one in parameters_of([*model.critic_modules(), *model.generator_modules()])}
    assert theirs == {id(one) for one in model.parameters()}


@EVERY
def test_the_critic_step_leaves_the_generator_without_gradients(name):
    model = made(name).train()
    model.critic_loss(rows(model))["loss"].backward()
    assert all(one.grad is None for one in parameters_of(model.generator_modules()))


def test_a_critic_learns_that_real_is_high():
    model = made("gan")
    x = torch.full((64, 2), 5.0) + ring(64, torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(model.critic.parameters(), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        model.critic_loss(x)["loss"].backward()
        optimizer.step()
    fake = model.sample(64, seed=0)
    assert model.score(x).mean() > model.score(fake).mean()
    assert model.energy(x).mean() < model.energy(fake).mean()  # energy = −score: low for real


def test_clipped_critics_stay_in_their_box():
    model = GAN((2,), constraint="clip", options={"limit": 0.02})
    model.fit(ring, steps=3, batch_size=8, critic_rate=0.1, progress=False)
    model.generator_loss(ring(4))
    assert max(one.abs().max().item() for one in model.critic.parameters()) <= 0.02 + 1e-8


def test_losses_of_bigan_by_hand():
    """A critic that scores every pair with its z's first number; E(x) = x, so scores are known."""

    class First(nn.Module):
        def forward(self, x, z):
            return z[:, :1]

    x = torch.tensor([[1.0, 0.0], [-2.0, 0.0]])
    log_d = nn.functional.logsigmoid
    for loss, sign in {"min-max": None, "flipped": -1, "symmetric-log": 1}.items():
        model = BiGAN((2,), 2, loss=loss, encoder=nn.Identity(), generator=nn.Identity(), critic=First())
        torch.manual_seed(3)
        figures = model.generator_loss(x)
        encoded, generated = x[:, 0], figures["z"][:, 0]
        if sign is None:
            expected = log_d(encoded).mean() + log_d(-generated).mean()
        else:
            expected = -log_d(sign * encoded).mean() - log_d(generated).mean()
        assert figures["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    torch.manual_seed(3)
    critic = model.critic_loss(x)["loss"].item()
    assert critic == pytest.approx(-(log_d(encoded).mean() + log_d(-generated).mean()).item(), rel=1e-5)


def test_the_loss_of_aae_by_hand():
    model = AAE((2,), 2, weight=0.5, encoder=nn.Identity(), generator=nn.ReLU(), critic=nn.Linear(2, 1))
    nn.init.zeros_(model.critic.weight)
    nn.init.constant_(model.critic.bias, 2.0)
    figures = model.generator_loss(torch.tensor([[1.0, -2.0], [3.0, -1.0]]))
    assert figures["adversarial"].item() == pytest.approx(-nn.functional.logsigmoid(torch.tensor(2.0)).item())
    assert figures["loss"].item() == pytest.approx(figures["adversarial"].item() + 0.5 * (4 + 1) / 2)


@pytest.mark.long
def test_a_wgan_div_covers_the_ring():
    from zhnlp.generative.datasets import ring_centres
    from zhnlp.generative.measures import mode_report

    torch.manual_seed(0)
    model = WGAN((2,), latent=2)
    model.fit(ring, steps=700, batch_size=128, critic_rate=2e-3, ema=0.99, progress=False)
    assert mode_report(model.sample(1000, seed=0), ring_centres())["modes"] >= 6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GAN((2,), constraint="gp2"), "constraint got 'gp2'"),
        (lambda: GAN((2,), constraint="r1+r3"), "constraint got 'r3'"),
        (
            lambda: GAN((2,), constraint="r1+r2", options={"gamma": 1}),
            "expected none where penalties are joined",
        ),
        (lambda: GAN((2,), loss="ns"), "no loss is called 'ns'"),
        (lambda: GAN((2,), output="relu"), "output got 'relu'"),
        (
            lambda: GAN(
                (2,),
                constraint="r1",
                critic=nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)),
            ),
            "is a BatchNorm1d",
        ),
        (lambda: WGAN((2,), constraint="none"), "rises without end"),
        (lambda: BiGAN((2,), loss="log"), "got loss='log'"),
        (lambda: AAE((2,), weight=0), "weight > 0"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
