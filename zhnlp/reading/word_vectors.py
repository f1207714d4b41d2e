"""Words and their vectors from open text, for readers whose own training set is too small to learn them.

The text is cut into words, pairs of words within a window are counted, and the counts become vectors by mutual information
and singular values (`zhnlp.mining.terms.vectors`).  Post 6906 has word2vec; what both learn is much the same (Levy and Goldberg 2014).

Source: 苏剑林, https://kexue.fm/archives/6906, https://kexue.fm/archives/5409
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.terms.vectors import TooLittleText, train_vectors
from zhnlp.text.files import atomic_file
from zhnlp.text.width import fold_characters
from zhnlp.tokenizers.words import MinedWords, WordNumbers

_SINGLE = re.compile("[0-9A-Za-z]")
_CHUNK = 2_000_000  # tokens that are counted together


@dataclass(frozen=True, eq=False)
class WordKnowledge:
    """Words with how often they occurred and what they are like.

    Attributes:
        words: W different words, by falling count.
        counts: of each, by which texts are cut.
        rows: (W, d) float32.

    Example:
        >>> known = WordKnowledge(["电网", "检修"], [5, 3], np.eye(2, dtype=np.float32))
        >>> known.numbers.of("检修电网")
        array([2, 2, 1, 1])
    """

    words: list[str]
    counts: list[int]
    rows: np.ndarray

    @cached_property
    def segmenter(self) -> MinedWords:
        """Cuts texts into these words."""
        return MinedWords(Segmenter.from_counts(dict(zip(self.words, self.counts))))

    @cached_property
    def numbers(self) -> WordNumbers:
        """Numbers the characters of texts by their words."""
        return WordNumbers(self.words, self.segmenter)

    def cut(self, text: str) -> list[tuple[int, int]]:
        """Words of a text, with no blank in them."""
        starts, ends = self.segmenter.segmenter.spans(text)
        return list(zip(starts.tolist(), ends.tolist()))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Words of a text; digits and Latin letters one by one (post 5409)."""
        return split_runs(text, self.cut(text))

    def number(self, word: str) -> int:
        """The number of a word, 1 to W; 0 for an unknown one."""
        return self._places.get(word) or self._places.get(fold_characters(word).lower(), 0)

    def rarity(self, word: str) -> float:
        """-ln of the share that a word has of all that was counted, in nats; of an unknown word as of one that occurred once.

        Example:
            >>> known = WordKnowledge(["电网", "检修"], [6, 2], np.eye(2, dtype=np.float32))
            >>> round(known.rarity("检修"), 3), round(known.rarity("断路"), 3)
            (1.386, 2.079)
        """
        number = self.number(word)
        return math.log(self._total / (self.counts[number - 1] if number else 1))

    @cached_property
    def _total(self) -> int:
        return sum(self.counts)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, 1)}

    def save(self, path: str | Path) -> Path:
        """Write one file of safetensors."""
        from safetensors.numpy import save

        said = {"words": json.dumps(self.words, ensure_ascii=False), "counts": json.dumps(self.counts)}
        with atomic_file(path) as temporary:
            temporary.write_bytes(save({"rows": np.ascontiguousarray(self.rows)}, said))
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> WordKnowledge:
        """Read what `save` wrote.

        Raises:
            ValueError: the file holds something else.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), framework="numpy") as file:
                said = file.metadata()
                return cls(json.loads(said["words"]), json.loads(said["counts"]), file.get_tensor("rows"))
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{path} holds no words with counts and vectors: expected a file of WordKnowledge.save ({error})"
            ) from error


def split_runs(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of words, those that have a digit or Latin letter cut into characters.

    Example:
        >>> split_runs("在1949年", [(0, 1), (1, 6)])
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    """
    folded, found = fold_characters(text), []
    for start, end in spans:
        if end - start > 1 and _SINGLE.search(folded, start, end):
            found += ((place, place + 1) for place in range(start, end))
        else:
            found.append((start, end))
    return found


