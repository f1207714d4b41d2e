"""Keys and values of sources that were read once, and of the tokens that every hypothesis has written since.

R sources, S positions of a source, N hypotheses, t tokens written, D hidden, H heads, d features a head, K layers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from zhnlp.models.bert_layers import Turns, finish, project


@dataclass
class SourceCache:
    """What decoding from read sources needs; hypotheses of one source share its keys and values.

    Attributes:
        keys, values: of the sources, K × (R, H, S, d).
        mask: (R, 1, 1, S), 0 for real tokens, very negative for padding.
        lengths: (N,) tokens of each hypothesis' source.
        owners: (N,) its source's row.
        written: tokens that were written.
        last: (N, D) states at the end of the sources, from which the first token is predicted; None after that.
        own_keys, own_values: of the written tokens, K × (N, H, t, d).
    """

    keys: list[Tensor]
    values: list[Tensor]
    mask: Tensor
    lengths: Tensor
    owners: Tensor
    last: Tensor | None = None
    written: int = 0
    own_keys: list[Tensor | None] = field(default_factory=list)
    own_values: list[Tensor | None] = field(default_factory=list)
    _beams: int | None = 1  # hypotheses of each source where they stand together and are as many; else None

    @classmethod
    def of(
        cls, keys: list[Tensor], values: list[Tensor], mask: Tensor, lengths: Tensor, last: Tensor
    ) -> SourceCache:
        """One hypothesis for each source."""
        none: list[Tensor | None] = [None] * len(keys)
        owners = torch.arange(len(lengths), device=lengths.device)
        return cls(keys, values, mask, lengths, owners, last, own_keys=none, own_values=list(none))

    def __len__(self) -> int:
        return len(self.lengths)

    def select(self, rows: Tensor) -> SourceCache:
        """The hypotheses at ``rows`` (M,), repeated or left out; sources that none is left of are dropped."""
        owners = self.owners[rows]
        left, owners = owners.unique(return_inverse=True)
        keys, values, mask = self.keys, self.values, self.mask
        if len(left) < len(mask):
            keys, values, mask = [key[left] for key in keys], [value[left] for value in values], mask[left]
        beams, rest = divmod(len(rows), len(left))
        even = torch.arange(len(left), device=rows.device).repeat_interleave(beams)
        return replace(
            self,
            keys=keys,
            values=values,
            mask=mask,
            lengths=self.lengths[rows],
            owners=owners,
            last=None if self.last is None else self.last[rows],
            own_keys=[key if key is None else key[rows] for key in self.own_keys],
            own_values=[value if value is None else value[rows] for value in self.own_values],
            _beams=beams if not rest and bool((even == owners).all()) else None,
        )

    def next_positions(self) -> Tensor:
        """The position (N,) of the token that is about to be read; counts it as written."""
        self.written += 1
        return self.lengths + self.written - 1

    def attend(self, number: int, layer: Any, x: Tensor, turns: Turns) -> tuple[Tensor, Tensor]:
        """States (N, 1, D) through layer ``number``, whose keys and values grow by theirs; and the shares (N, S) of the source."""
        query, key, value = project(layer, x, turns)  # (N, H, 1, d)
        if self.own_keys[number] is not None:
            key = torch.cat((self.own_keys[number], key), 2)
            value = torch.cat((self.own_values[number], value), 2)
        self.own_keys[number], self.own_values[number] = key, value
        query = query * query.shape[-1] ** -0.5
        beams = self._beams
        if beams is None:  # hypotheses of a source stand apart: each gets a copy
            keys, values, mask = (
                part[self.owners] for part in (self.keys[number], self.values[number], self.mask)
            )
            beams = 1
        else:
            keys, values, mask = self.keys[number], self.values[number], self.mask
        of_source = _together(query, beams) @ keys.mT + mask  # (R, H, beams, S)
        scores = torch.cat((_apart(of_source), query @ key.mT), -1)  # (N, H, 1, S + t)
        share, own = scores.softmax(-1).split((mask.shape[-1], key.shape[2]), -1)
        context = _apart(_together(share, beams) @ values) + own @ value
        seen = share.mean(1)[:, 0]  # (N, S)
        return finish(layer, x, context), seen / seen.sum(-1, keepdim=True).clamp_min(1e-9)


def _together(x: Tensor, beams: int) -> Tensor:
    """(R · beams, H, 1, d) → (R, H, beams, d): the hypotheses of a source as its queries."""
    return x.unflatten(0, (-1, beams)).squeeze(3).transpose(1, 2)


def _apart(x: Tensor) -> Tensor:
    """(R, H, beams, d) → (R · beams, H, 1, d)."""
    return x.transpose(1, 2).flatten(0, 1).unsqueeze(2)
