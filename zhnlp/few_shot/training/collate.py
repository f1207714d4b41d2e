"""Rows of a batch as tensors, each question with its weight in the loss.

B rows, L positions, M questions, E answers (one a question, more with soft labels), P trainable tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhnlp.few_shot.training.rows import Question, Row

UNLIKELY = ("wrong", "contrast")  # roles of rows whose answers are to be unlikely


class PromptCollator:
    """Makes rows of samples and a batch of the rows.

    Args:
        draw: the rows of a sample, made anew each time.
        pad: id of the padding token.
        text_weight: of the mean over the text against the mean over the label slots; None for post 7764's one mean over
            all corrupted positions.
        conditioning: weight of the mean over the rows of label conditioning.

    A batch has ``input_ids`` and ``attention_mask`` (B, L); ``where`` (M,), the questions' positions in the batch laid
    flat; ``question``, ``token``, ``weight`` and ``unlikely`` (E,); ``slots``, numbers of the questions for a label;
    ``soft_where`` and ``soft_row`` (P,).
    """

    def __init__(
        self,
        draw: Callable[[Any, np.random.Generator], Sequence[Row]],
        pad: int,
        *,
        text_weight: float | None = None,
        conditioning: float = 0.0,
    ):
        self.draw, self.pad, self.text_weight, self.conditioning = draw, pad, text_weight, conditioning

    def __call__(self, samples: Sequence[Any]) -> dict[str, Tensor]:
        rng = np.random.default_rng(
            np.random.randint(0, 2**31, size=4)
        )  # seeded for each batch by the loader
        rows = [row for sample in samples for row in self.draw(sample, rng)]
        return as_batch(rows, self.pad, text_weight=self.text_weight, conditioning=self.conditioning)


def as_batch(
    rows: Sequence[Row], pad: int, *, text_weight: float | None = None, conditioning: float = 0.0
) -> dict[str, Tensor]:
    """The tensors of some rows, as `PromptCollator` describes them.

    Example:
        >>> from zhnlp.few_shot.training.rows import Question
        >>> row = Row([2, 4, 7, 3], [Question(1, ((9, 1.0),), True), Question(2, ((7, 1.0),))])
        >>> batch = as_batch([row], pad=0)
        >>> batch["where"].tolist(), batch["token"].tolist(), batch["weight"].tolist(), batch["slots"].tolist()
        ([1, 2], [9, 7], [0.5, 0.5], [0])
    """
    length = max(len(row.ids) for row in rows)
    asked = Counter(_group(row, question) for row in rows for question in row.questions)
    worth = _worth(asked, text_weight, conditioning)
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
                columns["weight"].append(share * worth[_group(row, question)])
                columns["unlikely"].append(row.role in UNLIKELY)
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


def _group(row: Row, question: Question) -> str:
    """The questions that one mean is taken over."""
    if row.role in ("right", "wrong"):
        return "conditioning"
    return "label" if question.slot else "text"


def _worth(asked: Mapping[str, int], text_weight: float | None, conditioning: float) -> dict[str, float]:
    """What a question of each group weighs."""
    label, text = asked.get("label", 0), asked.get("text", 0)
    weights = {"label": 1.0, "text": 1.0 if not label else text_weight, "conditioning": conditioning}
    if text_weight is None:
        weights["label"], weights["text"] = label / max(1, label + text), text / max(1, label + text)
    return {name: weight / max(1, asked.get(name, 0)) for name, weight in weights.items()}


def answered(batch: Mapping[str, Tensor]) -> dict[int, int]:
    """Position laid flat → wanted token, for a batch without soft labels; for looking at what is asked."""
    return dict(zip(batch["where"][batch["question"]].tolist(), batch["token"].tolist()))
