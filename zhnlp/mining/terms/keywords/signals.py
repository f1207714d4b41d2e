"""What speaks for and against a candidate: one column a signal, and the weight of each.

The weights are those of a log-linear model of which candidate an author would name: they were fitted to the first 500
records of CSL (Chinese abstracts with their authors' keywords), half of the time with and half without a collection,
by ``benchmarks/keywords_csl.py --fit``, and rounded.  Nothing of those texts is kept but these numbers.
"""

from __future__ import annotations

import numpy as np

from zhnlp.mining.terms.keywords.background import Background
from zhnlp.mining.terms.keywords.candidates import Candidates
from zhnlp.mining.terms.keywords.words import CUES, ENDING, OPENING, Kind, Words

WEIGHTS = {
    "log_count": 0.16,  # ln of the number of occurrences
    "repeats": 0.55,  # occurs more than once
    "log_position": -0.15,  # ln(10 + characters before the first occurrence)
    "first_sentence": 0.26,  # occurs before the first end of a sentence
    "spread": 0.76,  # characters between the first and the last occurrence, as a share of the text
    "length_2": 0.06,  # characters; 6 is the zero
    "length_3": 0.52,
    "length_4": 0.66,
    "length_5": 0.47,
    "length_7": -0.67,  # 7 or 8
    "length_9": -1.54,  # 9 and more
    "one_word": 0.15,
    "many_words": -0.03,  # four or five
    "left_free": 0.22,  # share of occurrences behind punctuation or a function word
    "right_free": 0.18,
    "left_variety": 0.11,  # ln of the number of distinct words before it
    "right_variety": 0.14,
    "left_repeats": -0.43,  # ln of how often the text has the pair of words that the left edge parts
    "right_repeats": -0.31,
    "inner_repeats": 0.81,  # least of that over the pairs within
    "left_cohesion": -0.12,  # mean positive PMI of the pair that the left edge parts, nats
    "right_cohesion": -0.13,
    "inner_cohesion": 0.08,  # least PMI of the pairs within, 0 for one word
    "apart": 0.45,  # share of occurrences that are not within a longer candidate as frequent
    "before_de": 0.11,  # 的 follows
    "after_de": 0.19,
    "before_bracket": 0.63,  # as in 支持向量机(SVM)
    "quoted": 0.19,
    "cued": 0.55,  # behind 基于, 采用 …
    "ends_noun": 0.39,
    "ends_verb": 0.27,
    "ends_verbal_noun": 0.53,
    "ends_adjective": -0.8,
    "ends_other": -0.42,  # adverb, time, place, number, set phrase
    "starts_verb": -0.39,
    "starts_adverb": -0.77,
    "starts_number": -0.49,
    "starts_time": -0.34,  # or place
    "place_inside": -0.83,  # adverb, time or place behind the first word
    "name": 0.86,  # one word, a name
    "rarity": 0.08,  # nats, see background
    "mean_rarity": 0.05,  # of its words
    "least_rarity": 0.07,
    "listed": 0.5,  # rank in the table of terms, 1 to 0; set by hand
}
NAMES = tuple(WEIGHTS)
BIAS = -5.66  # makes the score of an abstract's candidate about the chance that its authors name it


_ENDS_OTHER = np.isin(np.arange(len(Kind)), (Kind.ADVERB, Kind.TIME_OR_PLACE, Kind.NUMBER, Kind.OTHER))


