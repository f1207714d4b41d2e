"""One text ready to be explained: its embeddings, those of its baseline, and what the methods make of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zhnlp.attribution.explainable import Explainable
from zhnlp.attribution.gradients import checked, gradient, gradient_x_input, wide
from zhnlp.attribution.path_integral import adaptive_integrated_gradients, integrated_gradients
from zhnlp.attribution.reading import KEPT, Reading, Span

METHODS = ("integrated-gradients", "gradient", "gradient-x-input", "occlusion")
OUTPUTS = ("logit", "probability")
CPU_BUDGET, GPU_BUDGET = 1024, 32768  # positions that are differentiated together


class Prepared:
    """A reading with its embeddings (L, D) of each view, and the same where every unit is replaced by the baseline.

    Args:
        network: the classifier.
        reading: of the text.
        baseline: "pad", "mask", "zero" or "mean".
        output: "logit" or "probability".
        token_budget: positions of all rows together; None for 1,024 on a CPU and 32,768 elsewhere.

    Raises:
        ValueError: no token of the reading is of the text, or all are unknown.
    """

    def __init__(
        self,
        network: Explainable,
        reading: Reading,
        *,
        baseline: str = "pad",
        output: str = "logit",
        token_budget: int | None = None,
    ):
        _check(network, reading)
        self.network, self.reading, self.output = network, reading, output
        budget = token_budget or (CPU_BUDGET if network.device.type == "cpu" else GPU_BUDGET)
        self._rows = max(1, budget // reading.positions)
        self._units = [np.array(view.units) for view in reading.views]
        reference = network.reference(baseline)
        self.inputs = [network.embed(view).float() for view in reading.views]
        self.baselines = [
            torch.where(self._where(units != KEPT), reference.to(rows.dtype), rows)
            for units, rows in zip(self._units, self.inputs)
        ]

    def ends(self) -> Tensor:
        """Class scores (2, C) of the text and of its baseline."""
        return self.class_scores([torch.stack(pair) for pair in zip(self.inputs, self.baselines)])

    def class_scores(self, embeds: Sequence[Tensor]) -> Tensor:
        """Class scores (B, C) of embeddings (B, L, D) of each view, without gradients."""
        with torch.no_grad():
            return self.network.scores(self.reading, embeds).float()

    def outputs(self, scores: Tensor, number: int) -> Tensor:
        """What is explained, (B,): the logit or the probability of one class."""
        network = self.network
        return (network.probabilities(scores) if self.output == "probability" else network.logits(scores))[
            :, number
        ]

    def kept(self, number: int, kept: np.ndarray) -> np.ndarray:
        """The output (N,) of one class where only the ``kept`` units (N, U) are as in the text."""
        values = []
        for begin in range(0, len(kept), self._rows):
            masks = kept[begin : begin + self._rows]
            embeds = [
                torch.where(self._where(masks[:, units] | (units == KEPT)), rows, baseline)
                for units, rows, baseline in zip(self._units, self.inputs, self.baselines)
            ]
            outputs = self.outputs(self.class_scores(embeds), number)
            values.append(wide(checked(outputs, len(masks))).cpu().numpy())
        return np.concatenate(values) if values else np.zeros(0)

    def shares(
        self, method: str, number: int, steps: int | str, tolerance: float = 0.01
    ) -> tuple[np.ndarray, int]:
        """The score (U,) of each unit for one class, and the points of the path that it took.

        Args:
            steps: points, or "auto" for as many as ``tolerance`` needs.
        """
        if method == "occlusion":
            count = len(self.reading.units)
            values = self.kept(number, np.vstack([np.ones(count, bool), ~np.eye(count, dtype=bool)]))
            return values[0] - values[1:], 1

        def score(*embeds: Tensor) -> Tensor:
            return self.outputs(self.network.scores(self.reading, embeds), number)

        ends, used = (self.inputs, self.baselines), 1
        if method == "integrated-gradients" and steps == "auto":
            parts, used = adaptive_integrated_gradients(
                score,
                *ends,
                tolerance=tolerance,
                rows=self._rows,
                reduce=lambda share: share.sum(-1, keepdim=True),
            )
        elif method == "integrated-gradients":
            parts, used = integrated_gradients(score, *ends, steps=steps, rows=self._rows), steps
        elif method == "gradient-x-input":
            parts = gradient_x_input(score, *ends)
        else:
            parts = tuple(slope[:, None] for slope in gradient(score, *ends))
        shares = np.zeros(len(self.reading.units))
        for units, part in zip(self._units, parts):
            np.add.at(shares, units[units != KEPT], part.sum(-1).cpu().numpy()[units != KEPT])
        return shares, used

    def _where(self, mask: np.ndarray) -> Tensor:
        return torch.from_numpy(mask).to(self.network.device)[..., None]


def _check(network: Explainable, reading: Reading) -> None:
    """Refuse a reading in which there is nothing to explain."""
    shown = " + ".join(repr(text if len(text) <= 40 else text[:40] + "…") for text in reading.fields.values())
    if not reading.spans:
        raise ValueError(
            f"explain got {shown}, of which {network.name} reads no token: expected a text with a character or more"
        )
    unknown = getattr(network.tokenizer, "unk_token_id", None)
    ids = {
        token
        for view in reading.views
        for token, means in zip(view.ids, view.means)
        if isinstance(means, Span)
    }
    if ids == {unknown}:
        raise ValueError(
            f"explain got {shown}, of which {network.name} knows no character (all are {network.tokenizer.unk_token}): there is "
            "nothing to tell them apart by. Next: check the encoding of the text, or take another model"
        )
