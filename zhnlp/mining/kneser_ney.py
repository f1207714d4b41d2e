"""An n-gram language model over token numbers: interpolated modified Kneser-Ney, exact, in numpy.

The highest order has counts ``c``, every lower one counts in how many different tokens stood before (``N1+``).
With ``D`` = D1, D2, D3 for counts of 1, 2, 3 and more, of the order at hand, and ``h'`` = ``h`` without its first token

    p(w | h) = max(c(h w) - D(c(h w)), 0) / c(h .) + gamma(h) p(w | h'),
    gamma(h) = (D1 N1(h .) + D2 N2(h .) + D3 N3+(h .)) / c(h .),

down to 1 / vocabulary below the single tokens; a context never seen takes ``p(w | h')``. An n-gram is a 64-bit number,
16 bits a token; an order is its sorted n-grams, their counts, and one row a context.

Reference: Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1999, equations 25-28
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_ORDER = 4
_BITS = 16
_FALLBACK = (0.5, 1.0, 1.5)  # where a text is too small to say


@dataclass(eq=False)
class _Order:
    """The n-grams of one order: G of them, C contexts."""

    grams: np.ndarray  # (G,) uint64, rising
    counts: np.ndarray  # (G,) int32
    contexts: np.ndarray  # (C,) uint64, rising: n-grams without their last token
    totals: np.ndarray  # (C,) float64: c(h .)
    gammas: np.ndarray  # (C,) float64
    discounts: np.ndarray  # (4,) float64: taken from a count of 0, 1, 2, 3 and more


class KneserNey:
    """Counts a stream of token numbers once, then says what other tokens cost.

    Args:
        vocabulary: number of token numbers, 2 to 65,536.
        order: tokens of the longest n-gram, 1 to 4.

    Raises:
        ValueError: an argument outside its range.

    Example:
        >>> model = KneserNey(vocabulary=4, order=2).fit(np.array([0, 1, 2, 0, 1, 3, 0, 1, 2, 0]))
        >>> np.exp(-model.nats(np.array([0, 1]))).round(3).tolist()
        [0.325, 0.612]
        >>> round(float(sum(np.exp(-model.nats(np.array([0, 1, w]))[2]) for w in range(4))), 12)
        1.0
    """

    def __init__(self, vocabulary: int, order: int = MAX_ORDER):
        if not 2 <= vocabulary <= 1 << _BITS or not 1 <= order <= MAX_ORDER:
            raise ValueError(
                f"got vocabulary={vocabulary}, order={order}: expected a vocabulary of 2 to 65,536 tokens and order 1 to 4"
            )
        self.vocabulary, self.order = vocabulary, order
        self._orders: list[_Order] = []  # from the longest n-grams to the single tokens

    def fit(self, tokens: np.ndarray) -> KneserNey:
        """Count ``tokens``, a (T,) stream of whole numbers in which documents are set apart by a token of their own.

        n-grams reach across that token, as they do in the packed sequences of a neural model. Takes some 15 bytes a
        token while it counts: 1.6 GB for 105 million.

        Raises:
            ValueError: a token outside the vocabulary, or fewer tokens than the order.
        """
        tokens = self._checked(tokens)
        if tokens.size < self.order:
            raise ValueError(f"got {tokens.size} tokens: expected at least the order, {self.order}")
        grams, counts = _distinct(_pack(tokens, self.order))
        self._orders = [_order(grams, counts)]
        for length in range(self.order - 1, 0, -1):
            suffixes = grams & np.uint64((1 << _BITS * length) - 1)
            grams, counts = _distinct(suffixes)
            self._orders.append(_order(grams, counts))
        return self

    def nats(self, tokens: np.ndarray) -> np.ndarray:
        """``-ln p`` of each of the (T,) tokens given those before it in the array; (T,) float64.

        The first token has no context and costs what it costs among single tokens: give the token that sets
        documents apart as the first one, and leave its cost out of the sum.

        Raises:
            RuntimeError: nothing was counted yet.
            ValueError: a token outside the vocabulary.
        """
        if not self._orders:
            raise RuntimeError("this model has counted nothing yet: call fit(tokens) first")
        tokens = self._checked(tokens)
        probability = np.full(tokens.size, 1 / self.vocabulary)
        for length, order in enumerate(reversed(self._orders), start=1):
            if tokens.size >= length:
                part = probability[length - 1 :]  # tokens with a context of this length
                part[:] = _interpolate(order, _pack(tokens, length), part)
        return -np.log(probability)

    def _checked(self, tokens: np.ndarray) -> np.ndarray:
        tokens = np.asarray(tokens)
        if tokens.ndim != 1 or not (np.issubdtype(tokens.dtype, np.integer) or tokens.size == 0):
            raise ValueError(
                f"got an array of shape {tokens.shape} and type {tokens.dtype}: expected one row of whole numbers"
            )
        if tokens.size and not 0 <= int(tokens.min()) <= int(tokens.max()) < self.vocabulary:
            raise ValueError(
                f"got tokens from {tokens.min()} to {tokens.max()}: expected 0 to {self.vocabulary - 1}, the vocabulary "
                "given at the start; another tokenizer than that of the training text is the usual cause"
            )
        return tokens


def _pack(tokens: np.ndarray, length: int) -> np.ndarray:
    """(T - length + 1,) uint64: the n-gram that ends at each token, its last token in the lowest bits."""
    size = tokens.size - length + 1
    packed = tokens[:size].astype(np.uint64)
    for shift in range(1, length):
        packed <<= np.uint64(_BITS)
        packed |= tokens[shift : shift + size].astype(np.uint64)
    return packed


def _distinct(grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rising n-grams and how often each was there; sorts ``grams`` in place."""
    grams.sort()
    starts = _starts(grams)
    return grams[starts], np.diff(starts, append=grams.size).astype(np.int32)


