"""Templates and sets of label words read on texts without labels, and the numbers that rank them.

N texts, C labels, T templates, W words, K = sets × T candidates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhnlp.few_shot.label_words import Pool, called_up, chinese_tokens, find_words

FEWEST = 3  # templates below which their agreement says nothing


class TemplateReader:
    """Reads texts in templates; `rows` are the candidates, in the order of the sets and templates.

    Args:
        sources: the templates.
        texts: texts or pairs, as `examples_of` takes them.
        network: the language model.
        bars: are shown while it reads.

    Raises:
        ValueError: a template has {label} or {soft}, or other fields than the first.
    """

    def __init__(self, sources: Sequence[Any], texts: Sequence[Any], network: Any, bars: Any):
        from zhnlp.few_shot.classifier_state import templates_of
        from zhnlp.few_shot.examples import examples_of
        from zhnlp.few_shot.scorer import PromptScorer

        self.network, self.bars = network, bars
        self.templates = templates_of(list(sources))
        if unfit := next((one for one in self.templates if one.has_label or one.soft), None):
            raise ValueError(
                f"the template {unfit.source!r} has {{label}} or {{soft}}: expected {{mask}} and texts only, since nothing is "
                "trained here"
            )
        self.scorer = PromptScorer(self.templates, None, None, network)
        self.texts = texts
        self.fields = tuple(sorted(self.templates[0].fields))
        self.examples = examples_of(texts, self.fields)

    def rows(self, sets: dict[str, dict], find: int) -> list[dict]:
        """A row for every template with every set of words."""
        sets = {name: self._writable(name, words) for name, words in sets.items()}
        sets = {name: words for name, words in sets.items() if words}
        tokens = self._tokens() if find else []
        words = list(
            dict.fromkeys([*(w for one in sets.values() for group in one.values() for w in group), *tokens])
        )
        pool = Pool.of(words, self.network.tokenizer)
        read = self.read(self.examples, pool)  # (T, N, W)
        if tokens:
            sets |= self._found(sets, find, words, tokens, read)
        scored = {name: self._scored(one, words, read) for name, one in sets.items()}  # (T, N, C) each
        agreement = agreement_of(np.concatenate(list(scored.values())), len(self.templates))
        rows = []
        for place, (name, scores) in enumerate(scored.items()):
            for number, template in enumerate(self.templates):
                agreed = agreement[place * len(self.templates) + number]
                rows.append(row_of(template.source, name, sets[name], self.texts, scores[number], agreed))
        return rows

    def _writable(self, name: str, words: dict) -> dict | None:
        """The words of a set; None for a set of ours that the vocabulary cannot write."""
        from zhnlp.few_shot.verbalizer import Verbalizer

        try:
            Verbalizer(words, self.network.tokenizer, self.templates[0])
        except ValueError:
            if name == "given" or name.startswith("words"):
                raise
            return None
        return words

    def _tokens(self) -> list[str]:
        """What words may be found among: none where the cues of `find_words` would mean nothing, or cost too much."""
        if len(self.fields) > 1 or self.network.causal:
            return []
        return chinese_tokens(self.network.tokenizer)

    def _found(
        self, sets: dict[str, dict], find: int, words: list[str], tokens: list[str], read: np.ndarray
    ) -> dict[str, dict]:
        """A set of found words for each set of words."""
        where = {word: place for place, word in enumerate(words)}
        usual = read.mean(axis=(0, 1))[[where[token] for token in tokens]]
        pool = Pool.of(tokens, self.network.tokenizer)

        def read_cues(texts: Sequence[str]) -> np.ndarray:
            return self.read([dict.fromkeys(self.fields, text) for text in texts], pool)

        given = list(dict.fromkeys(word for one in sets.values() for group in one.values() for word in group))
        called, found = called_up(given, read_cues), {}
        for name, one in sets.items():
            chosen = find_words(one, tokens, called, usual, find)
            if all(chosen.values()):
                found[f"found {find}" if name == "given" else f"{name} +{find}"] = chosen
        return found

    def _scored(self, labels: dict, words: list[str], read: np.ndarray) -> np.ndarray:
        """Class scores (T, N, C) of one set, less their mean over texts."""
        from zhnlp.few_shot.scoring import label_scores

        where = {word: place for place, word in enumerate(words)}
        places = [where[word] for group in labels.values() for word in group]
        owners = np.repeat(np.arange(len(labels)), [len(group) for group in labels.values()])
        scores = np.stack([label_scores(found[:, places], owners, len(labels)) for found in read])
        return scores - scores.mean(axis=1, keepdims=True)

    def read(self, examples: Sequence[Mapping[str, str]], pool: Pool) -> np.ndarray:
        """Log-probabilities (T, N, W) of the words of a pool."""
        with self.bars.stage("suggest", len(examples) * len(self.templates), "text"):
            return np.stack(
                [
                    self.scorer.word_scores(number, examples, pool, progress=self.bars)
                    for number in range(len(self.templates))
                ]
            )


def row_of(
    template: str,
    name: str,
    words: Mapping[Any, Sequence[str]],
    texts: Sequence[Any],
    scores: np.ndarray,
    agreement: float | None,
) -> dict[str, Any]:
    """The row of a candidate: a template and the set ``words`` called ``name``, from its scores (N, C) of the texts."""
    logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    chances = np.exp(logs)  # (N, C)
    predicted = chances.argmax(1)
    shares = np.bincount(predicted, minlength=len(words)) / len(predicted)
    examples = {}
    for number, label in enumerate(words):
        if shares[number]:
            examples[label] = texts[int(np.where(predicted == number, chances[:, number], -1).argmax())]
    return {
        "template": template,
        "labels": {label: list(group) for label, group in words.items()},
        "words": name,
        "agreement": agreement,
        "mutual_information": float(_entropy(chances.mean(0)) + (chances * logs).sum(1).mean()),
        "confidence": float(chances.max(1).mean()),
        "balance": abs(float(_entropy(shares) / math.log(len(words)))),  # -0.0 where all are of one label
        "shares": {label: float(share) for label, share in zip(words, shares)},
        "examples": examples,
    }


def agreement_of(scores: np.ndarray, templates: int) -> list[float | None]:
    """For each of (K, N, C) scores the correlation with the mean of those of other templates; K runs through the sets."""
    if templates < FEWEST:
        return [None] * len(scores)
    apart = scores - scores.mean(axis=2, keepdims=True)  # what all labels share says nothing
    flat = apart.reshape(len(scores), -1)
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    own = np.arange(len(scores)) % templates
    agreed = []
    for place, row in enumerate(flat):
        others = flat[own != own[place]].sum(0)
        agreed.append(float(row @ others / max(np.linalg.norm(others), 1e-12)))
    return agreed


def _entropy(chances: np.ndarray) -> float:
    """In nats."""
    some = chances[chances > 0]
    return float(-(some * np.log(some)).sum())
