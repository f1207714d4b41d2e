"""VAT: predictions shall not change in the direction in which they would change most.  Needs no labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.training.regularizers.base import Regularizer, at_least_float32, forward, logits_of
from zhnlp.training.regularizers.embedding_noise import (
    SameNoise,
    embedding_module,
    first_tensor,
    frozen_statistics,
    shifted,
)
from zhnlp.training.regularizers.r_drop import places
from zhnlp.training.seeds import derive_seed, drawn_apart


class VAT(Regularizer):
    """L + α KL(p(x) ‖ p(x + r)), r of length ε per sample the direction of largest change (by power iteration).

    Args:
        epsilon: ε > 0, length of r in the output of ``embeddings``, each sample's L2 norm.
        alpha: weight of the term.
        steps: power iterations, ≥ 1.
        xi: length of the trial step, small.
        embeddings: name of the module whose output is disturbed; None: the model's input embeddings. For models on
            numbers put an nn.Identity() first and name it.
        unlabelled: batches (inputs of the model, re-iterable, e.g. a DataLoader) whose term is added instead of that of
            the labelled batch, round and round; this is where VAT pays. Several processes take turns, a resumed
            training goes on where it was, and a loader that shuffles draws from a seed of each round.

    Costs ``steps`` + 2 forward and ``steps`` + 1 backward passes, all with the same dropout; BatchNorm's running statistics stay as
    they are.

    Raises:
        ValueError: an argument is out of range, no embeddings are found, or ``unlabelled`` is empty.

    Source: 苏剑林, https://kexue.fm/archives/7466; Miyato et al. 2017, https://arxiv.org/abs/1704.03976
    """

    def __init__(
        self,
        epsilon: float = 1.0,
        alpha: float = 1.0,
        *,
        steps: int = 1,
        xi: float = 0.1,
        embeddings: str | None = None,
        unlabelled: Iterable[Any] | None = None,
    ):
        if not epsilon > 0 or not xi > 0 or steps < 1 or not alpha >= 0:
            raise ValueError(
                f"epsilon, xi, steps, alpha got {epsilon!r}, {xi!r}, {steps!r}, {alpha!r}: expected lengths above 0, "
                "1 step or more, alpha 0 or more"
            )
        self.epsilon, self.alpha, self.steps, self.xi = float(epsilon), float(alpha), int(steps), float(xi)
        self.embeddings, self.unlabelled = embeddings, unlabelled
        self._row: Iterator[Any] | None = None
        self._drawn = 0  # batches, by this process

    def loss(self, model: nn.Module, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        if self.alpha == 0 or not model.training:
            return loss
        return loss + self.alpha * self.smoothness(
            model, inputs if self.unlabelled is None else self._next(inputs)
        )

    def smoothness(self, model: nn.Module, inputs: Any) -> Tensor:
        """KL(p(x) ‖ p(x + r)), mean over the batch, in nats, 0-d, with its graph."""
        if isinstance(inputs, Mapping):
            inputs_without = {key: value for key, value in inputs.items() if key != "labels"}
        else:
            inputs_without = inputs
        module = embedding_module(model, self.embeddings)
        noise = SameNoise(first_tensor(inputs))
        shape: list[Tensor] = []
        handle = module.register_forward_hook(lambda _module, _args, output: shape.append(output.detach()))
        with frozen_statistics(model):
            try:
                with torch.no_grad(), noise.again():
                    clean = logits_of(forward(model, inputs_without))
            finally:
                handle.remove()
            where = places(inputs, clean)
            direction = torch.randn_like(at_least_float32(shape[0]))
            for _ in range(self.steps):
                trial = (self.xi * _unit(direction)).requires_grad_()
                with torch.enable_grad(), noise.again(), shifted(module, trial):
                    change = divergence(clean, logits_of(forward(model, inputs_without)), where)
                (direction,) = torch.autograd.grad(change, [trial])
            with noise.again(), shifted(module, self.epsilon * _unit(direction)):
                return divergence(clean, logits_of(forward(model, inputs_without)), where)

    def state_dict(self) -> dict[str, Any]:
        """How many unlabelled batches were drawn."""
        return {} if self.unlabelled is None else {"drawn": self._drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._row, self._drawn = None, state.get("drawn", 0)

    def _next(self, inputs: Any) -> Any:
        if self._row is None:
            rank, world = 0, 1
            if torch.distributed.is_available() and torch.distributed.is_initialized():
                rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
            self._row = islice(_rounds(self.unlabelled), self._drawn * world + rank, None, world)
        batch = next(self._row)
        self._drawn += 1
        return _to(batch, first_tensor(inputs).device)


def _rounds(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches round after round, each drawn under a seed of its own."""
    for turn in count():
        empty = True
        for batch in drawn_apart(batches, derive_seed("unlabelled", turn)):
            empty = False
            yield batch
        if empty:
            raise ValueError(
                "unlabelled gave no batch: expected inputs of the model, re-iterable (a list, a DataLoader)"
            )


def divergence(clean: Tensor, other: Tensor, where: Tensor | None = None) -> Tensor:
    """KL(p ‖ q) of logits (…, C), mean over places (where ``where`` is true), in nats; ``clean`` gives p."""
    log_p, log_q = (F.log_softmax(at_least_float32(logits), -1) for logits in (clean, other))
    each = (log_p.exp() * (log_p - log_q)).sum(-1)
    return each.mean() if where is None else (each * where).sum() / where.sum().clamp(min=1)


def _unit(direction: Tensor) -> Tensor:
    """Every sample (first dimension) at length 1."""
    length = torch.linalg.vector_norm(direction.flatten(1), dim=1).clamp(min=1e-12)
    return direction / length.view(-1, *[1] * (direction.ndim - 1))


def _to(batch: Any, device: torch.device) -> Any:
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {key: _to(value, device) for key, value in batch.items()}
    return type(batch)(_to(value, device) for value in batch) if isinstance(batch, (list, tuple)) else batch