def _starts(rising: np.ndarray) -> np.ndarray:
    """(G,) int64: where each run of equal numbers begins."""
    first = np.empty(rising.size, bool)
    first[:1] = True
    np.not_equal(rising[1:], rising[:-1], out=first[1:])
    return np.flatnonzero(first)


def _order(grams: np.ndarray, counts: np.ndarray) -> _Order:
    discounts = _discounts(counts)
    contexts = grams >> np.uint64(_BITS)
    starts = _starts(contexts)
    totals = np.add.reduceat(counts, starts, dtype=np.float64)
    taken = np.add.reduceat(discounts[np.minimum(counts, 3)], starts)
    return _Order(grams, counts, contexts[starts], totals, taken / totals, discounts)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """D of Chen and Goodman, (4,); fixed ones where a count of 1 to 4 is missing or one of them falls out of range."""
    one, two, three, four = (int((counts == n).sum()) for n in (1, 2, 3, 4))
    if one and two and three and four:
        y = one / (one + 2 * two)
        found = (1 - 2 * y * two / one, 2 - 3 * y * three / two, 3 - 4 * y * four / three)
        if all(0 < value < n for n, value in enumerate(found, start=1)):
            return np.array([0.0, *found])
    return np.array([0.0, *_FALLBACK])


def _interpolate(order: _Order, grams: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """p(w | h) of each n-gram, from p(w | h')."""
    place, known = _find(order.contexts, grams >> np.uint64(_BITS))
    total, gamma = order.totals[place], order.gammas[place]
    gram, seen = _find(order.grams, grams)
    count = np.where(seen, order.counts[gram], 0)
    own = count - order.discounts[np.minimum(count, 3)]
    return np.where(known, own / total + gamma * lower, lower)


def _find(rising: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of ``wanted`` in ``rising``, and whether they are there."""
    rank = np.argsort(wanted)  # in rising order the search stays in the cache
    place = np.empty(wanted.size, np.int64)
    place[rank] = np.searchsorted(rising, wanted[rank])
    np.minimum(place, rising.size - 1, out=place)
    return place, rising[place] == wanted
