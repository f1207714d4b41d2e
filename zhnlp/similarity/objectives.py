"""A loss by name over the network of an encoder, as a trainer calls it.

B rows of a batch, k texts a row (their columns), C groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.nn.losses.a_softmax import a_softmax
from zhnlp.nn.losses.am_softmax import am_softmax
from zhnlp.nn.losses.angle import angle
from zhnlp.nn.losses.arcface import arcface
from zhnlp.nn.losses.batch_hard_triplet import batch_hard_triplet
from zhnlp.nn.losses.circle import circle
from zhnlp.nn.losses.contrast import contrast
from zhnlp.nn.losses.cosent import cosent
from zhnlp.nn.losses.cosine import cosines, paired_cosines
from zhnlp.nn.losses.norm_softmax import norm_softmax
from zhnlp.nn.losses.sampled_classes import ClassCentres
from zhnlp.nn.losses.simcse import simcse, supervised_simcse
from zhnlp.nn.losses.simpler_a_softmax import simpler_a_softmax
from zhnlp.nn.losses.triplet import triplet

CLASSES: dict[str, Callable[..., Tensor]] = {
    "am-softmax": am_softmax,
    "softmax": norm_softmax,
    "arcface": arcface,
    "a-softmax": a_softmax,
    "simpler-a-softmax": simpler_a_softmax,
}  # against one vector a group
LOSSES = {
    "groups": (*CLASSES, "contrast", "circle", "batch-hard-triplet"),
    "pairs": ("cosent", "angle", "sbert", "contrast"),
    "triples": ("supervised-simcse", "triplet"),
    "texts": ("simcse",),
}  # the first is what is taken where none is named


class Objective(nn.Module):
    """The network, what its loss needs besides, and the loss of a batch.

    Args:
        network: ids and mask (k B, L) → vectors (k B, D); the rows are column after column.
        form: of the examples.
        loss: a name of `LOSSES` for that form.
        labels: how many different groups or grades there are.
        size: D.
        sample: groups of a step that "…softmax" compares with; None for all (Partial-FC for a million).
        **options: of the loss: ``scale``, ``margin`` …

    Raises:
        ValueError: the loss is not one for the form.
    """

    def __init__(
        self,
        network: nn.Module,
        form: str,
        loss: str,
        *,
        labels: int,
        size: int,
        sample: int | None = None,
        **options: Any,
    ):
        super().__init__()
        if loss not in LOSSES[form]:
            raise ValueError(
                f"loss={loss!r} does not learn from {form}: expected one of {', '.join(map(repr, LOSSES[form]))}"
            )
        self.network, self.form, self.name, self.options = network, form, loss, options
        self.centres = ClassCentres(size, labels, sample=sample) if loss in CLASSES else None
        self.classifier = nn.Linear(3 * size, labels) if loss == "sbert" else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> dict[str, Tensor]:
        vectors = self.network(input_ids, attention_mask)
        parts = vectors.unflatten(0, (-1, len(labels)))  # (k, B, D)
        return {"loss": getattr(self, f"_{self.form}")(parts, labels)}

    def _groups(self, parts: Tensor, labels: Tensor) -> Tensor:
        if self.centres is not None:
            cos, target = self.centres(parts[0], labels)
            return CLASSES[self.name](cos, target, **self.options)
        if self.name == "contrast":
            return contrast(cosines(*parts), groups=labels, others=labels, **self.options)
        both, groups = parts.flatten(0, 1), labels.repeat(len(parts))
        loss = circle if self.name == "circle" else batch_hard_triplet
        return loss(cosines(both), groups, **self.options)

    def _pairs(self, parts: Tensor, labels: Tensor) -> Tensor:
        first, second = parts
        if self.name == "cosent":
            return cosent(paired_cosines(first, second), labels, **self.options)
        if self.name == "angle":
            return angle(first, second, labels, **self.options)
        if self.name == "sbert":
            features = torch.cat([first, second, (first - second).abs()], -1)
            return F.cross_entropy(self.classifier(features), labels.long())
        return contrast(cosines(first, second), groups=labels, **self.options)

    def _triples(self, parts: Tensor, labels: Tensor) -> Tensor:
        anchor, right, wrong = parts
        if self.name == "triplet":
            return triplet(paired_cosines(anchor, right), paired_cosines(anchor, wrong), **self.options)
        return supervised_simcse(cosines(anchor, torch.cat([right, wrong])), **self.options)

    def _texts(self, parts: Tensor, labels: Tensor) -> Tensor:
        readings = parts.transpose(0, 1).flatten(0, 1)  # a, a', b, b', …
        return simcse(cosines(readings), groups=labels.repeat_interleave(2), **self.options)