def learn_words(
    texts: Iterable[str],
    *,
    dim: int = 128,
    limit: int = 50_000,
    min_count: int = 5,
    window: int = 5,
    power: float = 0.5,
    shift: float = 0.0,
    segmenter: Any = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> WordKnowledge:
    """Cut texts into words, keep the frequent ones, and learn their vectors.

    Args:
        texts: read twice, so no iterator; each is a document.
        dim: d; lowered to the number of words less 1.
        limit, min_count: at most so many words, of at least so many occurrences.
        window: words on each side that count, nearer ones more.
        power: of the singular values, in [0, 1].
        shift: nats taken off the mutual information.
        segmenter: whatever has ``spans(text)``; None for jieba's dictionary without its hidden Markov model.
        seed: of the decomposition.

    Raises:
        TypeError: texts are an iterator, or one str.
        ValueError: an argument is out of range, or the text is too little (`TooLittleText`).

    Example:
        >>> texts = ["电网检修", "电力检修", "电网巡视", "电力巡视", "小说很好看", "故事很好看"] * 4
        >>> known = learn_words(texts, dim=3, min_count=2)
        >>> "电网" in known.words, known.rows.shape[1]
        (True, 3)

    Source: Levy, Goldberg and Dagan 2015, Improving Distributional Similarity with Lessons Learned from Word Embeddings
    """
    if isinstance(texts, (str, Iterator)):
        raise TypeError(f"texts got {type(texts).__name__}: expected a list or corpus that can be read twice")
    if not 1 <= window <= 20 or limit < 2 or min_count < 1:
        raise ValueError(
            f"window={window}, limit={limit}, min_count={min_count} is not possible: expected a window of 1-20 words, a limit of 2 or "
            "more, and a count of 1 or more"
        )
    cutter = dictionary_words() if segmenter is None else segmenter
    shown = Progress(False) if progress is None else progress
    counts: Counter[str] = Counter()
    with shown.stage("count words"):
        for words in _documents(texts, cutter):
            counts.update(words)
    chosen = [
        word
        for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if count >= min_count
    ]
    chosen = chosen[:limit]
    if len(chosen) < 2:
        raise TooLittleText(
            f"{len(chosen)} words occur {min_count} times: expected 2 or more. Next: give more text"
        )
    places = {word: number for number, word in enumerate(chosen)}
    with shown.stage("count pairs"):
        pairs = _pairs(_documents(texts, cutter), places, window)
    with shown.stage("vectors"):
        vectors = train_vectors(chosen, pairs, dim=dim, shift=shift, power=power, seed=seed)
    return WordKnowledge(
        chosen, [counts[word] for word in chosen], vectors.rows * np.sqrt(vectors.dim).astype(np.float32)
    )


@lru_cache(maxsize=1)
def dictionary_words() -> MinedWords:
    """The words of jieba's dictionary, along the path of the greatest probability; an order of magnitude quicker than jieba."""
    from zhnlp.tokenizers.words import JiebaWords

    return MinedWords(Segmenter.from_counts(JiebaWords(hmm=False).frequencies))


def _documents(texts: Iterable[str], cutter: Any) -> Iterator[list[str]]:
    """The words of each text, half-width and in lower case."""
    folded = (fold_characters(text).lower() for text in texts)
    segmenter = getattr(cutter, "segmenter", None)
    if isinstance(segmenter, Segmenter):
        yield from segmenter.segment_lines(folded)
    else:
        yield from cutter.words_of(folded)


def _pairs(documents: Iterator[list[str]], places: dict[str, int], window: int) -> Any:
    """Symmetric (V, V) counts of pairs: at a distance of d words window + 1 - d."""
    from scipy.sparse import coo_matrix, csr_matrix

    size = len(places)
    total = csr_matrix((size, size), dtype=np.float32)
    while True:
        ids: list[int] = []
        for words in documents:
            ids += [number for word in words if (number := places.get(word, -1)) >= 0]
            ids += [-1] * window
            if len(ids) >= _CHUNK:
                break
        if not ids:
            return total + total.T
        row = np.asarray(ids, np.int64)
        for distance in range(1, window + 1):
            left, right = row[:-distance], row[distance:]
            both = (left >= 0) & (right >= 0)
            weights = np.full(int(both.sum()), window + 1 - distance, np.float32)
            total = total + coo_matrix((weights, (left[both], right[both])), shape=(size, size)).tocsr()
