"""Copy slots: tokens that stand for whatever the vocabulary cannot write, so that it can be copied from source to target.

A rare character of a name, an emoji or a foreign letter is [UNK] to the network, and [UNK] is never written.  Each
different one of a source takes a slot; the same in the target takes the same slot; a written slot is turned back into what
stood in the source.  In training the slots are dealt anew each time, so that all are learnt alike.

Source: the pointing to source positions of Gulcehre et al. 2016, https://arxiv.org/abs/1603.08148, with tokens as pointers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SLOTS = 16


@dataclass
class Dealt:
    """The slots of one source: what each stands for.

    Example:
        >>> dealt = Dealt([90, 91])
        >>> dealt.give("㸃"), dealt.give("㸃"), dealt.give("☂"), dealt.give("☃"), dealt.find("☂"), dealt.find("月")
        (90, 90, 91, None, 91, None)
        >>> dealt.surfaces
        {90: '㸃', 91: '☂'}
    """

    free: list[int]
    surfaces: dict[int, str] = field(default_factory=dict)

    def give(self, surface: str) -> int | None:
        """The slot of a surface, a new one if need be; None where none is left."""
        known = self.find(surface)
        if known is None and self.free:
            known = self.free.pop(0)
            self.surfaces[known] = surface
        return known

    def find(self, surface: str) -> int | None:
        """The slot of a surface that has one."""
        return next((slot for slot, own in self.surfaces.items() if own == surface), None)


class CopySlots:
    """The slots of a tokenizer.

    Args:
        ids: of the slots; none where nothing is copied this way.
    """

    def __init__(self, ids: Sequence[int] = ()):
        self.ids = list(ids)

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> CopySlots:
        """Those that `add` put there."""
        known = tokenizer.get_vocab()
        return cls([known[name] for name in _names(SLOTS) if name in known])

    @classmethod
    def add(cls, tokenizer: PreTrainedTokenizerFast, count: int = SLOTS) -> CopySlots:
        """Put slots behind the vocabulary of a tokenizer, in place."""
        if not 0 <= count <= SLOTS:
            raise ValueError(f"copy_slots={count!r} is not possible: expected 0 to {SLOTS}")
        if count and tokenizer.unk_token_id is not None:
            tokenizer.add_special_tokens(
                {"additional_special_tokens": _names(count)}, replace_extra_special_tokens=False
            )
        return cls.of(tokenizer)

    def deal(self) -> Dealt:
        """Slots for a source, from the first on."""
        return Dealt(list(self.ids))

    def shuffled(
        self, source: Sequence[int], target: Sequence[int], rng: np.random.Generator, practice: float = 0.0
    ) -> tuple[list[int], list[int]]:
        """A pair with its slots dealt anew, in source and target alike.

        Args:
            practice: chance that a token which both have stands in a slot too, so that slots are learnt even where unknown
                characters are rare.

        Example:
            >>> slots, rng = CopySlots([90, 91]), np.random.default_rng(0)
            >>> source, target = slots.shuffled([5, 90, 6, 90], [90, 6], rng)
            >>> source[1] == source[3] == target[0], source[1] in slots.ids, source[::2]
            (True, True, [5, 6])
            >>> source, target = slots.shuffled([5, 6], [6], rng, practice=1.0)
            >>> source[0], source[1] == target[0], target[0] in slots.ids
            (5, True, True)
        """
        used = [slot for slot in self.ids if slot in source]
        common = sorted(set(source) & set(target) - set(self.ids))
        chosen = [*used]
        if common and len(used) < len(self.ids) and rng.random() < practice:
            chosen.append(common[rng.integers(len(common))])
        if not chosen:
            return list(source), list(target)
        anew = dict(zip(chosen, rng.permutation(self.ids).tolist()))
        return [anew.get(token, token) for token in source], [anew.get(token, token) for token in target]


def _names(count: int) -> list[str]:
    return [f"[COPY{number}]" for number in range(count)]
