"""How smooth the loss of a torch model is on a batch: gradient, greatest curvature, and what a step does.

Source: https://kexue.fm/archives/6992; Santurkar et al. 2018, https://arxiv.org/abs/1805.11604
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from zhnlp.generative.theory.smoothness.hessian import top_eigenvalue
from zhnlp.generative.theory.smoothness.moments import MomentReport, moment_report

MEASURED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


@dataclass(frozen=True, eq=False)
class SmoothnessReport:
    """Of one model on one batch; S step lengths.

    Attributes:
        loss: at the parameters as they are.
        gradient_norm: |∇|.
        eigenvalue: the greatest of the Hessian, λ.
        lrs: (S,) step lengths η, tried along the gradient.
        losses: (S,) at θ - η ∇.
        gradient_change: (S,) |∇(θ - η ∇) - ∇|.
        layers: name → `MomentReport` of the input of every dense layer (rows) and convolution (channels).
    """

    loss: float
    gradient_norm: float
    eigenvalue: float
    lrs: Tensor
    losses: Tensor
    gradient_change: Tensor
    layers: Mapping[str, MomentReport]

    @property
    def largest_lr(self) -> float:
        """2 / λ, the limit of stable descent where the loss is quadratic; infinite where nothing curves upwards."""
        return 2 / self.eigenvalue if self.eigenvalue > 0 else float("inf")

    @property
    def lipschitz(self) -> Tensor:
        """|∇(θ - η ∇) - ∇| / (η |∇|), (S,): the Lipschitz constant of the gradient along the step, at least."""
        return self.gradient_change / (self.lrs * self.gradient_norm)

    @property
    def predicted(self) -> Tensor:
        """loss - (η - λ η² / 2) |∇|², (S,): the bound of the descent lemma, where λ bounds the curvature on the way."""
        return self.loss - (self.lrs - self.eigenvalue * self.lrs**2 / 2) * self.gradient_norm**2


def smoothness_report(
    model: nn.Module,
    batch: Mapping[str, Any] | Sequence[Any],
    loss_fn: Callable[[Any, Any], Tensor] = F.cross_entropy,
    *,
    lrs: Sequence[float] | None = None,
    iterations: int = 300,
    tolerance: float = 1e-3,
    seed: int = 0,
) -> SmoothnessReport:
    """Measure; parameters, running statistics and gradients of the model are afterwards as they were.

    The model is used in the mode it is in, so that batch normalisation takes statistics of the batch in training mode; dropout
    is off.

    Args:
        model: any torch model whose loss can be differentiated twice.
        batch: (inputs, targets) for ``loss_fn(model(inputs), targets)``, or named arguments of a model that gives ``.loss``, as
            those of transformers do.
        loss_fn: for a pair, → ().
        lrs: step lengths > 0; unless given, 12 from 0.02 to 4 times 1 / λ.
        iterations, tolerance, seed: of `top_eigenvalue`.

    Raises:
        ValueError: a batch of another form, no loss, a step length that is not above 0, a model without parameters.

    Example:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> with torch.no_grad():
        ...     model.weight.copy_(torch.tensor([[1.0, 0.0]]))
        Parameter containing:
        tensor([[1., 0.]], requires_grad=True)
        >>> x = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
        >>> report = smoothness_report(model, (x, torch.zeros(2, 1)), F.mse_loss)
        >>> round(report.eigenvalue, 3), round(report.gradient_norm, 3), report.layers[""].raw.eigenvalue
        (9.0, 9.0, 4.5)
    """
    parameters = [each for each in model.parameters() if each.requires_grad]
    if not parameters:
        raise ValueError("the model has no parameter that requires a gradient: expected at least one")

    def loss() -> Tensor:
        return _loss(model, batch, loss_fn)

    with (
        _undisturbed(model),
        sdpa_kernel(SDPBackend.MATH),
    ):  # other attention kernels have no second derivative
        inputs: dict[str, Tensor] = {}
        with _recorded(model, inputs):
            first, slope = _loss_and_gradient(loss, parameters)
        top = top_eigenvalue(loss, parameters, iterations=iterations, tolerance=tolerance, seed=seed)
        steps = torch.as_tensor(_lrs(top.value) if lrs is None else lrs, dtype=torch.float64)
        if steps.ndim != 1 or not len(steps) or not (steps > 0).all():
            raise ValueError(f"lrs got {lrs}: expected a list of step lengths above 0")
        losses, changes = [], []
        kept = [each.detach().clone() for each in parameters]
        try:
            for lr in steps.tolist():
                with torch.no_grad():
                    for each, old, towards in zip(parameters, kept, slope):
                        each.copy_(old - lr * towards)
                moved, there = _loss_and_gradient(loss, parameters)
                losses.append(moved)
                changes.append(_norm([a - b for a, b in zip(there, slope)]))
        finally:
            with torch.no_grad():
                for each, old in zip(parameters, kept):
                    each.copy_(old)
    layers = {name: moment_report(x) for name, x in inputs.items()}
    changes, losses = (torch.tensor(each, dtype=torch.float64) for each in (changes, losses))
    return SmoothnessReport(first, _norm(slope), top.value, steps, losses, changes, layers)


def _lrs(eigenvalue: float) -> Tensor:
    return torch.logspace(-1.7, 0.6, 12, dtype=torch.float64) / max(abs(eigenvalue), 1e-12)


def _loss(model: nn.Module, batch: Any, loss_fn: Callable[[Any, Any], Tensor]) -> Tensor:
    if isinstance(batch, Mapping):
        loss = getattr(model(**batch), "loss", None)
        if loss is None:
            raise ValueError("the model gave no loss: expected one. Likely the batch has no labels")
        return loss
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ValueError(
            f"batch got {type(batch).__name__}: expected a pair (inputs, targets), or named arguments"
        )
    loss = loss_fn(model(batch[0]), batch[1])
    if loss.ndim:
        raise ValueError(f"loss_fn gave shape {tuple(loss.shape)}: expected one number. Next: take the mean")
    return loss


def _loss_and_gradient(loss: Callable[[], Tensor], parameters: list[Tensor]) -> tuple[float, list[Tensor]]:
    value = loss()
    slopes = torch.autograd.grad(value, parameters, allow_unused=True)
    return value.item(), [
        torch.zeros_like(p) if slope is None else slope for p, slope in zip(parameters, slopes)
    ]


def _norm(pieces: Sequence[Tensor]) -> float:
    return sum(each.double().square().sum().item() for each in pieces) ** 0.5


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """Dropout off, and buffers restored afterwards."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    active = [module for module in model.modules() if isinstance(module, DROPOUTS) and module.training]
    for module in active:
        module.eval()
    try:
        yield
    finally:
        for module in active:
            module.train()
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])


@contextmanager
def _recorded(model: nn.Module, inputs: dict[str, Tensor]) -> Iterator[None]:
    """The first input of every dense layer and convolution, as rows (N, D)."""

    def keep(name: str):
        def hook(module: nn.Module, arguments: tuple) -> None:
            x = arguments[0].detach()
            if not isinstance(module, nn.Linear):
                x = x.movedim(-1 - len(module.kernel_size), -1)  # channels last
            inputs.setdefault(name, x.reshape(-1, x.shape[-1]))

        return hook

    handles = [
        module.register_forward_pre_hook(keep(name))
        for name, module in model.named_modules()
        if isinstance(module, MEASURED)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
