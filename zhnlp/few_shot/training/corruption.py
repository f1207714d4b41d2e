"""Which tokens of a prompt the language model has to guess beside the label, and what stands there instead.

L tokens of a prompt. Of the chosen ones 80 % become [MASK], 10 % a random token, 10 % stay, as in BERT. Special tokens,
label slots and trainable tokens are never chosen.

Source: 苏剑林, https://kexue.fm/archives/7764; Devlin et al. 2018, https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def choose_places(free: Sequence[bool], rate: float, rng: np.random.Generator) -> np.ndarray:
    """Places (n,) that are asked for, in order: ``rate`` of the free ones, at least one where there is any.

    Args:
        free: (L,), true where a token may be chosen.
        rate: in [0, 1); 0 chooses none.

    Example:
        >>> choose_places([False, True, True, False], 0.15, np.random.default_rng(0)).tolist() in ([1], [2])
        True
    """
    if not 0 <= rate < 1:
        raise ValueError(
            f"mlm_rate is {rate!r}: expected 0 (the label alone) or more, below 1; post 7764: 0.15"
        )
    allowed = np.flatnonzero(free)
    if rate == 0 or not len(allowed):
        return allowed[:0]
    wanted = max(1, round(rate * len(allowed)))
    return np.sort(rng.permutation(allowed)[:wanted])


def corrupt(
    ids: Sequence[int], chosen: np.ndarray, mask: int, ordinary: np.ndarray, rng: np.random.Generator
) -> list[int]:
    """The ids (L,) with the chosen places corrupted: 80 % ``mask``, 10 % one of ``ordinary``, 10 % as they were.

    Example:
        >>> found = corrupt([1, 7, 7, 2], np.array([1, 2]), 4, np.arange(5, 9), np.random.default_rng(0))
        >>> found[0], found[3], set(found[1:3]) <= {4, 5, 6, 7, 8}
        (1, 2, True)
    """
    new = np.array(ids, np.int64)
    fate = rng.random(len(chosen))
    new[chosen[fate < 0.8]] = mask
    random = chosen[fate >= 0.9]
    new[random] = rng.choice(ordinary, len(random))
    return new.tolist()


def ordinary_tokens(tokenizer: Any) -> np.ndarray:
    """Ids of the vocabulary that are no special tokens: what a random token is drawn from."""
    allowed = np.ones(len(tokenizer), bool)
    allowed[[number for number in tokenizer.all_special_ids if number < len(allowed)]] = False
    return np.flatnonzero(allowed)
