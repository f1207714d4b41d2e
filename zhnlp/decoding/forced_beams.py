"""Forced phrases in beam search: places in the beam are shared among hypotheses by how many forced tokens they have written.

A rows that are not finished, K hypotheses of each, C candidates, V vocabulary.

Source: Post & Vilar 2018, https://arxiv.org/abs/1804.06609 (dynamic beam allocation)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.decoding.candidates import Candidates
from zhnlp.decoding.constraints.forced import ForcedPhrases, Progress
from zhnlp.decoding.constraints.words import of_row
from zhnlp.decoding.hypotheses import NBest
from zhnlp.decoding.options import DecodingOptions, Phrase


class ForcedBeams:
    """The phrases of each row, and how far its hypotheses are with them.

    A text does not end before it holds its phrases, and writes no token that leaves too little room for them.

    Attributes:
        incomplete: for each row of the prefix, texts that reached the limit and lack a phrase.
    """

    def __init__(self, options: DecodingOptions, rows: int):
        check_forced(options, rows)
        self.options = options
        self.phrases = [ForcedPhrases(of_row(options.forced, row)) for row in range(rows)]  # A
        self.progress = [[forced.start] for forced in self.phrases]  # A × K
        self.incomplete = [NBest(options.beams) for _ in range(rows)]
        self._after: list[list[Progress]] = []  # A × C

    def mask(self, totals: Tensor, left: list[int]) -> None:
        """-inf, in place, at what a hypothesis with ``left`` tokens to go may not write: totals (A, K, V)."""
        ends = list(self.options.end)
        for row, (forced, beams) in enumerate(zip(self.phrases, self.progress)):
            for beam, progress in enumerate(beams):
                if not progress.missing:
                    continue
                own = totals[row, beam]
                own[ends] = -math.inf
                feasible = forced.feasible_tokens(progress, left[row])
                kept = own[feasible or []]
                if bool(
                    kept.isfinite().any()
                ):  # otherwise any will do, or it is too late, which is said at the end
                    own.fill_(-math.inf)
                    own[feasible] = kept

    def with_phrases(self, found: Candidates, totals: Tensor) -> Candidates:
        """The candidates (A, C) and, besides, of each hypothesis its best token and those that go on with a phrase."""
        size = totals.shape[2]
        flat = totals.flatten(1)
        best = totals.argmax(-1) + torch.arange(totals.shape[1], device=totals.device) * size  # (A, K)
        known = torch.cat([found.parents * size + found.tokens, best], dim=1).tolist()
        places = []
        for row, forced, beams in zip(known, self.phrases, self.progress):
            more = (
                beam * size + token
                for beam, progress in enumerate(beams)
                for token in forced.next_tokens(progress)
            )
            places.append(list(dict.fromkeys([*row, *more])))
        widest = max(map(len, places))
        padded = torch.tensor([row + row[:1] * (widest - len(row)) for row in places], device=totals.device)
        there = torch.tensor([[n < len(row) for n in range(widest)] for row in places], device=totals.device)
        values = flat.gather(1, padded).masked_fill(~there, -math.inf)
        values, order = values.sort(stable=True, dim=-1, descending=True)
        found = Candidates.at(values, padded.gather(1, order), size)
        self._after = [
            [forced.advance(beams[parent], token) for parent, token in zip(parents, tokens)]
            for forced, beams, parents, tokens in zip(
                self.phrases, self.progress, found.parents.tolist(), found.tokens.tolist()
            )
        ]
        return found

    def choose(self, found: Candidates, finished: Tensor, beams: int) -> tuple[Tensor, Tensor]:
        """Which candidates (A, C) may end, and which ``beams`` (A, K') of the others go on.

        Candidates with the same number of forced tokens are a bank.  The banks get as many places each, those with more
        tokens first, and what they do not fill goes to the best that are left.
        """
        accepted, kept = [], []
        size = min(beams, finished.shape[1])
        for values, ends, after in zip(found.totals.tolist(), finished.tolist(), self._after):
            alive = [n for n, value in enumerate(values) if value > -math.inf]
            banks = sorted({after[n].met for n in alive}, reverse=True)
            share = max(beams // max(1, len(banks)), int(beams > 1))
            may_end, going = set(), []
            for bank in banks:
                members = [n for n in alive if after[n].met == bank]
                may_end.update(n for n in members[:beams] if ends[n])
                going += [n for n in members if not ends[n]][:share]
            going = going[:size]
            chosen = set(going)
            going += [n for n in alive if not ends[n] and n not in chosen][: size - len(going)]
            chosen = set(going)
            going += [n for n in range(len(values)) if n not in chosen][: size - len(going)]
            accepted.append([n in may_end for n in range(len(values))])
            kept.append(going)
        device = finished.device
        return torch.tensor(accepted, device=device), torch.tensor(kept, device=device)

    def complete(self, row: int, place: int) -> bool:
        """Whether a candidate holds all phrases."""
        return not self._after[row][place].missing

    def select(self, rows: list[int], kept: list[list[int]]) -> None:
        """Go on with these rows, and in each with these of its candidates (A × K')."""
        self.progress = [[self._after[row][place] for place in kept[row]] for row in rows]
        self.phrases = [self.phrases[row] for row in rows]


def check_forced(options: DecodingOptions, rows: int) -> None:
    """Refuse phrases that cannot be written.

    Raises:
        ValueError: one holds an end token, a forbidden phrase, or a token that is not allowed.
    """
    for row in range(rows):
        allowed = of_row(options.allowed, row)
        for phrase in of_row(options.forced, row):
            why = None
            if set(phrase) & set(options.end):
                why = "the end token"
            elif allowed is not None and not set(phrase) <= set(allowed):
                why = "a token that is not in allowed"
            elif any(_holds(phrase, other) for other in of_row(options.forbidden, row)):
                why = "a forbidden phrase"
            if why:
                raise ValueError(
                    f"the forced phrase {phrase} of row {row} holds {why}: expected one that can be written"
                )


def _holds(phrase: Phrase, other: Phrase) -> bool:
    return any(phrase[at : at + len(other)] == other for at in range(len(phrase) - len(other) + 1))