def signals(words: Words, found: Candidates, background: Background) -> np.ndarray:
    """The signals of each candidate, (M, len(NAMES)) float64."""
    size, many = len(words.keys), len(found.keys)
    kinds = words.kinds
    first, last, candidate, begin = found.first, found.last, found.candidate, found.begin
    count = found.count.astype(np.float64)
    one = first[begin]
    end = last[begin]
    length = end - one + 1

    # joints: joint k lies before word k; a joint at a break is free
    numbers: dict[str, int] = {}
    word = np.fromiter((numbers.setdefault(key, len(numbers)) for key in words.keys), np.int64, size)
    free = np.ones(size + 1, bool)
    broken = kinds == Kind.BREAK
    free[1:-1] = broken[1:] | broken[:-1] | ~words.joined[1:]
    joint = np.flatnonzero(~free)
    _, pair, pair_count = np.unique(
        word[joint - 1] * (size + 1) + word[joint], return_inverse=True, return_counts=True
    )
    repeats = np.zeros(size + 1)
    repeats[joint] = np.log(pair_count[pair])
    texts = words.texts
    pairs = [texts[k - 1] + texts[k] for k in joint.tolist()]
    frequency = background.counts([*texts, *pairs, *_spellings(words, found)])
    frequency, both, whole = np.split(frequency, [size, size + len(pairs)])
    cohesion = np.zeros(size + 1)
    cohesion[joint] = background.cohesion(both, frequency[joint - 1], frequency[joint])
    apart_cohesion = np.maximum(cohesion, 0)

    def share(of: np.ndarray) -> np.ndarray:
        """Mean over the occurrences of each candidate."""
        return np.bincount(candidate, weights=of, minlength=many) / count

    def most(of: np.ndarray) -> np.ndarray:
        return np.maximum.reduceat(of, begin) if many else np.zeros(0)

    # neighbours: word numbers, or one number for the ends of the text
    before = np.append(word, size)[first - 1]  # first = 0 takes the last entry
    after = np.append(word, size)[last + 1]
    rarity = background.rarity(frequency, words.keys)
    starts = np.array(words.starts, np.float64)
    ended = np.cumsum(_among(ENDING, numbers, size)[word])  # sentences that ended up to each word
    columns = {
        "log_count": np.log(count),
        "repeats": count > 1,
        "log_position": np.log(10.0 + starts[one]),
        "first_sentence": ended[one] == 0,
        "spread": (starts[first[begin + found.count - 1]] - starts[one]) / (words.ends[-1] or 1),
        "length_2": found.lengths == 2,
        "length_3": found.lengths == 3,
        "length_4": found.lengths == 4,
        "length_5": found.lengths == 5,
        "length_7": (found.lengths == 7) | (found.lengths == 8),
        "length_9": found.lengths >= 9,
        "one_word": length == 1,
        "many_words": length >= 4,
        "left_free": share(free[first]),
        "right_free": share(free[last + 1]),
        "left_variety": np.log(_distinct(candidate, before, size + 1, many)),
        "right_variety": np.log(_distinct(candidate, after, size + 1, many)),
        "left_repeats": most(repeats[first]),
        "right_repeats": most(repeats[last + 1]),
        "inner_repeats": _least_within(repeats, one, length),
        "left_cohesion": share(apart_cohesion[first]),
        "right_cohesion": share(apart_cohesion[last + 1]),
        "inner_cohesion": _least_within(cohesion, one, length),
        "apart": share(_cover(first, last, found.count[candidate], size) < found.count[candidate]),
        "before_de": most(after == numbers.get("的", -1)),
        "after_de": most(before == numbers.get("的", -1)),
        "before_bracket": most(after == numbers.get("(", -1)),
        "quoted": most(_among(OPENING, numbers, size)[before]),
        "cued": most(_among(CUES, numbers, size)[before]),
        "ends_noun": kinds[end] == Kind.NOUN,
        "ends_verb": kinds[end] == Kind.VERB,
        "ends_verbal_noun": kinds[end] == Kind.VERBAL_NOUN,
        "ends_adjective": kinds[end] == Kind.ADJECTIVE,
        "ends_other": _ENDS_OTHER[kinds[end]],
        "starts_verb": kinds[one] == Kind.VERB,
        "starts_adverb": kinds[one] == Kind.ADVERB,
        "starts_number": kinds[one] == Kind.NUMBER,
        "starts_time": kinds[one] == Kind.TIME_OR_PLACE,
        "place_inside": _any_within((kinds == Kind.ADVERB) | (kinds == Kind.TIME_OR_PLACE), one, length),
        "name": (length == 1) & (kinds[one] == Kind.NAME),
        "rarity": background.rarity(whole, found.keys),
        "mean_rarity": np.diff(np.append(0, np.cumsum(rarity))[np.stack([one, end + 1])], axis=0)[0] / length,
        "least_rarity": _least_within(rarity, one - 1, length + 1),
        "listed": background.listed(found.keys),
    }
    return np.stack([columns[name] for name in NAMES], axis=1).astype(np.float64)


def _among(chosen: frozenset[str], numbers: dict[str, int], size: int) -> np.ndarray:
    """Whether each word number is one of the chosen, (size + 1,) bool; the last stands for the ends of the text."""
    flags = np.zeros(size + 1, bool)
    flags[[numbers[word] for word in chosen if word in numbers]] = True
    return flags


def _spellings(words: Words, found: Candidates) -> list[str]:
    """The candidates as the reference knows them: case as first met."""
    spellings = found.keys.copy()
    one, end = found.first[found.begin], found.last[found.begin]
    runs = np.append(0, np.cumsum(words.kinds == Kind.RUN))
    for index in np.flatnonzero(runs[end + 1] > runs[one]).tolist():
        spellings[index] = "".join(words.texts[one[index] : end[index] + 1])
    return spellings


def _distinct(candidate: np.ndarray, neighbour: np.ndarray, base: int, many: int) -> np.ndarray:
    """The number of distinct neighbours of each candidate."""
    return np.bincount(np.unique(candidate * base + neighbour) // base, minlength=many).astype(np.float64)


def _least_within(values: np.ndarray, first: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The least of ``values[first + 1:first + length]``, 0 where that is empty."""
    least = np.where(length > 1, np.inf, 0.0)
    for step in range(1, int(length.max(initial=1))):
        within = length > step
        least[within] = np.minimum(least[within], values[first[within] + step])
    return least


def _any_within(flags: np.ndarray, first: np.ndarray, length: np.ndarray) -> np.ndarray:
    total = np.append(0, np.cumsum(flags))
    return total[first + length] > total[first + 1]


def _cover(first: np.ndarray, last: np.ndarray, count: np.ndarray, size: int) -> np.ndarray:
    """For each occurrence, the count of the most frequent longer candidate that it lies in, if that repeats."""
    most = int((last - first).max(initial=0)) + 1
    own = np.zeros((most + 2, size + 1), np.int64)  # [words, first word]
    own[last - first, first] = np.where(count > 1, count, 0)
    above = np.zeros_like(own)
    for words in range(most - 1, -1, -1):
        longer = np.maximum(own[words + 1], above[words + 1])
        above[words] = np.maximum(longer, np.append(0, longer[:-1]))
    return above[last - first, first]
