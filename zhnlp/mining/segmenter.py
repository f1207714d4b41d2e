"""Segment text with a mined lexicon: a unigram model and the path of least information through its words.

Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597, https://kexue.fm/archives/3956
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from zhnlp.mining.alphabet import RUN_MODES
from zhnlp.mining.segmentation.lattice import add_expected, k_best, lattice
from zhnlp.mining.segmentation.reading import read_lexicon, write_weights
from zhnlp.mining.segmentation.redundancy import Removed, remove_redundant
from zhnlp.mining.segmentation.units import RUN, mark_units, split_units, unit_kinds
from zhnlp.mining.segmentation.viterbi import BLOCK, Model, batches, cut_blocks, token_texts
from zhnlp.mining.segmentation.weights import (
    LIMIT,
    best_split,
    checked_weight,
    fold,
    folded_words,
    on_grid,
)
from zhnlp.mining.segmentation.wordtrie import build_trie
from zhnlp.text.characters import code_points

__all__ = ["Removed", "Segmenter", "remove_redundant"]

UNKNOWN_GAP = 10.0  # nats below the rarest word; what tokenizers' Unigram takes too
USER_GAIN = 1.0  # nats by which a user word without a weight beats its own best split


class Segmenter:
    """Cut text into the words whose probabilities multiply to the most (equally: whose information sums to the least).

    Blanks separate and are left out, punctuation stands alone, and a run of letters and digits (GPT-4o, 2.4GHz,
    C++) is never cut, neither by a lexicon word nor outside the lexicon; a word may contain whole runs (5G基站).
    Matching ignores width (Ａ = A); case counts.  Of segmentations with equal scores the one with fewer words is
    taken, then the one with the longer last word.

    Args:
        weights: natural logarithm of each word's probability (-1000 to 0).
        unknown: weight of a character or run that is no word, in nats (-1000 to 0); None takes the least of
            ``weights`` less 10.
        runs: "symbol" keeps runs whole; "token" cuts them into parts that are all letters or all digits; "drop"
            keeps them whole and lets no lexicon word contain one.  Use what the lexicon was mined with.

    Raises:
        ValueError: a weight is outside its range, a word is empty, has a line end or begins or ends with a blank,
            or ``runs`` is not one of the three.

    Example:
        >>> segmenter = Segmenter.from_counts({"深度": 4, "学习": 5, "深度学习": 3, "很": 9, "好": 8})
        >>> segmenter.segment("深度学习 很好！")[:2]
        [{'word': '深度学习', 'start': 0, 'end': 4}, {'word': '很', 'start': 5, 'end': 6}]
        >>> segmenter.words("GPT-4o很好！")
        ['GPT-4o', '很', '好', '！']

    Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597
    """

    def __init__(self, weights: Mapping[str, float], *, unknown: float | None = None, runs: str = "symbol"):
        if runs not in RUN_MODES:
            raise ValueError(f"runs={runs!r} is not known: expected one of {', '.join(map(repr, RUN_MODES))}")
        self.runs = runs
        self._weights: dict[str, float] = {}
        for word, weight in zip(folded_words(weights), weights.values()):
            weight = checked_weight(weight, f"the weight of {word!r}")
            self._weights[word] = max(weight, self._weights.get(word, -math.inf))
        if unknown is None:
            unknown = max(min(self._weights.values(), default=-10.0) - UNKNOWN_GAP, -LIMIT)
        self.unknown = checked_weight(unknown, "unknown")
        self._user: dict[str, float | None] = {}
        self._all: dict[str, float] | None = None
        self._model: Model | None = None

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, float],
        *,
        user_words: Mapping[str, float | None] | Iterable[str] | None = None,
        unknown: float | None = None,
        runs: str = "symbol",
    ) -> Segmenter:
        """A segmenter with weights ln(count / sum of counts); words with a count of 0 are left out.

        Args:
            counts: how often each word was found (≥ 0); forms that differ in width alone are added up.
            user_words: see `add_words`.

        Raises:
            ValueError: a count is negative or not finite; and as for the class.
        """
        folded: dict[str, float] = {}
        for word, count in zip(folded_words(counts), counts.values()):
            if not (count >= 0 and math.isfinite(count)):
                raise ValueError(f"the count of {word!r} is {count!r}, expected a finite number of 0 or more")
            if count > 0:
                folded[word] = folded.get(word, 0) + count
        log_total = math.log(sum(folded.values())) if folded else 0.0
        weights = {word: min(math.log(count) - log_total, 0.0) for word, count in folded.items()}
        segmenter = cls(weights, unknown=unknown, runs=runs)
        return segmenter.add_words(user_words) if user_words is not None else segmenter

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        user_words: Mapping[str, float | None] | Iterable[str] | None = None,
        unknown: float | None = None,
        runs: str = "symbol",
    ) -> Segmenter:
        """Read a lexicon that zhnlp exported, or that jieba or HanLP reads; formats in `read_lexicon`.

        In a file of words alone all weights are equal, so the segmentation with the fewest words wins: longer words
        win over their pieces.  Where only some words have no number they become user words (see `add_words`).

        Raises:
            FileNotFoundError, ValueError: as `read_lexicon`.
        """
        lexicon = read_lexicon(path)
        bare: list[str] = lexicon.bare
        if lexicon.weights:
            segmenter = cls(lexicon.weights, unknown=unknown, runs=runs)
        else:
            if not lexicon.counts:
                bare = []
            counts = lexicon.counts or dict.fromkeys(lexicon.bare, 1)
            segmenter = cls.from_counts(counts, unknown=unknown, runs=runs)
        segmenter.add_words(bare)
        return segmenter.add_words(user_words) if user_words is not None else segmenter

    def save(self, path: str | Path) -> Path:
        """Write the words with their weights as .csv, .tsv or .jsonl, which `load` reads back.

        Raises:
            ValueError: the ending is none of these.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Segmenter({"变压器": -1.0, "油": -2.5}).save(f"{folder}/units.csv")
            ...     dict(Segmenter.load(path).weights)
            {'变压器': -1.0, '油': -2.5}
        """
        return write_weights(self.weights, path)

    def add_words(self, words: Mapping[str, float | None] | Iterable[str]) -> Segmenter:
        """Add words of your own; returns the segmenter.

        Args:
            words: word → weight in nats (-1000 to 0), or None for a weight with which the word beats the best
                split of itself by one nat and is at least as likely as the rarest word of the lexicon.  Plain
                words mean None.  Such weights are found anew whenever words are added, shorter words first.

        Raises:
            ValueError: as for the class.

        Example:
            >>> segmenter = Segmenter.from_counts({"区块": 50, "链": 50, "技术": 100})
            >>> segmenter.words("区块链技术")
            ['区块', '链', '技术']
            >>> segmenter.add_words(["区块链"]).words("区块链技术")
            ['区块链', '技术']
        """
        if isinstance(words, str):
            raise ValueError(
                f"words got the one string {words[:20]!r}, expected a list or a mapping: [{words[:20]!r}]"
            )
        given = words if isinstance(words, Mapping) else dict.fromkeys(words)
        for word, weight in zip(folded_words(given), given.values()):
            self._user[word] = weight if weight is None else checked_weight(weight, f"the weight of {word!r}")
        self._all = self._model = None
        return self

    @property
    def weights(self) -> Mapping[str, float]:
        """The weight of every word, user words included, in nats; read only."""
        if self._all is None:
            table = dict(self._weights)
            table.update({word: weight for word, weight in self._user.items() if weight is not None})
            least = min(self._weights.values(), default=self.unknown)
            open_words = [word for word, weight in self._user.items() if weight is None]
            for word in open_words:
                table.pop(word, None)
            for word in sorted(open_words, key=lambda word: (len(word), word)):
                rival = best_split(split_units(word, self.runs == "token"), table, self.unknown)
                table[word] = on_grid(
                    min(max(rival + USER_GAIN, least, self._weights.get(word, -LIMIT)), 0.0)
                )
            self._all = table
        return MappingProxyType(self._all)

    def words(self, text: str) -> list[str]:
        """The words of a text, in order."""
        found: list[str] = []
        for _, points, _, cut in cut_blocks(text, self._ready()):
            found += token_texts(points, cut)
        return found

    def segment(self, text: str) -> list[dict]:
        """The words of a text with their places: ``text[start:end] == word`` in the text as given."""
        starts, ends = self.spans(text)
        return [
            {"word": text[start:end], "start": start, "end": end}
            for start, end in zip(starts.tolist(), ends.tolist())
        ]

    def spans(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Where words start and end, two (M,) int64 arrays, without making a string."""
        cuts = [
            (cut.starts + np.int64(at), cut.ends + np.int64(at))
            for at, _, _, cut in cut_blocks(text, self._ready())
        ]
        if not cuts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate([start for start, _ in cuts]), np.concatenate([end for _, end in cuts])

    def cut_ends(self, text: str) -> np.ndarray:
        """Where words end, (M,) int64; blanks make no word."""
        return self.spans(text)[1]

    def segment_lines(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """The words of each text, in order, reading ahead by some 65,000 characters; quicker than one call a text."""
        for joined, ends in batches(texts):
            words: list[str] = []
            stops = []
            for offset, points, _, cut in cut_blocks(joined, self._ready()):
                words += token_texts(points, cut)
                stops.append(cut.ends + np.int64(offset))
            stops = np.concatenate(stops) if stops else np.zeros(0, np.int64)
            first = 0
            for last in np.searchsorted(stops, ends, side="right").tolist():
                yield words[first:last]
                first = last

    def kbest(self, text: str, k: int) -> list[tuple[float, list[str]]]:
        """The ``k`` best segmentations of a sentence (fewer where there are no more) with their scores in nats.

        Exact and without repetition, best first, ties as in `words`.  Time and memory grow with k times the length.

        Raises:
            ValueError: ``k`` is below 1.

        Example:
            >>> segmenter = Segmenter.from_counts({"研究": 2, "研究生": 1, "生命": 2, "命": 1, "生": 1})
            >>> [words for _, words in segmenter.kbest("研究生命", 2)]
            [['研究', '生命'], ['研究生', '命']]
        """
        if k < 1:
            raise ValueError(f"k={k!r}, expected 1 or more")
        model = self._ready()
        points = code_points(text)
        paths = k_best(lattice(points, mark_units(points, model.split), model), k)
        return [(score, [text[start:end] for start, end in spans]) for score, spans in paths]

    def score(self, words: Iterable[str]) -> float:
        """The sum of the words' weights, nats; minus infinity where one is no word and more than one unit."""
        table, total = self.weights, 0.0
        for word in words:
            folded = fold(word)
            if folded in table:
                total += table[folded]
            elif len(split_units(folded, self.runs == "token")) == 1:
                total += self.unknown
            else:
                return -math.inf
        return total

    def fit_counts(self, texts: Iterable[str], *, rounds: int = 1, soft: bool = False) -> dict[str, float]:
        """How often each lexicon word occurs in a corpus, after ``rounds`` of expectation-maximisation.

        Each round segments the corpus and makes the counts the weights of the next; words that never occur are left
        out.  Characters and runs outside the lexicon are not counted.

        Args:
            texts: the corpus; a re-iterable (list, `Corpus`) when ``rounds`` > 1.
            rounds: passes over the corpus (≥ 1).
            soft: count expected occurrences over all segmentations (floats) instead of those in the best one.

        Raises:
            ValueError: ``rounds`` is below 1; ``texts`` is one string, or an iterator although ``rounds`` > 1.
        """
        if rounds < 1:
            raise ValueError(f"rounds={rounds!r}, expected 1 or more")
        if rounds > 1 and iter(texts) is texts:
            raise ValueError(
                f"texts is an iterator, which rounds={rounds} cannot read again; pass a list or a Corpus"
            )
        segmenter, counts = self, {}
        for number in range(rounds):
            counts = segmenter._tally(texts, soft)
            if number + 1 < rounds:
                segmenter = self._again(counts)
        return counts

    def reestimate(self, texts: Iterable[str], *, rounds: int = 1, soft: bool = False) -> Segmenter:
        """A new segmenter with the weights of `fit_counts`; user words and ``runs`` are kept."""
        return self._again(self.fit_counts(texts, rounds=rounds, soft=soft))

    def _again(self, counts: Mapping[str, float]) -> Segmenter:
        return Segmenter.from_counts(counts, user_words=self._user, runs=self.runs)

    def _tally(self, texts: Iterable[str], soft: bool) -> dict[str, float]:
        model = self._ready()
        tally = np.zeros(model.weight.size, np.float64 if soft else np.int64)
        for joined, _ in batches(texts, BLOCK):
            for _, points, unit, cut in cut_blocks(joined, model):
                if soft:
                    add_expected(lattice(points, unit, model), tally)
                else:
                    tally += np.bincount(cut.nodes[cut.nodes >= 0], minlength=tally.size)
        values = tally[self._node_of].tolist()
        return {word: value for word, value in zip(self.weights, values) if value > 0}

    def _ready(self) -> Model:
        if self._model is None:
            table = self.weights
            without = (unit_kinds() == RUN) if self.runs == "drop" else None
            trie, self._node_of = build_trie(list(table), without)
            weight = np.full(trie.inner.size, -np.inf)
            weight[self._node_of] = np.fromiter(table.values(), np.float64, len(table))
            longest = max(map(len, table), default=1)
            self._model = Model(trie, weight, self.unknown, longest, self.runs == "token")
        return self._model
