"""Attention masks: every scheme is a tensor of bools that combines with ``&`` and ``|``; `additive` makes floats of the result.

B batch, H heads, Q queries, K keys, L positions where queries and keys are the same.  True means that the query (row) may see
the key (column).  Every mask has four dimensions that broadcast to (B, H, Q, K).

    >>> mask = causal(3) & padding(torch.tensor([[1, 1, 0]]))
    >>> mask.int()[0, 0].tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 0]]

Where queries are only the last positions, as with a cache, take the last rows: ``mask[..., -queries:, :]``.

Source: 苏剑林, https://kexue.fm/archives/6933 (schemes of training), https://kexue.fm/archives/6853 (sparse attention)
"""

from __future__ import annotations

from operator import index
from typing import Any

import torch
from torch import Tensor


def bidirectional(queries: int, keys: int | None = None, *, device: Any = None) -> Tensor:
    """Every query sees every key: (1, 1, Q, K), with K = Q where ``keys`` is None.

    Example:
        >>> bidirectional(2, 3).shape
        torch.Size([1, 1, 2, 3])
    """
    queries = check_whole(queries, "queries", 1)
    keys = queries if keys is None else check_whole(keys, "keys", 1)
    return torch.ones(1, 1, queries, keys, dtype=torch.bool, device=device)


def causal(queries: int, keys: int | None = None, *, device: Any = None) -> Tensor:
    """A query sees its own position and those before: (1, 1, Q, K).

    The queries are the last of the keys, so that the last query sees them all: with a cache ``keys`` counts what is in it too.

    Raises:
        ValueError: there are fewer keys than queries.

    Example:
        >>> causal(2, 4).int()[0, 0].tolist()
        [[1, 1, 1, 0], [1, 1, 1, 1]]
    """
    mask = bidirectional(queries, keys, device=device)
    queries, keys = mask.shape[-2:]
    if keys < queries:
        raise ValueError(
            f"got {queries} queries and {keys} keys: expected at least as many keys, the queries are the last of them. "
            "Next: count the keys of the cache and the new ones together"
        )
    return mask.tril(keys - queries)


def prefix(segments: Tensor) -> Tensor:
    """UniLM: the source sees itself in both directions, the target sees the source and what is to its left: (B, 1, L, L).

    With c the running sum of the segments, position i sees j if c_j ≤ c_i.  So positions with segment 0 after the target see,
    and are seen by, what its last token does: they are for padding, and `padding` hides them.

    Args:
        segments: (B, L) or (L,), 0 in the source, 1 in the target.

    Raises:
        TypeError, ValueError: they are no whole numbers, or others than 0 and 1.

    Example:
        >>> prefix(torch.tensor([0, 0, 1, 1])).int()[0, 0].tolist()
        [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]

    Source: 苏剑林, https://kexue.fm/archives/6933; Dong et al. 2019, https://arxiv.org/abs/1905.03197
    """
    return _pairs(row_marks(segments, "segments").cumsum(-1), torch.ge)


def permutation(ranks: Tensor, *, strict: bool = False) -> Tensor:
    """XLNet: a position sees those that are drawn before it: (B, 1, L, L).

    The same logits come from tokens and position ids put in the order of drawing, with `causal`.

    Args:
        ranks: (B, L) or (L,), when each position is drawn, 0 to L - 1: ``order.argsort(-1)`` of the order of drawing.
        strict: leave out the position itself (XLNet's query stream).  Then the first one drawn sees nothing, so ask for no
            prediction there (see `additive`).

    Raises:
        TypeError, ValueError: the ranks are no whole numbers, or no permutation.

    Example:
        >>> permutation(torch.tensor([2, 0, 1])).int()[0, 0].tolist()
        [[1, 1, 1], [0, 1, 0], [0, 1, 1]]

    Source: 苏剑林, https://kexue.fm/archives/6933; Yang et al. 2019, https://arxiv.org/abs/1906.08237
    """
    ranks = _rows(ranks, "ranks")
    wrong = (ranks.sort(-1).values != torch.arange(ranks.shape[1], device=ranks.device)).any(-1)
    if wrong.any():
        row = ranks[wrong][0].tolist()
        raise ValueError(
            f"ranks got {row[:12]}{' …' if len(row) > 12 else ''}: expected each of 0 to {len(row) - 1} once. "
            "Next: ranks = order.argsort(-1), where order lists the positions as they are drawn"
        )
    return _pairs(ranks, torch.gt if strict else torch.ge)


def padding(attention_mask: Tensor) -> Tensor:
    """No query sees padding: (B, 1, 1, K).

    Args:
        attention_mask: (B, K) or (K,), 1 for real tokens, 0 for padding, as tokenizers give it.

    Raises:
        TypeError, ValueError: it has no whole numbers, or others than 0 and 1.

    Example:
        >>> padding(torch.tensor([[1, 1, 0], [1, 1, 1]])).shape
        torch.Size([2, 1, 1, 3])
    """
    return row_marks(attention_mask, "attention_mask")[:, None, None]


def local(length: int, radius: int, *, device: Any = None) -> Tensor:
    """A position sees those at most ``radius`` away: (1, 1, L, L).

    A dilated window of d steps is ``local(length, radius * d) & atrous(length, d)``.

    Example:
        >>> local(4, 1).int()[0, 0].tolist()
        [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]

    Source: 苏剑林, https://kexue.fm/archives/6853
    """
    return _distances(length, device) <= check_whole(radius, "radius", 0)


def atrous(length: int, rate: int, *, device: Any = None) -> Tensor:
    """A position sees those a multiple of ``rate`` away, itself too: (1, 1, L, L).

    Example:
        >>> atrous(5, 2).int()[0, 0, 0].tolist()
        [1, 0, 1, 0, 1]

    Source: 苏剑林, https://kexue.fm/archives/6853
    """
    return _distances(length, device) % check_whole(rate, "rate", 1) == 0


