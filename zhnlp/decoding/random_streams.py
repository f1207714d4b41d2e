"""Random numbers that belong to a row: the same whatever other rows are in the batch, and however long they go on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from zhnlp.decoding.options import PerRow


def uniforms(seed: int | PerRow | None, rows: int, samples: int, length: int) -> Tensor:
    """Numbers in [0, 1), float64 (rows × samples, length): one a step, for each sample of each row.

    Args:
        seed: one for all, whose i-th stream row i gets; or one a row, whose first stream it gets.  None draws one from torch's
            generator.

    Example:
        >>> several = uniforms(7, rows=3, samples=2, length=4)
        >>> torch.equal(uniforms(7, rows=2, samples=1, length=9)[1, :4], several[2])  # row 1, its first sample
        True
        >>> torch.equal(uniforms(PerRow([5, 7]), rows=2, samples=1, length=4)[1], several[0])
        True
    """
    if seed is None:
        seed = int(torch.randint(2**63 - 1, ()))
    streams = [(one, 0) for one in seed] if isinstance(seed, PerRow) else [(seed, row) for row in range(rows)]
    drawn = [
        np.random.default_rng([*stream, sample]).random(length)
        for stream in streams
        for sample in range(samples)
    ]
    return torch.from_numpy(np.stack(drawn))
