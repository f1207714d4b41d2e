from collections import Counter, defaultdict
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.kneser_ney import KneserNey

streams = st.lists(st.integers(0, 5), min_size=4, max_size=120)


def reference(tokens, vocabulary, order):
    """The formula as written, with dictionaries: a function (context, token) -> probability."""
    tables = {order: Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))}
    for length in range(order - 1, 0, -1):
        tables[length] = Counter(gram[1:] for gram in tables[length + 1])

    def discounts(table):
        n = Counter(table.values())
        if all(n[k] for k in (1, 2, 3, 4)):
            y = n[1] / (n[1] + 2 * n[2])
            found = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
            if all(0 < d < k for k, d in zip((1, 2, 3), found)):
                return found
        return [0.5, 1.0, 1.5]

    cut = {length: discounts(table) for length, table in tables.items()}
    followers = {length: defaultdict(list) for length in tables}
    for length, table in tables.items():
        for gram, count in table.items():
            followers[length][gram[:-1]].append(count)

    def probability(context, token):
        context = tuple(context[max(0, len(context) - order + 1) :])
        length = len(context) + 1
        lower = probability(context[1:], token) if context else 1 / vocabulary
        counts = followers[length][context]
        if not counts:
            return lower
        count = tables[length][(*context, token)]
        own = count - cut[length][min(count, 3) - 1] if count else 0
        kept = sum(cut[length][min(c, 3) - 1] for c in counts)
        return (own + kept * lower) / sum(counts)

    return probability


def test_by_hand():
    """a b a b a c: the bigrams ab 2, ba 2, ac 1; before a: b; before b: a; before c: a, so 1 of 3 each.

    Too small for estimated discounts, so .5, 1, 1.5. p(.) = (1 - .5) / 3 + .5 / 3 = 1 / 3;
    p(b | a) = (2 - 1) / 3 + (1 + .5) / 3 · 1 / 3 = 1 / 2; p(c | a) = .5 / 3 + .5 / 3 = 1 / 3; p(a | a) = 1 / 6;
    after c nothing was seen: p(. | c) = p(.).
    """
    model = KneserNey(3, order=2).fit(np.array([0, 1, 0, 1, 0, 2]))
    assert np.exp(-model.nats(np.array([0, 1, 0, 2, 1]))) == pytest.approx(
        [1 / 3, 1 / 2, 2 / 3, 1 / 3, 1 / 3]
    )
    assert np.exp(-model.nats(np.array([0, 0])))[1] == pytest.approx(1 / 6)


@settings(deadline=None, max_examples=60)
@given(streams, streams, st.integers(1, 4))
def test_parity_with_the_formula_as_written(tokens, others, order):
    model, probability = KneserNey(6, order).fit(np.array(tokens)), reference(tokens, 6, order)
    expected = [-log(probability(others[:i], token)) for i, token in enumerate(others)]
    assert model.nats(np.array(others)) == pytest.approx(expected, rel=1e-12)


def test_parity_where_the_discounts_are_estimated():
    tokens = (np.random.default_rng(0).zipf(1.4, 4000) % 50).tolist()
    model, probability = KneserNey(50).fit(np.array(tokens, np.uint16)), reference(tokens, 50, 4)
    assert all(order.discounts[1] != 0.5 for order in model._orders[:3])
    others = (np.random.default_rng(1).zipf(1.4, 300) % 50).tolist()
    expected = [-log(probability(others[:i], token)) for i, token in enumerate(others)]
    assert model.nats(np.array(others, np.uint16)) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(streams, st.lists(st.integers(0, 7), max_size=3))
def test_every_distribution_sums_to_one(tokens, context):
    model = KneserNey(8).fit(np.array(tokens))  # 6 and 7 never occur
    total = sum(exp(-model.nats(np.array([*context, token]))[-1]) for token in range(8))
    assert total == pytest.approx(1, abs=1e-12)


def test_learns_what_repeats():
    tokens = np.tile(np.arange(20), 50)
    model = KneserNey(100).fit(tokens)
    assert model.nats(tokens)[3:].mean() < 0.05
    assert model.nats(np.random.default_rng(0).permutation(tokens)).mean() > 1


def test_refusals():
    with pytest.raises(ValueError, match="order=5: expected"):
        KneserNey(100, order=5)
    with pytest.raises(ValueError, match="vocabulary=70000"):
        KneserNey(70_000)
    with pytest.raises(RuntimeError, match="call fit"):
        KneserNey(10).nats(np.array([1]))
    with pytest.raises(ValueError, match="tokens from 1 to 10: expected 0 to 9"):
        KneserNey(10).fit(np.array([1, 2, 3, 10]))
    with pytest.raises(ValueError, match="at least the order, 4"):
        KneserNey(10).fit(np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="one row of whole numbers"):
        KneserNey(10).fit(np.array([0.5, 1, 2, 3]))
