"""What all generative models have in common: a loss to lower, samples to draw; fit, save and load.

A model gives `loss` and `sample`; where its theory has them also `log_prob` or `bound` (nats, (B,)), `encode` and `decode`.
One word means one thing in all of them: ``x`` an example, ``y`` its label, ``latent`` the numbers of a code, ``preset``, ``hidden`` and
``output`` the networks, ``levels`` the values of a pixel, ``seed`` of draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

from zhnlp.training.seeds import own_randomness

if TYPE_CHECKING:
    from zhnlp.generative.rows import Rows


class GenerativeModel(nn.Module, PyTorchModelHubMixin):
    """Base of the models of `zhnlp.generative`; x is (B, *shape), y (B,) labels where a model takes them.

    The arguments of a subclass's constructor are plain JSON values, which `save` keeps, or modules, which it does not: a model made
    with an ``encoder=`` of one's own is loaded with ``load(folder, encoder=…)``.

    Attributes:
        shape: of one example.
        steps: steps of training so far, kept with the weights; warm-ups go by it.
        history_: one dict of figures for each pass of the last `fit`.
    """

    shape: tuple[int, ...]
    takes_labels: ClassVar[bool] = False  # whether `fit` needs labels

    def __init__(self, shape: Sequence[int]):
        super().__init__()
        self.shape = tuple(int(size) for size in shape)
        if not self.shape or min(self.shape) < 1:
            raise ValueError(
                f"shape is {tuple(shape)}: expected sizes of one example, such as (1, 28, 28) or (2,)"
            )
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.history_: list[dict[str, float]] = []

    # --- what a model gives ----------------------------------------------------------------------------------------

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """0-d figures; ``loss`` is lowered (nats per example, mean over the batch), the others are logged."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its loss is")

    def sample(self, n: int, *, seed: int | None = None) -> Tensor:
        """``n`` new examples (n, *shape); the same for the same seed, and the global random numbers then stay where they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to sample")

    @property
    def value_range(self) -> tuple[float, float]:
        """The least and the greatest value that an example can have, in data and in samples; infinite where any goes."""
        return -math.inf, math.inf

    # --- learning --------------------------------------------------------------------------------------------------

    def forward(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """`loss`, as the trainer calls it; counts the steps."""
        if self.training:
            self.steps += 1
        return self.loss(x, y)

    def fit(self, data: Any, valid: Any = None, *, labels: Any = None, **training: Any) -> GenerativeModel:
        """Train through the package's trainer; returns the model in evaluation mode.

        Args:
            data: (N, *shape); values in the range that the model's likelihood expects.
            valid: rows to score after each pass and to keep the best pass by; a tuple is (rows, labels); None trains to the end.
            labels: (N,) whole numbers, for models that take them.
            **training: of `zhnlp.generative.fitting.Fitting`: ``epochs``, ``batch_size``, ``learning_rate``, ``seed``, ``ema``,
                ``patience``, ``out`` …

        Raises:
            ValueError: the data is empty, of another shape, not finite or outside of `value_range`, labels are missing, or a setting is
                out of its range.
            FloatingPointError: the loss became nan or infinite.
        """
        from zhnlp.generative.fitting import Fitting, fit
        from zhnlp.generative.rows import Rows

        rows, held_out = self._rows(data, labels), None
        if valid is not None:
            held_out = Rows(*(valid if isinstance(valid, tuple) else (valid,)), shape=self.shape)
        self.history_ = fit(self, rows, held_out, Fitting(**training))
        return self

    def _rows(self, data: Any, labels: Any) -> Rows:
        """The rows to learn from, once they are looked through."""
        from zhnlp.generative.rows import Rows

        if self.takes_labels and labels is None:
            raise ValueError(
                f"{type(self).__name__} learns from labels too: expected fit(data, labels=(N,) whole numbers)"
            )
        rows = Rows(data, labels, self.shape)
        low, high = self.value_range
        if rows.x.min() < low or rows.x.max() > high:
            raise ValueError(
                f"the data goes from {rows.x.min():.3g} to {rows.x.max():.3g}: expected {low:g} to {high:g}, which is all that "
                f'this {type(self).__name__} can draw. Next: scale the data, or a model with output="tanh" for [-1, 1], '
                '"linear" for any values'
            )
        return rows

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write ``config.json`` and ``model.safetensors``."""
        self.save_pretrained(folder)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path, **modules: Any) -> GenerativeModel:
        """As `save` wrote it, in evaluation mode.

        Args:
            folder: or a Hub id.
            **modules: networks of one's own that the model was made with.

        Raises:
            ValueError: the weights are of another model, e.g. because such a network is missing.
        """
        from safetensors import SafetensorError

        try:
            return cls.from_pretrained(str(folder), strict=True, **modules).eval()
        except (RuntimeError, SafetensorError) as error:
            raise ValueError(
                f"the weights in {folder} do not fit {cls.__name__}: {str(error).splitlines()[-1].strip()} "
                "Likely it was made with networks of your own. Next: load(folder, encoder=…, decoder=…)"
            ) from error

    # --- for subclasses --------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.steps.device

    @contextmanager
    def drawing(self, seed: int | None) -> Iterator[None]:
        """Evaluation mode without gradients, on random numbers of its own where ``seed`` is given."""
        was = self.training
        self.eval()
        try:
            with torch.no_grad():
                if seed is None:
                    yield
                else:
                    with own_randomness(seed):
                        yield
        finally:
            self.train(was)
