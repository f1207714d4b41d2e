"""What the decoder asks of a model: a step from tokens to the scores of the next one, and a cache whose rows can be picked.

N rows (hypotheses), T tokens, V vocabulary, S positions of a source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor


class StepOutput(NamedTuple):
    """What a model says of the next token.

    Attributes:
        logits: (N, V) scores of the next token, in any float type; -inf where it cannot be.
        cache: whatever the model wants back at the next call.
        attention: (N, S) share of each position of the source, summing to 1; None where there is no source.
    """

    logits: Tensor
    cache: Any
    attention: Tensor | None = None


Step: TypeAlias = Callable[[Tensor, Any], StepOutput]
"""``step(tokens, cache)``: tokens are the prefix (N, T) at the first call and the last token (N, 1) of each row afterwards."""


def select_rows(cache: Any, rows: Tensor) -> Any:
    """The rows of a cache that are asked for, in that order: beams reordered, repeated, or left out.

    An object with ``select(rows)`` does it itself; so does a cache of transformers, in place.  Otherwise tensors are picked
    from along their first dimension, in tuples, lists, mappings and dataclasses of any depth; numbers, strings and None
    stay.  The cache that was given is not to be used again.

    Args:
        rows: (M,) numbers of rows, each 0 to N - 1.

    Raises:
        TypeError: something of another kind is in it.

    Example:
        >>> import torch
        >>> select_rows({"keys": [torch.tensor([[1.0], [2.0], [3.0]])], "read": 7}, torch.tensor([2, 2, 0]))
        {'keys': [tensor([[3.],
            [3.],
            [1.]])], 'read': 7}
    """
    if cache is None or isinstance(cache, (int, float, str)):
        return cache
    if isinstance(cache, Tensor):
        return cache if cache.ndim == 0 else cache.index_select(0, rows.to(cache.device))
    if hasattr(cache, "select"):
        return cache.select(rows)
    if hasattr(cache, "reorder_cache"):
        cache.reorder_cache(rows)
        return cache
    if isinstance(cache, Mapping):
        return type(cache)((key, select_rows(value, rows)) for key, value in cache.items())
    if isinstance(cache, (tuple, list)):
        picked = [select_rows(value, rows) for value in cache]
        return type(cache)(*picked) if hasattr(cache, "_fields") else type(cache)(picked)
    if is_dataclass(cache):
        names = [field.name for field in fields(cache) if field.init]
        return replace(cache, **{name: select_rows(getattr(cache, name), rows) for name in names})
    raise TypeError(
        f"the cache holds a {type(cache).__name__}: expected tensors with a row for each hypothesis, alone or in tuples, lists, "
        "dicts or dataclasses, or a cache of transformers. Next: give it a method select(rows)"
    )
