"""Unit vectors that lie as those of sentences do: in clusters, some of them equal."""

import numpy as np


def clustered(count, width, *, seed=0, clusters=None, spread=0.8):
    """(count, width) of float32 and length 1 around random centres."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((clusters or max(count // 50, 1), width))
    rows = centres[chance.integers(0, len(centres), count)] + spread * chance.standard_normal((count, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def brute_force(queries, vectors, k, keep=None):
    """Places and scores by float64 over everything: higher score, then lower place."""
    scores = (
        (vectors.astype(np.float64)[None] * queries.astype(np.float64)[:, None]).sum(2).astype(np.float32)
    )
    if keep is not None:
        scores[:, ~keep] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[
        :, : min(k, len(vectors) if keep is None else keep.sum())
    ]
    return np.take_along_axis(scores, order, 1), order
