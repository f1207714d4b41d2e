"""What a network says of many rows: batches by length, the caller's order, no gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhnlp.few_shot.baselines.rows import pad_rows
from zhnlp.mining.progress import Progress
from zhnlp.models.batching import batches_by_length, default_budget
from zhnlp.models.loading import dtype_of
from zhnlp.models.precision import fast_dtype


def read(
    call: Callable[[dict[str, Tensor]], Tensor],
    rows: Sequence[Mapping[str, list[int]]],
    padding: int,
    device: torch.device,
    dtype: Any = None,
    progress: bool | None = None,
) -> np.ndarray:
    """One row of numbers (N, C) or (N, D) in float32 for each row of ids.

    Raises:
        ValueError: the network gives nan or infinite numbers.
    """
    found: list[np.ndarray | None] = [None] * len(rows)
    low = fast_dtype(device) if dtype is None else dtype_of(dtype) if isinstance(dtype, str) else dtype
    bars, lengths = Progress(progress), [len(row["input_ids"]) for row in rows]
    with (
        torch.inference_mode(),
        torch.autocast(device.type, low, enabled=low is torch.bfloat16),
        bars.stage("read", len(rows), "text"),
    ):
        for batch in batches_by_length(lengths, token_budget=default_budget(device)):
            inputs = pad_rows([rows[number] for number in batch], padding)
            values = call({name: tensor.to(device) for name, tensor in inputs.items()}).float().cpu().numpy()
            for number, value in zip(batch, values, strict=True):
                found[number] = value
            bars.advance(len(batch))
    table = np.stack(found)
    if not np.isfinite(table).all():
        raise ValueError(
            "the network gives nan or infinite numbers: expected finite ones. The training likely diverged, or the weights "
            "are broken. Next: a smaller learning_rate, or dtype='float32'"
        )
    return table
