"""The tokens that every hypothesis has behind it: of the prefix those that count, and those it has written."""

from __future__ import annotations

import torch
from torch import Tensor

NONE = -1  # where a row has padding


class History:
    """Tokens of N rows, all of the same length, with `NONE` for padding.

    Args:
        prefix: (B, P) that stands before.
        mask: (B, P), true for real tokens; None for all.
        count_prefix: whether the prefix is kept at all.
    """

    def __init__(self, prefix: Tensor, mask: Tensor | None, *, count_prefix: bool):
        self.tokens = prefix if count_prefix else prefix[:, :0]
        self.padded = count_prefix and mask is not None and not bool(mask.all())
        if self.padded:
            self.tokens = prefix.masked_fill(mask == 0, NONE)
        self.start = self.tokens.shape[1]

    def __len__(self) -> int:
        return self.tokens.shape[1] - self.start

    @property
    def written(self) -> Tensor:
        """(N, T) written so far."""
        return self.tokens[:, self.start :]

    @property
    def filled(self) -> Tensor:
        """(N, L) with a token that is there in place of padding, for what only asks which tokens there are."""
        if not self.padded:
            return self.tokens
        return torch.where(self.tokens == NONE, self.tokens[:, -1:], self.tokens)

    def append(self, tokens: Tensor) -> None:
        """One more token (N,) for each row."""
        self.tokens = torch.cat([self.tokens, tokens[:, None]], dim=1)

    def select(self, rows: Tensor) -> None:
        """Keep these rows, in this order."""
        self.tokens = self.tokens.index_select(0, rows)
