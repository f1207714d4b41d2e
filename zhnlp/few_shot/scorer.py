"""Texts through the templates: from examples to the scores of classes.  T templates, N texts, C classes, K soft tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.few_shot.causal import causal_word_scores
from zhnlp.few_shot.prompt import spare_tokens
from zhnlp.few_shot.scoring import Cuts, label_scores, masked_word_scores
from zhnlp.mining.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from zhnlp.few_shot.network import Network
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer

Examples = Sequence[Mapping[str, str]]


@dataclass
class PromptScorer:
    """All that is needed to score a text.

    Attributes:
        templates: one, or several of the same fields.
        verbalizer: the words of the labels, with {label} templates what describes them; None where labels are not known.
        entailment: the words for no and yes of {label} templates; None for other templates.
        network: the language model.
        soft_rows: (K, D) embeddings of the soft tokens of all templates, the first template's first; None for none.
        length_norm: "mean" or "sum" over the tokens of a word.
        cuts: texts of the last call that were too long.
    """

    templates: list[Template]
    verbalizer: Verbalizer | None
    entailment: Verbalizer | None
    network: Network
    soft_rows: Tensor | None = None
    length_norm: str = "mean"
    cuts: Cuts = field(default_factory=Cuts)

    def scores(self, examples: Examples, progress: Progress | None = None) -> np.ndarray:
        """Log-scores (T, N, C) in nats, before any calibration."""
        bars = progress or Progress(False)
        self.cuts = Cuts(len(examples))
        with bars.stage("classify", len(examples) * self._readings, "text"):
            found = [self._score(number, examples, bars) for number in range(len(self.templates))]
        return np.stack(found)

    def rows_of(self, number: int) -> Tensor | None:
        """The soft rows (k, D) of one template."""
        if self.soft_rows is None:
            return None
        first = sum(template.soft for template in self.templates[:number])
        return self.soft_rows[first : first + self.templates[number].soft]

    def word_scores(self, number: int, examples: Examples, words: Verbalizer, **options: Any) -> np.ndarray:
        """Log-probabilities (N, W) of some words in the blank of one template."""
        score = causal_word_scores if self.network.causal else masked_word_scores
        return score(
            self.network.reader(),
            self.network.tokenizer,
            self.templates[number],
            examples,
            words,
            limit=self.network.limit,
            length_norm=self.length_norm,
            soft_rows=self.rows_of(number),
            **options,
        )

    def _score(self, number: int, examples: Examples, bars: Progress) -> np.ndarray:
        owners, count = self.verbalizer.owners, len(self.verbalizer.classes)
        if not self.templates[number].has_label:
            found = self.word_scores(number, examples, self.verbalizer, progress=bars, cuts=self.cuts)
            return label_scores(found, owners, count)
        labels = [word for _, word, _ in self.verbalizer.words]
        spares = spare_tokens(self.templates[number], self.network.tokenizer, labels)
        described = [
            self.yes_over_no(number, examples, label, spare=spare, progress=bars, cuts=self.cuts)
            for label, spare in zip(labels, spares)
        ]
        return label_scores(np.stack(described, axis=1), owners, count)

    def yes_over_no(
        self, number: int, examples: Examples, label: str | Sequence[str], **options: Any
    ) -> np.ndarray:
        """Log-odds (N,) of yes against no for a description of a label, or for one of each example."""
        found = self.word_scores(number, examples, self.entailment, label=label, **options)
        no, yes = label_scores(found, self.entailment.owners, 2).T
        return yes - no

    @property
    def _readings(self) -> int:
        """How often each text is read."""
        total = 0
        for template in self.templates:
            words = (self.entailment if template.has_label else self.verbalizer).words
            once = len(words) if self.network.causal else len({len(ids) for _, _, ids in words})
            total += once * (len(self.verbalizer.words) if template.has_label else 1)
        return total
