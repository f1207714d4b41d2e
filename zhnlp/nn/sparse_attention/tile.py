"""A part of the scores that is computed at once: some queries, some keys, and which of the pairs count.

B batch, H heads, G groups, Q queries and K keys of a group, d features a head.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zhnlp.nn.sparse_attention.slots import Slots


@dataclass(frozen=True, eq=False)
class Tile:
    """Queries and keys of as many groups, each group with the same distances between them.

    Attributes:
        near: pairs further apart than this do not count; None for all.
        far: pairs this far apart or less do not count; None for all.
        causal: keys behind the query do not count.
        asked, seen: (B, L) or (1, L) bools, which queries and which keys count; None for all.
    """

    queries: Slots
    keys: Slots
    near: int | None = None
    far: int | None = None
    causal: bool = False
    asked: Tensor | None = None
    seen: Tensor | None = None

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Products (B, H, G, Q, K) of queries (B, H, G, Q, d) and keys (B, H, G, K, d), -inf where a pair does not count."""
        scores = query @ key.mT
        hidden = self.hidden(scores.device)
        return scores if hidden is None else scores.masked_fill_(hidden, -torch.inf)

    def hidden(self, device: torch.device) -> Tensor | None:
        """The pairs that do not count, as bools that broadcast to (B, 1, G, Q, K); None where all do."""
        hidden = []
        if self.near is not None or self.far is not None or self.causal:
            ahead = self.queries.positions(device)[..., :, None] - self.keys.positions(device)[..., None, :]
            if self.near is not None:
                hidden.append(ahead.abs() > self.near)
            if self.far is not None:
                hidden.append(ahead.abs() <= self.far)
            if self.causal:
                hidden.append(ahead < 0)
        if self.asked is not None:
            hidden.append(~_marks(self.queries, self.asked)[..., :, None])
        if self.seen is not None:
            hidden.append(~_marks(self.keys, self.seen)[..., None, :])
        if not hidden:
            return None
        first, *others = hidden
        for other in others:
            first = first | other
        return first


def _marks(slots: Slots, marks: Tensor) -> Tensor:
    """Marks (B, L) of the positions taken: (B, 1, G, N)."""
    return slots.take(marks[:, None, :, None])[..., 0]
