"""Which tiles make a pattern: every pair that counts lies in one tile, once.

B batch, L positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from zhnlp.nn.sparse_attention.anchors import pick, stretches
from zhnlp.nn.sparse_attention.bands import bands
from zhnlp.nn.sparse_attention.patterns import Atrous, Local, LocalGlobal, Pattern, Sparse
from zhnlp.nn.sparse_attention.residues import residues
from zhnlp.nn.sparse_attention.tile import Tile


@dataclass(frozen=True, eq=False)
class Plan:
    """A pattern for texts of one length.

    Attributes:
        pattern: of `zhnlp.nn.sparse_attention.patterns`.
        length: L.
        cells: pairs of a head that may be computed at once.
        causal: whether keys behind the query count for nothing.
        padding: (B, L) bools, True for real tokens; None where all are.
        marks: (B, L) bools, True for global tokens, for `LocalGlobal` alone.
    """

    pattern: Pattern
    length: int
    cells: int
    causal: bool = False
    padding: Tensor | None = None
    marks: Tensor | None = None

    def tiles(self) -> Iterator[Tile]:
        """The tiles, always in the same order."""
        match self.pattern:
            case Local(radius):
                yield from self._bands(radius, self.padding)
            case Atrous(rate):
                yield from self._residues(rate, None)
            case Sparse(rate, radius):
                yield from self._bands(radius, self.padding)
                if radius < self.length - 1:
                    yield from self._residues(rate, radius)
            case LocalGlobal(radius):
                yield from self._with_anchors(radius)
            case _:
                raise TypeError(f"pattern {self.pattern!r} has no tiles")

    def _bands(self, radius: int, seen: Tensor | None) -> Iterator[Tile]:
        for queries, keys in bands(self.length, radius, causal=self.causal, cells=self.cells):
            yield Tile(queries, keys, near=radius, causal=self.causal, seen=seen)

    def _residues(self, rate: int, far: int | None) -> Iterator[Tile]:
        for queries, keys in residues(self.length, rate, causal=self.causal, cells=self.cells):
            yield Tile(queries, keys, far=far, causal=self.causal, seen=self.padding)

    def _with_anchors(self, radius: int) -> Iterator[Tile]:
        """Windows without global keys; all queries to global keys; global queries to the others outside their windows."""
        anchors = pick(self.marks)
        if anchors is None:
            yield from self._bands(radius, self.padding)
            return
        count = anchors.index.shape[1]
        common = ~self.marks if self.padding is None else ~self.marks & self.padding
        marked = self.marks if self.padding is None else self.marks & self.padding
        yield from self._bands(radius, common)
        for part in stretches(self.length, count, cells=self.cells):
            yield Tile(part, anchors, causal=self.causal, seen=marked)
        for part in stretches(self.length, count, cells=self.cells):
            yield Tile(anchors, part, far=radius, causal=self.causal, asked=self.marks, seen=common)
