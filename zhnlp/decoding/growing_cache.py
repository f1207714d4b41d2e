"""Keys and values in buffers with room to grow: a step writes its own and copies nothing, and beams move only what differs.

N rows, H heads, L positions read so far, d features of a head.

transformers' own layer makes new tensors at every step and at every reordering; for a small model on a CPU that can take
longer than the network (see ``benchmarks/decoding_speed.py``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM = 32  # positions of a new buffer that are still free, at least


class GrowingLayer(DynamicLayer):
    """A layer's keys and values (N, H, L, d), views of buffers that have room for more."""

    def __init__(self):
        super().__init__()
        self._buffers: list[Tensor] = []  # keys, values

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **options: Any
    ) -> tuple[Tensor, Tensor]:
        """Add those (N, H, T, d) of the new positions; all of them (N, H, L + T, d)."""
        before = self.get_seq_length()
        length = before + key_states.shape[2]
        if not self._buffers or length > self._buffers[0].shape[2]:
            self._move_to(len(key_states), length + max(ROOM, length // 2), like=(key_states, value_states))
        for buffer, new in zip(self._buffers, (key_states, value_states)):
            buffer[:, :, before:length] = new
        self._show(length)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """The rows ``beam_idx`` (M,), each 0 to N - 1."""
        self.reorder(beam_idx, 0)

    def reorder(self, rows: Tensor, start: int) -> None:
        """The rows (M,), of which only positions from ``start`` on differ from what stands in their place."""
        length = self.get_seq_length()
        if not length:
            return
        if len(rows) > len(self.keys):
            room = self._buffers[0].shape[2]
            self.keys, self.values = self.keys.index_select(0, rows), self.values.index_select(0, rows)
            self._move_to(len(rows), room, like=(self.keys, self.values))
        else:
            moved = (rows != torch.arange(len(rows), device=rows.device)).nonzero()[:, 0]
            if len(moved):
                for buffer in self._buffers:
                    part = buffer[:, :, start:length]
                    part.index_copy_(0, moved, part.index_select(0, rows[moved]))
            self._buffers = [buffer[: len(rows)] for buffer in self._buffers]
        self._show(length)

    def _move_to(self, rows: int, room: int, like: tuple[Tensor, Tensor]) -> None:
        """New buffers for so many rows and positions, with the present keys and values in them."""
        self._buffers = [x.new_empty(rows, x.shape[1], room, x.shape[3]) for x in like]
        if length := self.get_seq_length():
            self._buffers[0][:, :, :length] = self.keys
            self._buffers[1][:, :, :length] = self.values

    def _show(self, length: int) -> None:
        self.is_initialized, self.dtype, self.device = True, self._buffers[0].dtype, self._buffers[0].device
        self.keys, self.values = (buffer[:, :, :length] for buffer in self._buffers)


def growing_cache(config: Any) -> DynamicCache:
    """A cache for a model with this config: its plain layers grow, those with a window or of another kind are transformers' own.

    Example:
        >>> from transformers import GPT2Config
        >>> cache = growing_cache(GPT2Config())
        >>> keys = torch.randn(2, 1, 5, 3)
        >>> _ = cache.update(keys, keys, 0)
        >>> cache.reorder_cache(torch.tensor([1, 0, 1]))
        >>> torch.equal(cache.layers[0].keys, keys[[1, 0, 1]])
        True
    """
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
