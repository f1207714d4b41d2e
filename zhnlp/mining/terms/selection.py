"""From scored candidates to the terms of the table: the best that no rule rejects, with the reasons of the others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zhnlp.mining.terms.rules import RuleSet
from zhnlp.mining.terms.statistics import TermStatistics
from zhnlp.mining.trie import Trie

DIGITS = 6  # of the scores in a table
_BATCH = 20_000  # candidates judged at a time, best first


@dataclass(eq=False)
class Selection:
    """What became of the candidates.

    Attributes:
        kept: places among the candidates, best first.
        terms: the texts of ``kept``.
        rejected: text of each rejected candidate, best first -> name of the rule.
        unread: candidates that were not asked, since enough better ones were kept.
    """

    kept: np.ndarray
    terms: list[str]
    rejected: dict[str, str] = field(default_factory=dict)
    unread: int = 0

    def ranked(
        self,
        scores: np.ndarray,
        counts: np.ndarray,
        *,
        top: int | None = None,
        min_score: float | None = None,
    ) -> Selection:
        """The same terms by falling score, then by falling count, then by text; at most ``top``, none below ``min_score``.

        Scores that the table shows as equal are equal.

        Args:
            scores, counts: (M,) of all candidates.
        """
        shown = scores[self.kept].round(DIGITS)
        keys = zip((-shown).tolist(), (-counts[self.kept]).tolist(), self.terms, self.kept.tolist())
        order = [key for key in sorted(keys) if min_score is None or -key[0] >= min_score][:top]
        kept = np.array([place for *_, place in order], np.int64)
        return Selection(kept, [text for _, _, text, _ in order], self.rejected, self.unread)

    def summary(self, examples: int = 5) -> dict[str, dict]:
        """Rule -> how many it rejected, and the best of them."""
        found: dict[str, dict] = {}
        for term, rule in self.rejected.items():
            entry = found.setdefault(rule, {"count": 0, "examples": []})
            entry["count"] += 1
            if len(entry["examples"]) < examples:
                entry["examples"].append(term)
        return found


def select(
    trie: Trie,
    nodes: np.ndarray,
    scores: np.ndarray,
    statistics: TermStatistics,
    rules: RuleSet,
    *,
    top: int | None = None,
    min_score: float | None = None,
) -> Selection:
    """Ask the rules of the best candidates until ``top`` are kept.

    Args:
        nodes: (M,) nodes of the candidates.
        scores: (M,) float64.
        top: terms at most; None for all.
        min_score: candidates below are not looked at; None for no bound.
    """
    shown = scores.round(DIGITS)
    order = np.lexsort((nodes, -statistics.count, -shown))
    if min_score is not None:
        order = order[shown[order] >= min_score]
    room = order.size if top is None else top
    kept: list[int] = []
    texts: list[str] = []
    rejected: dict[str, str] = {}
    read = 0
    is_full = False
    while read < order.size and not is_full:
        batch = order[read : read + _BATCH]
        terms = trie.words(nodes[batch])
        for place, term, rule in zip(
            batch.tolist(), terms, rules.judge(terms, statistics.of(batch)).tolist()
        ):
            if len(kept) >= room:  # those that tie with the last one may stand before it by their texts
                last = kept[-1]
                is_full = shown[place] < shown[last] or statistics.count[place] < statistics.count[last]
                if is_full:
                    break
            read += 1
            if rule >= 0:
                rejected[term] = rules.names[rule]
                continue
            kept.append(place)
            texts.append(term)
    chosen = Selection(np.array(kept, np.int64), texts, rejected, int(scores.size) - read)
    return chosen.ranked(scores, statistics.count, top=top)
