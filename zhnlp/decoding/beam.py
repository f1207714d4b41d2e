"""Beam search over a batch: the best hypotheses of each row go on together, until those that have ended are better.

B rows of the prefix, A of them not yet finished, K hypotheses of each, C candidates to go on, V vocabulary.

Which candidates end, which go on and when a row is finished is as in transformers 5, so that both find the same.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from zhnlp.decoding.candidates import Candidates, best_candidates
from zhnlp.decoding.forced_beams import ForcedBeams
from zhnlp.decoding.hypotheses import Hypothesis, NBest
from zhnlp.decoding.request import Request, log_probabilities, nothing_left
from zhnlp.decoding.step import select_rows


def beam_search(request: Request) -> list[list[Hypothesis]]:
    """The ``num_return`` best texts of each row."""
    return BeamSearch(request).run()


class BeamSearch:
    """One search, whose state is what the hypotheses of the unfinished rows have behind them."""

    def __init__(self, request: Request):
        device = request.prefix.device
        self.request, self.options = request, request.options
        self.beams = request.options.beams
        self.rows = torch.arange(request.rows, device=device)  # (A,) of the prefix
        self.limits = request.limits()  # (A,)
        self.totals = torch.zeros(request.rows, 1, device=device)  # (A, K) sums to go by
        self.likely = torch.zeros(request.rows, 1, device=device)  # (A, K) sums of the model's own log p
        self.history, self.coverage, self.stops = request.history(), request.coverage(), request.stops()
        self.forced = ForcedBeams(self.options, request.rows) if any(self.options.forced) else None
        self.ended = [NBest(self.beams) for _ in range(request.rows)]

    def run(self) -> list[list[Hypothesis]]:
        request, constraints = self.request, None
        tokens, cache = request.prefix, request.cache
        while len(self.rows):
            output = request.step(tokens, cache)
            owners = self.rows.repeat_interleave(self.totals.shape[1])  # (A * K,)
            log_p = log_probabilities(output, owners, len(self.history))
            if constraints is None:
                constraints = request.constraints(log_p)
            if self.coverage is not None:
                self.coverage.add(output.attention)
            scores = log_p
            if not constraints.nothing:
                scores = constraints(log_p.clone() if constraints.rescale else log_p, self.history, owners)
            picked, tokens = self._advance(scores, log_p if constraints.rescale else None)
            cache = output.cache
            if len(picked) and not torch.equal(picked, torch.arange(len(owners), device=picked.device)):
                cache = select_rows(cache, picked)
        return self._results()

    def _advance(self, scores: Tensor, log_p: Tensor | None) -> tuple[Tensor, Tensor]:
        """One more token for every hypothesis: which rows (A' * K',) of the step go on, and with which tokens (A' * K', 1)."""
        totals = scores.unflatten(0, self.totals.shape).add_(self.totals[..., None])  # (A, K, V)
        if self.forced is not None:
            self.forced.mask(totals, (self.limits - len(self.history)).tolist())
        # so many that enough are left to go on when all the ends are among them
        found = best_candidates(totals, max(2, 1 + len(self.options.end)) * self.beams)
        if self.forced is not None:
            found = self.forced.with_phrases(found, totals)
        likely = found.totals if log_p is None else self._likely(log_p, found)
        ended = self.request.is_end(found.tokens) | self._stopped(found)
        finished = ended | (self.limits[:, None] <= len(self.history) + 1)
        going = found.totals.masked_fill(finished, -math.inf)
        if self.forced is None:
            accepted = torch.arange(finished.shape[1], device=finished.device) < self.beams
            going, kept = going.topk(min(self.beams, finished.shape[1]))
        else:
            accepted, kept = self.forced.choose(found, finished, self.beams)
            going = going.gather(1, kept)
        self._end(found, likely, ended, finished & accepted & found.totals.isfinite())
        return self._go_on(found, likely, going, kept)

    def _likely(self, log_p: Tensor, found: Candidates) -> Tensor:
        """Sums (A, C) of the model's own log p."""
        size = log_p.shape[1]
        added = log_p.reshape(len(self.rows), -1).gather(1, found.parents * size + found.tokens)
        return self.likely.gather(1, found.parents) + added

    def _stopped(self, found: Candidates) -> Tensor:
        """Where candidates (A, C) have completed a stop string."""
        if self.stops is None:
            return torch.zeros_like(found.tokens, dtype=torch.bool)
        written = self.history.written.unflatten(0, self.totals.shape).tolist()
        texts = [
            [self.stops.find([*beams[parent], token]) is not None for parent, token in zip(*row)]
            for beams, *row in zip(written, found.parents.tolist(), found.tokens.tolist())
        ]
        return torch.tensor(texts, device=found.tokens.device)

    def _end(self, found: Candidates, likely: Tensor, ended: Tensor, finished: Tensor) -> None:
        """Keep the candidates that are finished (A, C), by their score."""
        places = finished.nonzero().tolist()
        if not places:
            return
        penalties = None
        if self.coverage is not None:
            penalties = self.coverage.penalty().unflatten(0, self.totals.shape).tolist()
        rows, length = self.rows.tolist(), len(self.history) + 1
        totals, parents, tokens = (x.tolist() for x in found)
        written = self.history.written.unflatten(0, self.totals.shape)
        for row, place in places:
            parent = parents[row][place]
            penalty = 0.0 if penalties is None else penalties[row][parent]
            score = self.request.score(totals[row][place], length, penalty)
            best = self.ended[rows[row]]
            if self.forced is not None and not self.forced.complete(row, place):
                best = self.forced.incomplete[rows[row]]
            if best.takes(score):
                best.add(
                    self.request.hypothesis(
                        [*written[row, parent].tolist(), tokens[row][place]],
                        self.stops,
                        score=score,
                        log_probability=likely[row, place].item(),
                        ended=bool(ended[row, place]),
                    )
                )

    def _go_on(self, found: Candidates, likely: Tensor, going: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Take the candidates ``kept`` (A, K') with sums ``going`` for the new hypotheses, without rows that are finished."""
        best = zip(self.rows.tolist(), self.limits.tolist(), going.amax(1).tolist())
        left = [number for number, row in enumerate(best) if not self._finished(*row)]
        rows = torch.tensor(left, dtype=torch.long, device=going.device)
        first = torch.arange(len(kept), device=kept.device)[:, None] * self.totals.shape[1]
        picked = (found.parents.gather(1, kept) + first)[rows].flatten()
        tokens = found.tokens.gather(1, kept)[rows].flatten()
        if self.forced is not None:
            self.forced.select(left, kept.tolist())
        self.totals, self.likely = going[rows], likely.gather(1, kept)[rows]
        self.rows, self.limits = self.rows[rows], self.limits[rows]
        self.history.select(picked)
        self.history.append(tokens)
        if self.coverage is not None:
            self.coverage.select(picked)
        return picked, tokens[:, None]

    def _finished(self, row: int, limit: int, best: float) -> bool:
        """Whether nothing better can come of a row whose best unended hypothesis has the sum ``best``."""
        ended, length = self.ended[row], len(self.history) + 1
        if best == -math.inf:
            if not len(ended) and (self.forced is None or not len(self.forced.incomplete[row])):
                raise nothing_left(row, length - 1)
            return True
        if not ended.full:
            return False
        if self.options.early_stopping is True:
            return True
        if self.options.early_stopping == "never" and self.options.length_penalty > 0:
            length = limit
        return best / length**self.options.length_penalty <= ended.worst

    def _results(self) -> list[list[Hypothesis]]:
        results = [list(best)[: self.options.num_return] for best in self.ended]
        if self.forced is None:
            return results
        lacking = [row for row, best in enumerate(results) if not best]
        for row, best in enumerate(results):
            best += list(self.forced.incomplete[row])[: self.options.num_return - len(best)]
        if lacking:
            warnings.warn(
                f"rows {', '.join(map(str, lacking[:8]))} do not hold all their forced phrases within max_new_tokens: expected room "
                "for them, and nothing that forbids their tokens. Next: a larger max_new_tokens, or more beams",
                stacklevel=6,  # of `generate`
            )
        return results
