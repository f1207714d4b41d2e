"""Greedy search and sampling: each text goes on from its own last token, and leaves the batch when it has ended.

B rows of the prefix, N texts that are being written, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zhnlp.decoding.filters import distribution, draw
from zhnlp.decoding.hypotheses import Hypothesis
from zhnlp.decoding.random_streams import uniforms
from zhnlp.decoding.request import Request, log_probabilities, nothing_left
from zhnlp.decoding.step import select_rows
from zhnlp.decoding.streaming import Stream


def decode_token_by_token(request: Request) -> list[list[Hypothesis]]:
    """``num_return`` texts for each row, best first."""
    done = TokenByToken(request).run()
    samples = request.options.num_return
    groups = [[done[row * samples + sample] for sample in range(samples)] for row in range(request.rows)]
    return [sorted(group, key=lambda one: -one.score) for group in groups]


class TokenByToken:
    """The texts that are being written, and those that are done; sample s of row r is text r × ``num_return`` + s."""

    def __init__(self, request: Request):
        device, options = request.prefix.device, request.options
        self.request, self.options, self.samples = request, options, options.num_return
        self.texts = torch.arange(request.rows, device=device) * self.samples  # (N,)
        self.limits = request.limits()  # (N,)
        self.likely = torch.zeros(request.rows, device=device)  # (N,) sums of log p
        self.history, self.coverage, self.stops = request.history(), request.coverage(), request.stops()
        self.stream = None if request.stream is None else Stream(request.stream, request.text, options.stop)
        self.numbers: Tensor | None = None  # (N, the most tokens)
        if options.sample:
            longest = int(self.limits.max())
            self.numbers = uniforms(options.seed, request.rows, self.samples, longest).to(device)
        self.done: dict[int, Hypothesis] = {}

    @property
    def rows(self) -> Tensor:
        """(N,) of the prefix."""
        return self.texts if self.samples == 1 else self.texts // self.samples

    def run(self) -> dict[int, Hypothesis]:
        """Every text by its number."""
        request, constraints = self.request, None
        tokens, cache = request.prefix, request.cache
        while len(self.texts):
            output = request.step(tokens, cache)
            log_p, scores, cache = (
                log_probabilities(output, self.rows, len(self.history)),
                output.logits,
                output.cache,
            )
            if self.coverage is not None:
                self.coverage.add(output.attention)
            if constraints is None:
                constraints = request.constraints(log_p)
                if self.samples > 1:
                    log_p, scores, cache = self._part((log_p, scores, cache))
            if not constraints.nothing:
                scores = constraints(scores.float().clone(), self.history, self.rows)
            chosen = self._choose(scores.float())
            self.likely = self.likely + log_p.gather(1, chosen[:, None])[:, 0]
            self.history.append(chosen)
            left = self._end(chosen)
            if left is None:
                tokens = chosen[:, None]
            elif len(left):
                tokens, cache = chosen[left][:, None], select_rows(cache, left)
        if self.stream is not None:
            self.stream.finish(self.done[0])
        return self.done

    def _part(self, read: Any) -> Any:
        """The prefix was read once; now every sample goes its own way, with its own copy of what was ``read``."""
        rows = torch.arange(self.request.rows, device=self.texts.device).repeat_interleave(self.samples)
        self.texts = torch.arange(len(rows), device=rows.device)
        self.limits, self.likely = self.limits[rows], self.likely[rows]
        self.history.select(rows)
        if self.coverage is not None:
            self.coverage.select(rows)
        return select_rows(read, rows)

    def _choose(self, scores: Tensor) -> Tensor:
        """The next token (N,) of each text: the best, or one drawn.

        Raises:
            ValueError: a text has none.
        """
        best, chosen = scores.max(-1)
        none = best == -torch.inf
        if bool(none.any()):
            raise nothing_left(int(self.rows[none.nonzero()[0]]), len(self.history))
        if self.numbers is None:
            return chosen
        options = self.options
        probabilities, ids = distribution(
            scores, temperature=options.temperature, top_k=options.top_k, top_p=options.top_p
        )
        places = draw(probabilities, self.numbers[:, len(self.history)])
        return places if ids is None else ids.gather(1, places[:, None])[:, 0]

    def _end(self, chosen: Tensor) -> Tensor | None:
        """Put away the texts that are finished; those that are left, None for all."""
        ended = self.request.is_end(chosen)
        if self.stops is not None:
            found = [self.stops.find(text) is not None for text in self.history.written.tolist()]
            ended |= torch.tensor(found, device=ended.device)
        finished = ended | (len(self.history) >= self.limits)
        if not bool(finished.any()):
            if self.stream is not None:
                self.stream.put(self.history.written[0].tolist())
            return None
        penalties = None if self.coverage is None else self.coverage.penalty().tolist()
        for number in finished.nonzero()[:, 0].tolist():
            total = self.likely[number].item()
            penalty = 0.0 if penalties is None else penalties[number]
            self.done[int(self.texts[number])] = self.request.hypothesis(
                self.history.written[number].tolist(),
                self.stops,
                score=self.request.score(total, len(self.history), penalty),
                log_probability=total,
                ended=bool(ended[number]),
            )
        left = (~finished).nonzero()[:, 0]
        self.texts, self.limits, self.likely = self.texts[left], self.limits[left], self.likely[left]
        self.numbers = None if self.numbers is None else self.numbers[left]
        self.history.select(left)
        if self.coverage is not None:
            self.coverage.select(left)
        return left
