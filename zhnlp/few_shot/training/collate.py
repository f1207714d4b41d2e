"""Rows of a batch as tensors, each question with its weight in the loss.

B rows, L positions, M questions, E answers (one a question, more with soft labels), P trainable tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhnlp.few_shot.training.rows import Row

ROLES = {"label": 0, "text": 0, "right": 1, "wrong": 1}  # questions of one group are averaged together


class PromptCollator:
    """Makes rows of samples and a batch of the rows.

    Args:
        draw: the rows of a sample, made anew each time.
        pad: id of the padding token.
        conditioning: weight of the rows of label conditioning; the others weigh 1.

    A batch has ``input_ids`` and ``attention_mask`` (B, L); ``where`` (M,), the questions' positions in the batch laid
    flat; ``question``, ``token``, ``weight`` and ``unlikely`` (E,); ``slots``, numbers of the questions for a label;
    ``soft_where`` and ``soft_row`` (P,).  The weights of labels and text add up to 1: the mean over all corrupted
    positions, as in post 7764; those of label conditioning to ``conditioning``.
    """

    def __init__(
        self,
        draw: Callable[[Any, np.random.Generator], Sequence[Row]],
        pad: int,
        *,
        conditioning: float = 0.0,
    ):
        self.draw, self.pad, self.conditioning = draw, pad, conditioning

    def __call__(self, samples: Sequence[Any]) -> dict[str, Tensor]:
        rng = np.random.default_rng(
            np.random.randint(0, 2**31, size=4)
        )  # seeded for each batch by the loader
        rows = [row for sample in samples for row in self.draw(sample, rng)]
        return as_batch(rows, self.pad, conditioning=self.conditioning)


def as_batch(rows: Sequence[Row], pad: int, *, conditioning: float = 0.0) -> dict[str, Tensor]:
    """The tensors of some rows, as `PromptCollator` describes them.

    Example:
        >>> from zhnlp.few_shot.training.rows import Question
        >>> row = Row([2, 4, 7, 3], [Question(1, ((9, 1.0),), True), Question(2, ((7, 1.0),))])
        >>> batch = as_batch([row], pad=0)
        >>> batch["where"].tolist(), batch["token"].tolist(), batch["weight"].tolist(), batch["slots"].tolist()
        ([1, 2], [9, 7], [0.5, 0.5], [0])
    """
    length = max(len(row.ids) for row in rows)
    asked = [0, 0]
    for row in rows:
        asked[ROLES[row.role]] += len(row.questions)
    worth = [1.0 / max(1, asked[0]), conditioning / max(1, asked[1])]
    columns: dict[str, list] = {
        name: [] for name in ("where", "question", "token", "weight", "unlikely", "slots")
    }
    soft_where, soft_row = [], []
    for number, row in enumerate(rows):
        for question in row.questions:
            if question.slot:
                columns["slots"].append(len(columns["where"]))
            for token, share in question.tokens:
                columns["question"].append(len(columns["where"]))
                columns["token"].append(token)
                columns["weight"].append(share * worth[ROLES[row.role]])
                columns["unlikely"].append(row.role == "wrong")
            columns["where"].append(number * length + question.place)
        soft_where += [number * length + place for place, _ in row.soft]
        soft_row += [one for _, one in row.soft]
    batch = {
        "input_ids": torch.tensor([row.ids + [pad] * (length - len(row.ids)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row.ids) + [0] * (length - len(row.ids)) for row in rows]),
    }
    for name, values in columns.items():
        kind = {"weight": torch.float32, "unlikely": torch.bool}.get(name, torch.int64)
        batch[name] = torch.tensor(values, dtype=kind)
    if soft_where:
        batch["soft_where"], batch["soft_row"] = torch.tensor(soft_where), torch.tensor(soft_row)
    return batch


def answered(batch: Mapping[str, Tensor]) -> dict[int, int]:
    """Position laid flat → wanted token, for a batch without soft labels; for looking at what is asked."""
    return dict(zip(batch["where"][batch["question"]].tolist(), batch["token"].tolist()))
