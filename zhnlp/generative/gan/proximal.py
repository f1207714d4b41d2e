"""The regulariser that post 5716 finds missing from GANs: a generator should not run far from where it was.

The derivation: the generator lowers E_z[−log D(G(z)) + λ ‖G(z) − G°(z)‖²], G° the generator BEFORE its last update.
Without the second term the exact minimiser puts all mass on the point that the critic likes best: collapse.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from zhnlp.generative.adversarial import AdversarialModel, Part

ANCHORS = ("previous", "ema", "every_n")


def proximal_term(fake: Tensor, anchor: Tensor, reduction: str = "sum") -> Tensor:
    """Mean over the batch of ‖fake − anchor‖², 0-d; or of its mean over values, "mean", as the script has it.

    Where the anchor was made by the weights that made ``fake``, it is 0 and so is its gradient: the published script is so.

    Args:
        fake: (B, *shape), with its graph.
        anchor: (B, *shape), of the same noise.

    Example:
        >>> proximal_term(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)).item()
        25.0
    """
    rows = (fake - anchor.detach()).square().flatten(1)  # (B, values)
    return (rows.sum(1) if reduction == "sum" else rows.mean(1)).mean()


class ProximalRegularizer(Part):
    """weight · E ‖G(z) − G°(z)‖² in the generator's loss, of a model with ``generator``, where figures have ``fake`` and ``z``.

    Args:
        weight: λ > 0. With "sum" in squared units of x; the script has 5 with "mean" over pixels.
        anchor: what G° is. "previous": the generator before its last update, as derived. "ema": a slow average, with ``decay``.
            "every_n": a copy renewed after each ``every`` steps, to be used with 2 or more.
        decay: of "ema", in [0, 1).
        every: of "every_n", 2 or more: with 1 the copy always equals the weights, and the term does nothing. The script of the
            post makes its copy just before a step, so that only a second step with the same copy feels anything.
        reduction: "sum" or "mean" over the values of an example.

    Raises:
        ValueError: an argument is out of its range, or the model has no generator or no ``fake`` and ``z``.

    Example:
        >>> from zhnlp.generative.datasets import ring
        >>> from zhnlp.generative.gan import GAN
        >>> model = GAN((2,)).fit(ring, steps=3, batch_size=8, parts=[ProximalRegularizer(1.0)], progress=False)

    Source: https://kexue.fm/archives/5716; arXiv 1807.05936
    """

    def __init__(
        self,
        weight: float = 1.0,
        anchor: str = "previous",
        *,
        decay: float = 0.9,
        every: int = 10,
        reduction: str = "sum",
    ):
        if not weight > 0 or not 0 <= decay < 1:
            raise ValueError(
                f"got weight={weight!r}, decay={decay!r}: expected weight > 0 and decay in [0, 1)"
            )
        if anchor not in ANCHORS or reduction not in ("sum", "mean"):
            raise ValueError(
                f"got anchor={anchor!r}, reduction={reduction!r}: expected an anchor of {', '.join(map(repr, ANCHORS))}, and 'sum' or "
                "'mean'"
            )
        if every < 2:
            raise ValueError(
                f"every got {every}: expected 2 or more. A copy that is renewed before each step equals the weights, and the term and its "
                "gradient are 0: so is the published script"
            )
        self.weight, self.anchor, self.decay = float(weight), anchor, decay
        self.every, self.reduction = every, reduction
        self._held: dict[str, Tensor] = {}  # weights of G°; none before the first update
        self._now: dict[str, Tensor] = {}
        self._steps = 0

    def before_step(self, model: AdversarialModel) -> None:
        if self.anchor == "previous":
            self._now = _copy(_generator(model))
        elif not self._held:
            self._held = _copy(_generator(model))

    def generator_term(self, model: AdversarialModel, x: Tensor, figures: dict[str, Tensor]) -> Tensor | None:
        if "fake" not in figures or "z" not in figures:
            raise ValueError(
                f"the generator's figures hold {', '.join(figures)}: expected fake and z among them, to compare with the same noise"
            )
        if not self._held:
            return None
        with torch.no_grad():
            anchor = functional_call(_generator(model), self._held, (figures["z"],))
        return self.weight * proximal_term(figures["fake"], anchor, self.reduction)

    @torch.no_grad()
    def after_step(self, model: AdversarialModel) -> None:
        self._steps += 1
        if self.anchor == "previous":
            self._held = self._now
        elif self.anchor == "ema":
            for name, value in _generator(model).state_dict().items():
                if value.is_floating_point():
                    self._held[name].lerp_(value, 1 - self.decay)
                else:
                    self._held[name].copy_(value)
        elif self._steps % self.every == 0:
            self._held = _copy(_generator(model))

    def state(self) -> dict[str, Tensor]:
        return {f"held.{name}": value for name, value in self._held.items()} | {
            "steps": torch.tensor(self._steps)
        }

    def load_state(self, state: dict[str, Tensor]) -> None:
        self._steps = int(state["steps"])
        self._held = {
            name.removeprefix("held."): value for name, value in state.items() if name.startswith("held.")
        }


def _generator(model: AdversarialModel) -> nn.Module:
    generator = getattr(model, "generator", None)
    if not isinstance(generator, nn.Module):
        raise ValueError(
            f"{type(model).__name__} has no generator: expected a module of that name, noise (B, D) → (B, *shape)"
        )
    return generator


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
