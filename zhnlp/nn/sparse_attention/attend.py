"""The door to sparse attention: checks what it is given and chooses how to compute it.

B batch, H heads, L positions, d features a head.

Source: 苏剑林, https://kexue.fm/archives/6853
"""

from __future__ import annotations

from torch import Tensor

from zhnlp.nn.masks import row_marks
from zhnlp.nn.sparse_attention.dense import dense_attention, pattern_mask
from zhnlp.nn.sparse_attention.flex import fits, flex_attention
from zhnlp.nn.sparse_attention.patterns import KINDS, LocalGlobal, Pattern
from zhnlp.nn.sparse_attention.plan import Plan
from zhnlp.nn.sparse_attention.tiled import tiled_attention

BACKENDS = ("tiles", "flex", "dense")
# pairs of all heads at once: a quarter of a megabyte of scores stays in a core's cache, a GPU wants more
CELLS_CPU, CELLS_GPU = 2**16, 2**25


def sparse_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: Pattern,
    *,
    padding: Tensor | None = None,
    marks: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
    backend: str | None = None,
) -> Tensor:
    """Attention (B, H, L, d) under a pattern, the same as dense attention with ``pattern_mask(…)``, without its (L, L) matrix.

    A query that sees no key, as in a row that is all padding, gets 0.

    Args:
        query, key, value: (B, H, L, d) of one shape; any L.
        pattern: `Local`, `Atrous`, `Sparse` or `LocalGlobal`.
        padding: (B, L), 1 for real tokens, as tokenizers give it; None where all are.
        marks: (B, L), 1 for tokens that are global beside those of the pattern; for `LocalGlobal` alone.
        causal: hide keys behind the query.
        dropout: share of the chances to drop, in [0, 1).
        scale: of the products; None for d^-1/2.
        backend: "tiles", "flex" (FlexAttention) or "dense"; None chooses by device and pattern: on a GPU "flex" where whole
            blocks are left out, else "tiles".

    Raises:
        TypeError, ValueError: shapes differ, a value is out of its range, or the pattern takes no marks.

    Example:
        >>> import torch
        >>> from zhnlp.nn.sparse_attention import Local
        >>> x = torch.randn(1, 2, 7, 4)
        >>> sparse_attention(x, x, x, Local(0)).equal(x)
        True

    Source: 苏剑林, https://kexue.fm/archives/6853
    """
    _check(query, key, value, pattern, dropout, backend)
    batch, heads, length, features = query.shape
    scale = features**-0.5 if scale is None else scale
    padding = _row_marks(padding, "padding", query)
    marks = _row_marks(marks, "marks", query)
    if padding is not None and padding.all():
        padding = None
    if marks is not None and not isinstance(pattern, LocalGlobal):
        raise ValueError(f"marks of global tokens go with LocalGlobal, and the pattern is {pattern}")
    chosen = backend or ("flex" if fits(query, pattern, dropout) else "tiles")
    if chosen == "dense":
        mask = pattern_mask(pattern, length, padding=padding, marks=marks, causal=causal, device=query.device)
        return dense_attention(query, key, value, mask, scale=scale, dropout=dropout)
    if marks is not None:
        marks = marks | pattern.marks(length, device=query.device)
    if chosen == "flex":
        return flex_attention(
            query, key, value, pattern, padding=padding, marks=marks, causal=causal, scale=scale
        )
    if marks is None and isinstance(pattern, LocalGlobal):
        marks = pattern.marks(length, device=query.device).expand(batch, -1)
    cells = max(1, (CELLS_GPU if query.is_cuda else CELLS_CPU) // (batch * heads))
    plan = Plan(pattern, length, cells, causal=causal, padding=padding, marks=marks)
    return tiled_attention(query, key, value, plan, scale=scale, dropout=dropout)


def _check(
    query: Tensor, key: Tensor, value: Tensor, pattern: Pattern, dropout: float, backend: str | None
) -> None:
    shapes = [tuple(x.shape) for x in (query, key, value)]
    if len(shapes[0]) != 4 or len(set(shapes)) > 1 or 0 in shapes[0]:
        raise ValueError(
            f"query, key and value got shapes {', '.join(map(str, shapes))}: expected (batch, heads, length, features), all three "
            "alike and none empty. Next: x.unflatten(-1, (heads, -1)).transpose(1, 2) of (batch, length, features)"
        )
    if not query.is_floating_point() or len({query.dtype, key.dtype, value.dtype}) > 1:
        raise TypeError(
            f"query, key and value got {query.dtype}, {key.dtype}, {value.dtype}: expected one float dtype"
        )
    if type(pattern) not in KINDS.values():
        raise TypeError(f"pattern got {pattern!r}: expected one of {', '.join(KINDS)}, such as Local(64)")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout got {dropout}: expected a share from 0 to below 1")
    if backend is not None and backend not in BACKENDS:
        raise ValueError(
            f"backend {backend!r} is not known: expected one of {', '.join(map(repr, BACKENDS))} or None"
        )
    if backend == "flex" and dropout:
        raise ValueError(f"FlexAttention has no dropout, and it is {dropout}. Next: backend='tiles'")


def _row_marks(values: Tensor | None, name: str, query: Tensor) -> Tensor | None:
    """Values of 0 and 1 as bools (B, L)."""
    if values is None:
        return None
    rows = row_marks(values, name).to(query.device)
    wanted = (query.shape[0], query.shape[2])
    if rows.shape[1] != wanted[1] or rows.shape[0] not in (1, wanted[0]):
        raise ValueError(f"{name} got shape {tuple(values.shape)}: expected (batch, length) = {wanted}")
    return rows.expand(wanted)
