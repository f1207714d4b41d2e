"""The regulariser of 5716 as it was meant, and the order of the published script, which does nothing.

Run: pytest tests/generative/gan/test_proximal.py
"""

import pytest
import torch
from torch import nn

from zhnlp.generative.adversarial import Part
from zhnlp.generative.datasets import ring, ring_centres
from zhnlp.generative.gan import AAE, GAN, BiGAN, ProximalRegularizer, proximal_term
from zhnlp.generative.measures import mode_report


def model(seed: int = 0) -> GAN:
    torch.manual_seed(seed)
    return GAN((2,), latent=2, hidden=[16])


def weights(made: GAN) -> torch.Tensor:
    return torch.cat([one.detach().flatten() for one in made.generator.parameters()])


def slope_of_term(part: ProximalRegularizer, made: GAN) -> torch.Tensor:
    made.zero_grad()
    torch.manual_seed(1)
    term = part.generator_term(made, ring(8), made.generator_loss(ring(8)))
    if term is None:
        return torch.zeros(1)
    made.zero_grad()
    term.backward()
    return torch.cat([one.grad.flatten() for one in made.generator.parameters()])


def nudge(made: GAN, by: float = 0.1) -> None:
    with torch.no_grad():
        for one in made.generator.parameters():
            one.add_(by)


def test_the_term_by_hand():
    fake, anchor = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 1.0]])
    assert proximal_term(fake, anchor).item() == (5 + 10) / 2
    assert proximal_term(fake, anchor, "mean").item() == (5 + 10) / 4


@pytest.mark.parametrize("anchor", ["previous", "ema", "every_n"])
def test_with_a_copy_equal_to_the_weights_the_gradient_is_exactly_0(anchor):
    made, part = model(), ProximalRegularizer(1.0, anchor)
    part.before_step(made)
    assert not slope_of_term(part, made).any()


@pytest.mark.parametrize("anchor", ["previous", "ema", "every_n"])
def test_after_an_update_the_gradient_pulls_back(anchor):
    made, part = model(), ProximalRegularizer(1.0, anchor)
    before = weights(made)
    part.before_step(made)
    nudge(made)
    part.after_step(made)
    part.before_step(made)
    slope = slope_of_term(part, made)
    assert slope.any()
    with torch.no_grad():  # a step against the slope comes nearer to what G was
        pulled = weights(made) - 1e-3 * slope
    assert (pulled - before).norm() < (weights(made) - before).norm()


def test_the_published_order_does_nothing():
    """Trap: the script copies G just before the step, so the copy equals the weights whenever the term is asked for."""
    made = model()
    old = GAN((2,), latent=2, hidden=[16])
    for _ in range(3):
        old.generator.load_state_dict(made.generator.state_dict())
        z = made.noise(8)
        made.zero_grad()
        term = proximal_term(made.generator(z), old.generator(z))
        term.backward()
        assert term.item() == 0
        assert not torch.cat([one.grad.flatten() for one in made.generator.parameters()]).any()
        nudge(made)
    ours = ProximalRegularizer(1.0)
    ours.before_step(made)
    nudge(made)
    ours.after_step(made)
    ours.before_step(made)
    assert slope_of_term(ours, made).any()


def test_a_copy_renewed_at_each_step_is_refused():
    with pytest.raises(ValueError, match=r"every got 1.*gradient are 0: so is the published script"):
        ProximalRegularizer(1.0, "every_n", every=1)


def test_a_fit_with_the_published_order_is_a_fit_without_the_term():
    class Published(ProximalRegularizer):
        def before_step(self, made):
            self._held = {name: value.detach().clone() for name, value in made.generator.state_dict().items()}

        def after_step(self, made):
            pass

    short = {"steps": 4, "batch_size": 8, "progress": False}
    plain, published, meant = (
        weights(model().fit(ring, **short, parts=parts))
        for parts in ([], [Published(100.0)], [ProximalRegularizer(100.0)])
    )
    assert torch.equal(plain, published)
    assert not torch.equal(plain, meant)


def test_anchors_by_hand():
    """Weights 0, 1, 2, 3 … after the updates: what each anchor holds before update 3."""
    held = {}
    for part in (
        ProximalRegularizer(anchor="previous"),
        ProximalRegularizer(anchor="ema", decay=0.5),
        ProximalRegularizer(anchor="every_n", every=2),
    ):
        made = GAN((1,), latent=1, generator=nn.Linear(1, 1, bias=False))
        nn.init.zeros_(made.generator.weight)
        for _ in range(3):
            part.before_step(made)
            nudge(made, 1.0)
            part.after_step(made)
        held[part.anchor] = part._held["weight"].item()
    assert held == {"previous": 2.0, "ema": 3 / 2 + 2 / 4 + 1 / 8, "every_n": 2.0}


@pytest.mark.parametrize("anchor", ["previous", "ema", "every_n"])
def test_a_training_goes_on_where_it_was(anchor, tmp_path):
    short = {"batch_size": 8, "progress": False}

    def part():
        return [ProximalRegularizer(2.0, anchor, every=4)]

    whole = model().fit(ring, steps=6, parts=part(), **short)
    model().fit(ring, steps=3, parts=part(), out=tmp_path, **short)
    resumed = model(1).fit(ring, steps=6, parts=part(), out=tmp_path, **short)
    assert torch.equal(weights(whole), weights(resumed))


def test_batch_norm_of_the_copy_does_not_touch_the_model():
    torch.manual_seed(0)
    made = GAN((2,), latent=2, hidden=[8], norm=True).train()
    part = ProximalRegularizer(1.0)
    part.before_step(made)
    nudge(made)
    part.after_step(made)
    figures = made.generator_loss(ring(8))
    before = {name: value.clone() for name, value in made.generator.named_buffers()}
    part.generator_term(made, ring(8), figures)
    assert all(torch.equal(value, before[name]) for name, value in made.generator.named_buffers())


def test_it_serves_bigan_and_refuses_figures_without_noise():
    BiGAN((2,)).fit(ring, steps=2, batch_size=8, parts=[ProximalRegularizer()], progress=False)
    with pytest.raises(ValueError, match="expected fake and z"):
        AAE((2,)).fit(ring, steps=2, batch_size=8, parts=[ProximalRegularizer()], progress=False)


@pytest.mark.long
def test_it_keeps_a_generator_that_runs_too_fast_from_collapsing():
    """The collapse test of the specification, shortened: modes alive of 8 in the last third."""
    alive = {}
    for name, parts in {"without": [], "with": [ProximalRegularizer(1.0)]}.items():
        torch.manual_seed(0)
        made, modes = GAN((2,), latent=2), []

        class Watch(Part):
            def __init__(self, modes=modes):
                self.modes, self.steps = modes, 0

            def after_step(self, made):
                self.steps += 1
                if self.steps > 400 and self.steps % 20 == 0:
                    self.modes.append(mode_report(made.sample(1000, seed=0), ring_centres())["modes"])

        made.fit(
            ring, steps=600, batch_size=256, generator_rate=5e-3, parts=[*parts, Watch()], progress=False
        )
        alive[name] = sum(modes) / len(modes)
    assert alive["without"] <= 3
    assert alive["with"] >= 7.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0}, "weight > 0"),
        ({"anchor": "next"}, "anchor='next'"),
        ({"reduction": "max"}, "reduction='max'"),
        ({"decay": 1.0}, r"decay in \[0, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ProximalRegularizer(**options)
