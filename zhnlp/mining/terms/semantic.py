"""What word vectors say of terms: near the terms that contrast is surest of, and not just near everything.

A term is the sum of the vectors of its units.  The terms with the best contrast are the seeds; wrong ones among them do
little harm, since only means count:

    direction    cosine with (mean of the first 1,000 - mean of all)
    company      mean cosine with the 10 nearest of the first 300, terms of the same units left out

Both are brought to mean 0 and deviation 1 and added up, and the sum again; the score of a term becomes

    contrast + 0.6 · deviation of the contrasts · meaning

On laws and on open-source articles (THUOCL, none of which is used here) this raises average precision over the default
contrast by 25 % and 11 %; so did most other uses of the vectors that were tried, by less: the mean of seeds alone, nearest
seeds alone, contrast averaged over neighbours, a regression of contrast on the vectors, a model of seeds and others.  The
growing cluster of the post as a filter lowers it.

Source: 苏剑林, https://kexue.fm/archives/6540 (a semantic filter after contrast)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.join import transitions
from zhnlp.mining.progress import Progress
from zhnlp.mining.terms.cooccurrence import choose_vocabulary, count_cooccurrences, units_of_rows
from zhnlp.mining.terms.vectors import WordVectors, best_places, train_vectors, unit_rows
from zhnlp.mining.trie import Trie
from zhnlp.mining.viterbi import segment_corpus

DIRECTION_SEEDS, COMPANY_SEEDS = 1000, 300
COMPANY = 10  # nearest seeds that are averaged
WEIGHT = 0.6  # of meaning against contrast
_SAME = 0.9999  # cosine of terms that are made of the same units
_BLOCK = 4096


class UnitVectors(NamedTuple):
    """Vectors of the units of a cut corpus."""

    nodes: np.ndarray  # (V,) int64, by falling count
    vectors: WordVectors  # of the same units


def train_unit_vectors(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    weights: np.ndarray,
    *,
    limit: int = 30_000,
    min_count: int = 5,
    window: int = 5,
    dim: int = 100,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> UnitVectors:
    """Cut the corpus, count pairs of units, and make vectors of them.

    Args:
        words, weights: the lexicon and its weights, as `zhnlp.mining.viterbi.segment_corpus` takes them.
        limit, min_count: see `choose_vocabulary`.
        window: see `count_cooccurrences`.
        dim, seed: see `train_vectors`.

    Raises:
        ValueError: fewer than 2 units are frequent enough and stand near each other, or an argument is out of range.
    """
    shown = {"threads": threads, "progress": progress}
    counts = segment_corpus(symbols, trie, words, weights, **shown)
    nodes = choose_vocabulary(trie, counts, limit=limit, min_count=min_count)
    pairs = count_cooccurrences(symbols, trie, words, weights, nodes, window=window, **shown)
    return UnitVectors(nodes, train_vectors(trie.words(nodes), pairs.matrix(), dim=dim, seed=seed))


def term_rows(
    trie: Trie,
    nodes: np.ndarray,
    words: np.ndarray,
    weights: np.ndarray,
    units: UnitVectors,
) -> np.ndarray:
    """Vectors of terms from those of their units, (M, D) float32 of length 1; zeros where no unit has a vector.

    Args:
        nodes: (M,) the terms.
        words, weights: the lexicon and its weights, as `zhnlp.mining.viterbi.segment_corpus` takes them.
        units: from `train_unit_vectors`.
    """
    chosen = np.zeros(len(trie), np.bool_)
    chosen[words] = True
    longest = int(trie.depth[words].max(initial=1))
    parts = units_of_rows(trie.paths(nodes), transitions(trie, chosen), weights, longest, units.nodes)
    return unit_rows(parts @ units.vectors.rows)


def automatic_seeds(contrast: np.ndarray, number: int = COMPANY_SEEDS) -> np.ndarray:
    """Places of the terms to begin with: those of greatest contrast, best first; at most a third of all."""
    return best_places(np.asarray(contrast, np.float64), min(number, -(-contrast.size // 3)))


def score_meaning(rows: np.ndarray, contrast: np.ndarray, seeds: np.ndarray | None = None) -> np.ndarray:
    """How much each term means what the seeds mean, (M,) float64: mean 0, deviation 1; 0 for a term without a vector.

    Args:
        rows: (M, D) float32 of length 1, from `term_rows`.
        contrast: (M,) finite scores; the terms given should be those worth asking, such as the best 30,000.
        seeds: places of terms that are known to be right; None takes those of greatest contrast.

    Raises:
        ValueError: shapes do not match, or a contrast is not finite.

    Example:
        >>> rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.9, 0.1], [0.0, 1.0], [-0.6, 0.8], [-0.1, 0.9]], np.float32)
        >>> meaning = score_meaning(rows, np.array([9.0, 8.0, 3.0, 3.0, 2.0, 1.0]))
        >>> bool(meaning[2] > meaning[3])  # the same contrast, but nearer to the best two
        True
    """
    contrast = np.asarray(contrast, np.float64)
    if rows.ndim != 2 or rows.shape[0] != contrast.size:
        raise ValueError(f"rows have the shape {rows.shape}, expected ({contrast.size}, D): one row a score")
    if not np.isfinite(contrast).all():
        raise ValueError("contrast holds a number that is not finite: expected finite scores")
    has = np.abs(rows).max(axis=1, initial=0) > 0
    if np.count_nonzero(has) < 2:
        return np.zeros(contrast.size)
    where = np.flatnonzero(has)
    rows, contrast = np.ascontiguousarray(rows[where], np.float32), contrast[where]
    if seeds is None:
        many, few = automatic_seeds(contrast, DIRECTION_SEEDS), automatic_seeds(contrast)
    else:
        many = few = np.flatnonzero(np.isin(where, seeds))
    meaning = np.zeros(has.size)
    if few.size:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # sums of threads would differ in the last bits
            both = _standard(_direction(rows, many)) + _standard(_company(rows, few))
        meaning[where] = _standard(both)
    return meaning


def add_meaning(contrast: np.ndarray, meaning: np.ndarray, *, weight: float = WEIGHT) -> np.ndarray:
    """Contrast and meaning in one score, (M,) float64, in the unit of the contrast.

    Args:
        meaning: (M,) from `score_meaning`.
        weight: deviations of contrast that one deviation of meaning is worth (0 or more).

    Example:
        >>> add_meaning(np.array([1.0, 3.0]), np.array([1.0, -1.0]), weight=0.5).tolist()
        [1.5, 2.5]
    """
    if not weight >= 0:
        raise ValueError(f"weight={weight} is not possible: expected 0 or more")
    contrast = np.asarray(contrast, np.float64)
    return contrast + weight * (contrast.std() if contrast.size else 0.0) * meaning


def _direction(rows: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    difference = rows[seeds].mean(axis=0, dtype=np.float64) - rows.mean(axis=0, dtype=np.float64)
    return rows @ difference / max(float(np.linalg.norm(difference)), 1e-12)


def _company(rows: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    nearest = min(COMPANY, seeds.size)
    company = np.empty(len(rows))
    for begin in range(0, len(rows), _BLOCK):
        cosine = rows[begin : begin + _BLOCK] @ rows[seeds].T
        cosine[cosine > _SAME] = -1.0
        cosine.partition(seeds.size - nearest, axis=1)
        company[begin : begin + _BLOCK] = cosine[:, seeds.size - nearest :].mean(axis=1, dtype=np.float64)
    return company


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-12 else np.zeros_like(values)
