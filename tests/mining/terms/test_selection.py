"""From scored candidates to the terms of the table: order, ties, top, least score and the reasons of the rejected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms import selection
from zhnlp.mining.terms.rules import RuleSet, begins, ends, words
from zhnlp.mining.terms.scorers import toy_statistics
from zhnlp.mining.terms.selection import select

TRIE = count_ngrams(encode_texts(["丙丁甲乙", "乙甲丁丙甲丙乙丁", "丁甲乙丙"]), max_length=3, min_count=1)
NODES = np.flatnonzero(TRIE.depth > 1)
TEXTS = TRIE.words(NODES)
RULES = RuleSet([begins("begins with 甲", "甲"), ends("ends in 丁", "丁")])

few = st.lists(st.integers(0, 2), min_size=NODES.size, max_size=NODES.size)


def choose(scores, counts, rules=RULES, **options):
    statistics = toy_statistics(count=counts)
    return select(TRIE, NODES, np.array(scores, float), statistics, rules, **options)


@settings(max_examples=150, deadline=None)
@given(few, few, st.one_of(st.none(), st.integers(1, 30)), st.one_of(st.none(), st.integers(0, 2)))
def test_the_best_are_kept_in_order_and_top_is_a_prefix(scores, counts, top, min_score):
    found = choose(scores, counts, top=top, min_score=min_score)
    passed = [
        (-score, -count, text)
        for score, count, text in zip(scores, counts, TEXTS)
        if RULES.verdict(text) is None and (min_score is None or score >= min_score)
    ]
    assert found.terms == [text for *_, text in sorted(passed)][:top]
    assert TRIE.words(NODES[found.kept]) == found.terms


@settings(max_examples=60, deadline=None)
@given(few, few, st.integers(1, 30))
def test_all_are_kept_rejected_or_not_asked(scores, counts, top):
    whole, cut = choose(scores, counts), choose(scores, counts, top=top)
    assert len(whole.terms) + len(whole.rejected) == NODES.size and whole.unread == 0
    assert whole.rejected == {text: rule for text in TEXTS if (rule := RULES.verdict(text))}
    assert set(cut.rejected.items()) <= set(whole.rejected.items())
    assert cut.unread + len(cut.rejected) + len(cut.terms) <= NODES.size
    if len(whole.terms) < top:
        assert cut.unread == 0


def test_small_batches_give_the_same(monkeypatch):
    scores, counts = list(range(NODES.size)), [1] * NODES.size
    whole = [choose(scores, counts, top=top) for top in (None, 1, 5)]
    monkeypatch.setattr(selection, "_BATCH", 2)
    for before, top in zip(whole, (None, 1, 5)):
        found = choose(scores, counts, top=top)
        assert (found.terms, found.rejected, found.unread) == (before.terms, before.rejected, before.unread)


def test_scores_that_the_table_shows_as_equal_tie():
    scores = np.zeros(NODES.size)
    a, b = TEXTS.index("乙甲"), TEXTS.index("丙甲")
    scores[a], scores[b] = 1.0, 1.0 + 1e-9
    counts = np.ones(NODES.size, int)
    assert choose(scores, counts, top=2).terms == ["丙甲", "乙甲"]
    counts[a] = 5
    assert choose(scores, counts, top=2).terms == ["乙甲", "丙甲"]
    assert choose(scores, counts, top=1).terms == ["乙甲"]
    assert set(choose(scores, counts, min_score=1.0).terms) == {"乙甲", "丙甲"}


def test_the_summary_counts_the_rejected_and_shows_the_best():
    found = choose(list(range(NODES.size)), [1] * NODES.size)
    summary = found.summary(examples=2)
    assert set(summary) == {"begins with 甲", "ends in 丁"}
    for rule, entry in summary.items():
        terms = [term for term, reason in found.rejected.items() if reason == rule]
        assert entry == {"count": len(terms), "examples": terms[:2]}
    ranks = [TEXTS.index(term) for term in found.rejected]
    assert ranks == sorted(ranks, reverse=True)  # best first


@pytest.mark.parametrize("rules", [RuleSet(), RuleSet([words("all", TEXTS)])])
def test_no_rule_and_a_rule_for_all(rules):
    found = choose([1] * NODES.size, [1] * NODES.size, rules)
    assert len(found.terms) == (NODES.size if not len(rules) else 0)
    assert found.kept.dtype == np.int64
    nothing = select(TRIE, NODES[:0], np.empty(0), toy_statistics(count=[]), rules, top=3)
    assert nothing.terms == [] and nothing.kept.size == 0 and nothing.summary() == {}
