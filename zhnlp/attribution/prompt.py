"""`PromptClassifier` as attribution sees it: every template and every length of label word reads the text once.

T templates, B rows, W label words, C classes, V vocabulary.

The user's characters and those of the template go along the path; special tokens, the blank and trained rows stay.  A
character's score is the sum over its places in all these readings, so it is about the calibrated score of the ensemble.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from zhnlp.attribution.explainable import Explainable, log_odds, split_fields
from zhnlp.attribution.reading import Literal, Reading, Span, View
from zhnlp.attribution.slot_logits import SlotLogits
from zhnlp.few_shot.causal import check_begin, scored_places
from zhnlp.few_shot.prompt import spare_tokens, special_tokens

if TYPE_CHECKING:
    from zhnlp.few_shot import Prompt, PromptClassifier, Verbalizer


class Asked(NamedTuple):
    """What a view is read for.

    Attributes:
        template: its number.
        described: number of the label word that stands for {label}; None for other templates.
        words: numbers of the words that are scored.
        ids: (W, m) their tokens; for a causal model None: the text holds the word.
        prompt: the row.
    """

    template: int
    described: int | None
    words: list[int]
    ids: list[tuple[int, ...]] | None
    prompt: Prompt


class PromptNetwork(Explainable):
    """A `zhnlp.few_shot.PromptClassifier`, zero-shot or fitted, over a masked or a causal model.

    The logit of a class is its log-odds against the others, in nats: its calibrated score less the log of the sum of
    theirs (of two classes the difference, ``decision_function``).  The score alone would mostly say how well any label
    word fits the template.

    Args:
        classifier: with labels, or fitted.

    Raises:
        NotFittedError: it has neither, or soft tokens that were never trained.
        ValueError: it is calibrated by the texts at hand ("batch"), which a single text has not.
    """

    def __init__(self, classifier: PromptClassifier):
        words, state = classifier.verbalizer_, classifier._state()
        state.check_soft()
        self._scorer = scorer = replace(state.scorer)  # a later fit changes the classifier, not this
        network = scorer.network
        super().__init__(network.reader(exact=True), network.tokenizer, network.name)
        self.classes = list(words.classes)
        self.fields = state.fields
        shape = (len(scorer.templates), 1, len(self.classes))
        self._prior = state.prior_for(
            np.zeros(shape), classifier.calibration
        )  # (T, C), what it takes off a single text
        self._logits = SlotLogits(self.model)
        self._added = tuple(map(len, special_tokens(self.tokenizer)))  # before and after a text
        self._lock = Lock()  # a tokenizer's truncation is set for the time of a call

    @property
    def usual_baseline(self) -> str:
        masked = not self._scorer.network.causal and self.tokenizer.mask_token_id is not None
        return "mask" if masked else super().usual_baseline

    def read(self, text: Any) -> Reading:
        fields = split_fields(text, self.fields, self.name)
        with self._lock:
            views = [self._view(asked) for asked in self._asked(fields)]
        return Reading(fields, views, cut=any(view.extra.prompt.cut for view in views))

    def embed(self, view: View) -> Tensor:
        rows, prompt = super().embed(view), view.extra.prompt
        soft = self._scorer.rows_of(view.extra.template)
        if soft is None or not prompt.soft:
            return rows
        return rows.index_copy(0, torch.tensor(prompt.soft, device=rows.device), soft.detach().to(rows))

    def scores(self, reading: Reading, embeds: Sequence[Tensor]) -> Tensor:
        scorer = self._scorer
        found: dict[tuple[int, int | None], dict[int, Tensor]] = {}
        for view, rows in zip(reading.views, embeds):
            asked = view.extra
            values = self._word_scores(asked, rows)  # (B, W of the view)
            columns = found.setdefault((asked.template, asked.described), {})
            columns.update(zip(asked.words, values.unbind(1)))
        owners, count = scorer.verbalizer.owners, len(self.classes)
        totals = []
        for number, template in enumerate(scorer.templates):
            if template.has_label:
                words = range(len(scorer.verbalizer.words))
                table = torch.stack([self._yes_over_no(found[number, word]) for word in words], 1)
            else:
                table = _in_order(found[number, None])
            totals.append(label_scores(table, owners, count))
        scores = torch.stack(totals)  # (T, B, C)
        if self._prior is not None:
            scores = scores - torch.as_tensor(self._prior, dtype=scores.dtype, device=scores.device)[:, None]
        return scores.mean(0)

    def logits(self, scores: Tensor) -> Tensor:
        return log_odds(scores)

    # --- readings --------------------------------------------------------------------------------------------------

    def _asked(self, fields: dict[str, str]) -> Iterator[Asked]:
        scorer = self._scorer
        for number, template in enumerate(scorer.templates):
            if not template.has_label:
                yield from self._readings(number, fields, scorer.verbalizer, None, "")
                continue
            labels = [word for _, word, _ in scorer.verbalizer.words]
            spares = spare_tokens(template, self.tokenizer, labels)
            for described, (label, spare) in enumerate(zip(labels, spares)):
                yield from self._readings(number, fields, scorer.entailment, described, label, spare)

    def _readings(
        self,
        number: int,
        fields: dict[str, str],
        words: Verbalizer,
        described: int | None,
        label: str,
        spare: int = 0,
    ) -> Iterator[Asked]:
        """One for each length of word; of a causal model one for each word."""
        template, limit = self._scorer.templates[number], self._scorer.network.limit
        ids = [one for _, _, one in words.words]
        if self._scorer.network.causal:
            groups = [[place] for place in range(len(ids))]
        else:
            groups = [
                [place for place, one in enumerate(ids) if len(one) == m] for m in sorted({*map(len, ids)})
            ]
        for group in groups:
            length = len(ids[group[0]])
            filling = {"words": [ids[group[0]]]} if self._scorer.network.causal else {"masks": length}
            (prompt,) = template.encode(
                self.tokenizer,
                [fields],
                limit=limit,
                label=label,
                spare=spare + words.longest - length,
                **filling,
            )
            chosen = None if self._scorer.network.causal else [ids[place] for place in group]
            yield Asked(number, described, group, chosen, prompt)

    def _view(self, asked: Asked) -> View:
        means: list[Span | Literal | None] = []
        ordinal = 0
        template, prompt = self._scorer.templates[asked.template], asked.prompt
        shown = template.source
        if asked.described is not None:
            shown = shown.replace("{label}", self._scorer.verbalizer.words[asked.described][1])
        before, after = self._added
        kept = {*prompt.slots, *prompt.soft, *range(before), *range(len(prompt.ids) - after, len(prompt.ids))}
        for place, (token, offset) in enumerate(zip(prompt.ids, prompt.offsets)):
            if offset is not None and offset[1] < offset[2]:
                means.append(Span(*offset))
            elif place in kept:
                means.append(None)
            else:
                ordinal += 1
                key = (asked.template, asked.described, ordinal)
                means.append(Literal(self._shown(token), key, shown))
        return View(prompt.ids, means, extra=asked)

    def _shown(self, token: int) -> str:
        return self.tokenizer.decode([token]).strip(" ").removeprefix("##") or "␣"

    # --- scores ----------------------------------------------------------------------------------------------------

    def _word_scores(self, asked: Asked, rows: Tensor) -> Tensor:
        """Log-probabilities (B, W) of the words of a view."""
        prompt, mean = asked.prompt, self._scorer.length_norm == "mean"
        if asked.ids is None:
            return self._likelihood(prompt, rows, mean)[:, None]
        logits = self._logits(rows, prompt.slots)  # (B, m, V)
        index = torch.tensor(asked.ids, device=rows.device).T.expand(len(rows), -1, -1)  # (B, m, W)
        chances = logits.gather(2, index) - logits.logsumexp(2, keepdim=True)
        return chances.mean(1) if mean else chances.sum(1)

    def _likelihood(self, prompt: Prompt, rows: Tensor, mean: bool) -> Tensor:
        """Log-likelihoods (B,) of the tokens from the blank on; those of the text as they are in the text."""
        check_begin([prompt])
        places = scored_places(prompt)
        logits = self._logits(rows, [place - 1 for place in places])
        index = torch.tensor([prompt.ids[place] for place in places], device=rows.device).expand(
            len(rows), -1
        )
        chances = logits.gather(2, index[..., None])[..., 0] - logits.logsumexp(2)  # (B, M)
        word, rest = chances[:, : len(prompt.slots)], chances[:, len(prompt.slots) :]
        return (word.mean(1) if mean else word.sum(1)) + rest.sum(1)

    def _yes_over_no(self, columns: dict[int, Tensor]) -> Tensor:
        no, yes = label_scores(_in_order(columns), self._scorer.entailment.owners, 2).unbind(1)
        return yes - no


def label_scores(word_scores: Tensor, owners: np.ndarray, count: int) -> Tensor:
    """Scores (B, C) of classes: log of the mean probability of their words, in nats; with gradients.

    Example:
        >>> label_scores(torch.tensor([[0.2, 0.4, 0.1]]).log(), np.array([0, 0, 1]), 2).round(decimals=3).tolist()
        [[-1.203999..., -2.302999...]]
    """
    members = [torch.as_tensor(np.flatnonzero(owners == number)) for number in range(count)]
    columns = [word_scores[:, own.to(word_scores.device)].logsumexp(1) - np.log(len(own)) for own in members]
    return torch.stack(columns, 1)


def _in_order(columns: dict[int, Tensor]) -> Tensor:
    return torch.stack([columns[number] for number in sorted(columns)], 1)
