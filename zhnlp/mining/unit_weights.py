"""What the units of a segmenter weigh: counts of the least-information cut, and a toll that each word must earn.

A word w of n symbols competes with its own parts.  In nats it weighs

    ln p(w) - toll(n),    toll = 0, 3, 9, 13, 17 … for n = 1, 2, 3, 4, 5 …,

so it wins over parts u, v only where ln p(w) - ln p(u) - ln p(v) > toll(n) - toll(u) - toll(v): the rule by which post
5597 deletes redundant words, applied while the counts are being learnt.  The p are shares among *units*, not among
characters, and this decides both ways: 的 and 人 are mostly units of their own, so 的人 saves 1.2 nats and falls apart,
while 法 and 国 mostly stand inside words, so 法国 saves 4.8 although its characters are common and its PMI is poor.
Hence every frequent pair of symbols is a candidate here, not only the words that discovery lists.  A unit never
holds a number and something else: 2024年8月 is four units.

The counts start from the raw ones and are learnt by hard EM: cut the corpus, count, weigh, cut again.

Where a lexicon is limited, the units of greatest adjusted frequency stay: (Σ √(share of part · count in part))² over
parts of the corpus of a million symbols, which is the count for a unit spread evenly and less for one that is met in
one place only.

The tolls and the rounds were chosen on the development part of UD Chinese-GSDSimp, as given and with affixes and units
of dates joined to their words; the counts are learnt without labels.

Against plain counts (F on UD dev): .754 and .708 on 7 million symbols, .682 and .658 on 0.9 million, .567 and .564 on
90,000; below some 20,000 symbols it is no better, and on a dozen lines a whole repeated line can win over the word in it.

Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597
Source: Rosengren, "The quantitative concept of language and its relation to the structure of frequency
dictionaries", Études de linguistique appliquée 1, 1971 (adjusted frequency)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import Symbols
from zhnlp.mining.join import transitions
from zhnlp.mining.methods.base import scale
from zhnlp.mining.progress import Progress
from zhnlp.mining.score import absorbed_nodes
from zhnlp.mining.trie import Trie
from zhnlp.mining.viterbi import segment_corpus, segment_stretch, unit_weights
from zhnlp.mining.workers import walk

TOLLS = (0.0, 0.0, 3.0, 9.0, 13.0)  # nats for 0, 1, 2 … symbols
_TOLL_MORE = 4.0  # for each symbol beyond
_FLOOR = 0.1  # what a unit is counted as that was never cut out


class UnitWeights(NamedTuple):
    """The units of a segmenter: single symbols, and words that won somewhere in the corpus."""

    nodes: np.ndarray  # (U,) int64, rising
    weights: np.ndarray  # (U,) float64, nats, at most 0
    counts: np.ndarray  # (nodes,) int64: how often each node is a unit in the last cut of the corpus


def tolls(trie: Trie) -> np.ndarray:
    """What each node pays for being a unit, (nodes,) float64 nats.

    Stated for 10 million symbols and scaled like PMI thresholds: the gain of a word met c times cannot exceed
    (n - 1) ln(T / c), so in a short text no word could pay in full.
    """
    longest = max(trie.max_length, len(TOLLS) - 1)
    table = np.array([*TOLLS, *(TOLLS[-1] + _TOLL_MORE * k for k in range(1, longest - len(TOLLS) + 2))])
    return table[trie.depth] * scale(trie.total)


def candidate_units(trie: Trie, words: np.ndarray) -> np.ndarray:
    """``words`` and every pair of symbols that is not part of one longer n-gram, rising; none with a number in it."""
    pairs = np.flatnonzero((trie.depth == 2) & (trie.count >= trie.min_count))
    pairs = pairs[~absorbed_nodes(trie)[pairs]]
    units = np.union1d(words, pairs).astype(np.int64)
    is_number = trie.alphabet.is_number.copy()
    is_number[0] = False  # paths are filled with 0
    return units[~is_number[trie.paths(units)].any(axis=1)]


def word_weights(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    segments: np.ndarray | None = None,
    *,
    limit: int | None = None,
    rounds: int = 3,
    threads: int = 1,
    progress: Progress | None = None,
) -> UnitWeights:
    """Learn what single symbols and words weigh in a segmenter.

    Args:
        words: nodes that discovery lists.
        segments: (nodes,) how often each stands alone in the method's own cut, of which the single symbols are
            read; None cuts the corpus once by ``words`` instead.
        limit: most words of two symbols or more; None for all that are cut out at least once.
        rounds: cuts of the corpus, 1 or more.

    Raises:
        ValueError: ``rounds`` is below 1, or ``limit`` below 0.
    """
    if rounds < 1:
        raise ValueError(f"rounds={rounds} is not possible: expected 1 or more cuts of the corpus")
    if limit is not None and limit < 0:
        raise ValueError(f"limit={limit} is not possible: expected 0 or more words, or None for all")
    size, toll = len(trie.alphabet), tolls(trie)
    options = {"threads": threads, "progress": progress}
    if segments is None:
        plain = unit_weights(trie, words, trie.count.astype(np.float64))
        segments = segment_corpus(symbols, trie, words, plain, **options)
    counts = trie.count.astype(np.float64)
    counts[:size] = segments[:size]
    units = candidate_units(trie, words)
    for _ in range(rounds):
        weights = unit_weights(trie, units, counts, floor=_FLOOR) - toll
        counts = segment_corpus(symbols, trie, units, weights, **options)
        units = units[(counts[units] > 0) & (trie.depth[units] > 1)]
    weights = unit_weights(trie, units, counts, floor=_FLOOR) - toll
    if limit is not None and units.size > limit:
        spread = adjusted_frequency(symbols, trie, units, weights, threads=threads)
        units = np.sort(units[np.lexsort((units, -counts[units], -spread))][:limit])
    singles = np.arange(FIRST_SYMBOL, size)
    # A run is never cut, so one that was not met alone needs no weight.
    is_character = trie.alphabet.lengths[singles] == 1
    singles = singles[(counts[singles] > 0) | (is_character & (trie.count[singles] > 0))]
    nodes = np.concatenate([singles, units])
    return UnitWeights(nodes, np.minimum(weights[nodes], 0.0), counts)


def adjusted_frequency(
    symbols: Symbols,
    trie: Trie,
    units: np.ndarray,
    weights: np.ndarray,
    *,
    threads: int = 1,
    part: int = 1 << 20,
) -> np.ndarray:
    """Count of each of ``units`` in the heaviest cut, lowered by uneven spread over parts of the corpus, (M,) float64.

    Args:
        weights: (nodes,) nats, as `segment_corpus` takes them.
        part: symbols in a part, about; a document is never divided.
    """
    chosen = np.zeros(len(trie), np.bool_)
    chosen[units] = True
    table = transitions(trie, chosen)
    longest = int(trie.depth[units].max(initial=1))

    def job(begin, end, document):
        count = np.zeros(len(trie), np.int64)
        segment_stretch(symbols.array, begin, end, table, weights, longest, count)
        return np.sqrt(count[units] * float(end - begin)), end - begin

    total, size = np.zeros(units.size), 0
    for root, length in walk(symbols, job, threads=threads, size=part):
        total += root
        size += length
    return total**2 / max(size, 1)