def sparse(length: int, k: int, radius: int | None = None, *, device: Any = None) -> Tensor:
    """The Sparse Transformer's two patterns in one: at most ``radius`` away, or a multiple of ``k``: (1, 1, L, L).

    Each key counts once, also where both patterns have it.

    Args:
        radius: None for ``k``.

    Example:
        >>> sparse(7, 3).int()[0, 0, 0].tolist(), sparse(7, 3, 1).int()[0, 0, 0].tolist()
        ([1, 1, 1, 1, 0, 0, 1], [1, 1, 0, 1, 0, 0, 1])

    Source: 苏剑林, https://kexue.fm/archives/6853; Child et al. 2019, https://arxiv.org/abs/1904.10509
    """
    k = check_whole(k, "k", 1)
    return local(length, k if radius is None else radius, device=device) | atrous(length, k, device=device)


def global_tokens(marks: Tensor) -> Tensor:
    """Marked positions see all and are seen by all, for ``local(length, radius) | global_tokens(marks)``: (B, 1, L, L).

    Args:
        marks: (B, L) or (L,), 1 for a global token, such as ``[CLS]`` or those of a question, else 0.

    Example:
        >>> global_tokens(torch.tensor([1, 0, 0])).int()[0, 0].tolist()
        [[1, 1, 1], [1, 0, 0], [1, 0, 0]]

    Source: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
    """
    return _pairs(row_marks(marks, "marks"), torch.logical_or)


def documents(ids: Tensor) -> Tensor:
    """A position sees its own document alone, for rows that hold several: (B, 1, L, L).

    Args:
        ids: (B, L) or (L,), the number of the document that each position belongs to.

    Example:
        >>> (documents(torch.tensor([0, 0, 1])) & causal(3)).int()[0, 0].tolist()
        [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    return _pairs(_rows(ids, "ids"), torch.eq)


def additive(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The float mask to add to attention scores: 0 where a query may see, the least finite number where not; same shape.

    Hand it to a model of transformers as ``attention_mask``: both attention kernels, eager and sdpa, read it alike.  Combine
    masks before, for two such masks add up to -inf.

    A query that may see nothing, such as padding on the left under `causal`, **sees every key**: whatever the kernel, the
    precision or a later cast, its row is then a plain softmax and no NaN, in the gradient neither.  What comes out there means
    nothing: give it no label.

    Args:
        mask: bool, four dimensions that broadcast to (B, H, Q, K).
        dtype: of the queries, so ``model.dtype``.

    Raises:
        TypeError: ``mask`` is not bool, or ``dtype`` no float.
        ValueError: ``mask`` has not four dimensions.

    Example:
        >>> additive(causal(2), torch.float16)[0, 0].tolist()
        [[0.0, -65504.0], [0.0, 0.0]]
        >>> additive(padding(torch.tensor([[0, 0]]))).tolist()
        [[[[0.0, 0.0]]]]
    """
    check_mask(mask)
    if not dtype.is_floating_point:
        raise TypeError(f"dtype got {dtype}: expected that of the model's queries, such as torch.float32")
    hidden = ~mask & mask.any(-1, keepdim=True)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(
        hidden, torch.finfo(dtype).min
    )


def check_mask(mask: Tensor) -> None:
    """Refuse what is not a mask of this room.

    Raises:
        TypeError: not a tensor of bools.
        ValueError: not four dimensions.
    """
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        raise TypeError(
            f"mask got {_kind(mask)}: expected torch.bool, True where a query may see a key. An attention_mask of 0 and 1 "
            "combined as it is makes whole numbers, and `additive` floats. Next: padding(attention_mask), and additive last"
        )
    if mask.ndim != 4:
        raise ValueError(
            f"mask got shape {tuple(mask.shape)}: expected four dimensions that broadcast to (batch, heads, queries, keys). "
            "Next: mask[None, None] of (Q, K), mask[:, None] of (B, Q, K), padding(attention_mask) of (B, K)"
        )


def check_whole(value: int, name: str, least: int) -> int:
    """``value`` as an int, or a refusal.

    Raises:
        TypeError, ValueError: no whole number, or one below ``least``.
    """
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name} got {value!r}: expected a whole number, {least} or more") from None
    if number < least:
        raise ValueError(f"{name} got {number}: expected {least} or more")
    return number


def row_marks(values: Tensor, name: str) -> Tensor:
    """Values (B, L) or (L,) of 0 and 1 as bools (B, L).

    Raises:
        TypeError, ValueError: they are no whole numbers, or others than 0 and 1.
    """
    values = _rows(values, name)
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        raise ValueError(f"{name} got {values[wrong][0].item()}: expected 0 or 1 everywhere")
    return values.bool()


def _distances(length: int, device: Any) -> Tensor:
    """abs(i - j) as (1, 1, L, L)."""
    positions = torch.arange(check_whole(length, "length", 1), device=device)
    return (positions[:, None] - positions).abs()[None, None]


def _pairs(values: Tensor, relation: Any) -> Tensor:
    """Whether the relation holds of query and key, (B, L) → (B, 1, L, L)."""
    return relation(values[:, None, :, None], values[:, None, None, :])


def _rows(values: Tensor, name: str) -> Tensor:
    """Whole numbers or bools (B, L); one row gets a batch of one."""
    if not isinstance(values, Tensor) or values.dtype.is_floating_point or values.dtype.is_complex:
        raise TypeError(f"{name} got {_kind(values)}: expected a tensor of whole numbers or bools")
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} got shape {tuple(values.shape)}: expected (batch, length) or (length,)")
    return values if values.ndim == 2 else values[None]


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
