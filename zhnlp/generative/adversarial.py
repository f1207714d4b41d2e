"""Models of two players: a critic, whose scores are high for real examples, and a generator; trained in turn on accelerate.

`AdversarialModel` says what the players lower; `AdversarialFitting` how often and how fast; `Part` is what a technique may add.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.generative.model import GenerativeModel


class AdversarialModel(GenerativeModel):
    """Base of models whose critic and generator learn in turn; scores are high for what is real.

    A subclass gives `critic_loss`, `generator_loss`, `critic_modules`, `generator_modules` and `sample`.
    """

    def critic_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """0-d figures of the critic on real rows x; ``loss`` is lowered. The generator's part is not to be differentiated."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its critic lowers")

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """0-d figures of the generator; ``loss`` is lowered. A `Part` finds ``fake`` and ``z`` among them, where they are given."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its generator lowers")

    def critic_modules(self) -> list[nn.Module]:
        raise NotImplementedError

    def generator_modules(self) -> list[nn.Module]:
        raise NotImplementedError

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """The generator's figures, and the critic's as ``critic_…``; `fit` takes each on its own."""
        figures = {name: value for name, value in self.generator_loss(x, y).items() if value.ndim == 0}
        return figures | {
            f"critic_{name}": value for name, value in self.critic_loss(x, y).items() if value.ndim == 0
        }

    def forward(self, x: Tensor, y: Tensor | None = None, player: str | None = None) -> dict[str, Tensor]:
        """The figures of one player: "critic" or "generator"."""
        if player is None:
            return self.loss(x, y)
        if player == "generator" and self.training:
            self.steps += 1
        return self.critic_loss(x, y) if player == "critic" else self.generator_loss(x, y)

    def fit(self, data: Any, *, labels: Any = None, **training: Any) -> AdversarialModel:
        """Train critic and generator in turn; returns the model in evaluation mode.

        Args:
            data: (N, *shape), or a function ``(n, torch.Generator) -> (n, *shape)`` that draws fresh rows.
            labels: (N,) whole numbers, for models that take them.
            **training: of `AdversarialFitting`: ``steps``, ``batch_size``, ``critic_steps``, ``generator_steps``, ``critic_rate``,
                ``generator_rate``, ``betas``, ``ema``, ``parts``, ``out``, ``seed`` …

        Raises:
            ValueError: the data is empty, of another shape, not finite or outside of `value_range`, or a setting is out of its range.
            FloatingPointError: a loss became nan or infinite.
        """
        from zhnlp.generative.alternating import fit

        if callable(data) and labels is not None:
            raise ValueError(
                "labels were given beside a function that draws rows: expected rows (N, …) to label"
            )
        rows = data if callable(data) else self._rows(data, labels)
        self.history_ = fit(self, rows, AdversarialFitting(**training))
        return self


class Part:
    """What a technique may do in the generator's step: look before it, add a term to its loss, look after it."""

    def before_step(self, model: AdversarialModel) -> None:
        """Called before each step of the generator."""

    def generator_term(self, model: AdversarialModel, x: Tensor, figures: dict[str, Tensor]) -> Tensor | None:
        """A 0-d term to add to the generator's loss, or None; ``figures`` is what `generator_loss` gave."""
        return None

    def after_step(self, model: AdversarialModel) -> None:
        """Called after each step of the generator."""

    def state(self) -> dict[str, Tensor]:
        """Tensors that a resumed training needs."""
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""


@dataclass(frozen=True)
class AdversarialFitting:
    """How two players are trained.

    Attributes:
        steps: rounds; in each the critic makes ``critic_steps`` steps, then the generator ``generator_steps``.
        batch_size: rows of a step.
        critic_rate, generator_rate: learning rates of Adam, constant.
        betas: of Adam; (.5, .999) is usual here, since the loss moves.
        ema: decay of the average of the generator's weights, put in place at the end; None for none. It makes orbits settle.
        clip: greatest norm of a player's gradient; 0 for none.
        parts: of `Part`, such as the proximal regulariser of post 5716.
        log_every: rounds between two entries of the history.
        sample_every: rounds between pictures of samples in ``out``; None for none.
        samples: examples in such a picture.
        save_every: rounds between checkpoints in ``out``.
        out: folder of checkpoints, ``log.jsonl`` and ``samples/``, in which a second call continues; None for none.
        seed: of batches and draws.
        progress: a bar; None on a terminal only.
        mixed_precision: "no", "bf16" or "fp16", of accelerate.
    """

    steps: int = 2000
    batch_size: int = 128
    critic_steps: int = 1
    generator_steps: int = 1
    critic_rate: float = 1e-3
    generator_rate: float = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)
    ema: float | None = None
    clip: float = 0.0
    parts: Sequence[Part] = ()
    log_every: int = 100
    sample_every: int | None = None
    samples: int = 64
    save_every: int = 500
    out: str | Path | None = None
    seed: int = 0
    progress: bool | None = None
    mixed_precision: str = "no"

    def __post_init__(self):
        for name in ("steps", "batch_size", "critic_steps", "generator_steps", "log_every", "save_every"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int)
                or value < (0 if name == "critic_steps" else 1)
            ):
                raise ValueError(f"{name}={value!r} is not possible: expected a whole number, 1 or more")
        for name in ("critic_rate", "generator_rate"):
            if not 0 < getattr(self, name) < 1e6:
                raise ValueError(f"{name}={getattr(self, name)!r} is not possible: expected a number above 0")
        if self.sample_every is not None and self.out is None:
            raise ValueError(
                "sample_every draws pictures into out: expected a folder. Next: fit(…, out=folder)"
            )


def frozen(modules: Sequence[nn.Module]) -> Any:
    """A context in which the modules' parameters get no gradients."""
    return _Frozen(modules) if modules else nullcontext()


class _Frozen:
    def __init__(self, modules: Sequence[nn.Module]):
        self.modules = modules

    def __enter__(self) -> None:
        self.learnt = [one for module in self.modules for one in module.parameters() if one.requires_grad]
        for parameter in self.learnt:
            parameter.requires_grad_(False)

    def __exit__(self, *error: Any) -> None:
        for parameter in self.learnt:
            parameter.requires_grad_(True)


def parameters_of(modules: Sequence[nn.Module]) -> list[torch.nn.Parameter]:
    """Each parameter of the modules once."""
    return list({id(one): one for module in modules for one in module.parameters()}.values())
