"""What a rule is: it has a name and says which candidates cannot be terms; rules are joined in an ordered set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class Rule:
    """A named reason to reject candidates.

    Args:
        name: what is said of a rejected candidate.
        matches: takes the candidates' texts and statistics, gives whom the rule rejects, (M,) bool.

    Example:
        >>> short = Rule("shorter than three", lambda terms, statistics: [len(term) < 3 for term in terms])
        >>> short.rejects(["电网", "变压器"], None).tolist()
        [True, False]
    """

    name: str
    matches: Callable[[Sequence[str], TermStatistics], Iterable[bool]]

    def rejects(self, terms: Sequence[str], statistics: TermStatistics | None) -> np.ndarray:
        """Which of the candidates the rule rejects, (M,) bool.

        Raises:
            ValueError: ``matches`` failed, or gave another number of answers.
        """
        try:
            answers = self.matches(terms, statistics)
            answers = np.asarray(list(answers) if np.iterable(answers) else answers, bool)
        except Exception as error:
            raise ValueError(
                f"rule {self.name!r} failed on {len(terms):,} candidates ({type(error).__name__}: {error}): expected one "
                "answer each. Next: try it by itself, rule.rejects(['变压器'], None)"
            ) from error
        if answers.shape != (len(terms),):
            raise ValueError(
                f"rule {self.name!r} gave {answers.size:,} answers for {len(terms):,} candidates: expected one each"
            )
        return answers


def contains(name: str, parts: str | Iterable[str]) -> Rule:
    """Reject candidates with one of ``parts`` anywhere: the characters of a string, or texts."""
    return pattern(name, "|".join(map(re.escape, _parts(name, parts))))


def begins(name: str, parts: str | Iterable[str], *, unless: Iterable[str] = ()) -> Rule:
    """Reject candidates that begin with one of ``parts`` (the characters of a string, or texts), but with none of ``unless``.

    Example:
        >>> begins("begins with 在", "在", unless=["在线"]).rejects(["在线帮助", "在本市"], None).tolist()
        [False, True]
    """
    heads, spared = _parts(name, parts), tuple(unless)
    return Rule(name, lambda terms, _: [t.startswith(heads) and not t.startswith(spared) for t in terms])


def ends(name: str, parts: str | Iterable[str], *, unless: Iterable[str] = ()) -> Rule:
    """Reject candidates that end with one of ``parts`` (the characters of a string, or texts), but with none of ``unless``."""
    tails, spared = _parts(name, parts), tuple(unless)
    return Rule(name, lambda terms, _: [t.endswith(tails) and not t.endswith(spared) for t in terms])


def pattern(name: str, expression: str) -> Rule:
    """Reject candidates in which a regular expression is found.

    Raises:
        ValueError: the expression is not valid.
    """
    try:
        search = re.compile(expression).search
    except re.error as error:
        raise ValueError(
            f"rule {name!r} has the expression {expression!r}, which is not valid: {error}"
        ) from None
    return Rule(name, lambda terms, _: [search(term) is not None for term in terms])


def words(name: str, forbidden: Iterable[str]) -> Rule:
    """Reject candidates that are one of ``forbidden``."""
    listed = frozenset(_parts(name, [forbidden] if isinstance(forbidden, str) else forbidden))
    return Rule(name, lambda terms, _: [term in listed for term in terms])


def _parts(name: str, parts: str | Iterable[str]) -> tuple[str, ...]:
    parts = tuple(parts)
    if not parts or not all(isinstance(part, str) and part for part in parts):
        raise ValueError(f"rule {name!r} has the parts {parts!r}: expected texts that are not empty")
    return parts


class RuleSet:
    """Rules in order; a candidate keeps the name of the first one that rejects it.

    Example:
        >>> rules = RuleSet([begins("begins with a pronoun", "该其"), ends("ends in 等", "等")])
        >>> rules.without("ends in 等").names, (rules + ends("ends in 中", "中")).verdict("该规定")
        (['begins with a pronoun'], 'begins with a pronoun')
    """

    def __init__(self, rules: Iterable[Rule] = ()):
        self._rules = tuple(rules)
        for rule in self._rules:
            if not isinstance(rule, Rule):
                raise TypeError(
                    f"a rule set got a {type(rule).__name__}: expected Rule objects, such as begins('name', '该其')"
                )
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise ValueError(
                f"two rules are called {sorted(twice)[0]!r}: expected a name of its own for each. Next: .replaced(rule)"
            )

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def __add__(self, other: Rule | Iterable[Rule]) -> RuleSet:
        return RuleSet([*self._rules, *([other] if isinstance(other, Rule) else other)])

    def __repr__(self) -> str:
        return f"RuleSet({', '.join(self.names)})"

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [rule.name for rule in self._rules]

    def without(self, *names: str) -> RuleSet:
        """The set without the rules of these names.

        Raises:
            KeyError: there is no such rule.
        """
        for name in names:
            self._check(name)
        return RuleSet(rule for rule in self._rules if rule.name not in names)

    def replaced(self, rule: Rule) -> RuleSet:
        """The set with ``rule`` in the place of the one of the same name.

        Raises:
            KeyError: there is no such rule.
        """
        self._check(rule.name)
        return RuleSet(rule if other.name == rule.name else other for other in self._rules)

    def _check(self, name: str) -> None:
        if name not in self.names:
            raise KeyError(f"no rule is called {name!r}: expected one of {', '.join(map(repr, self.names))}")

    def judge(self, terms: Sequence[str], statistics: TermStatistics | None = None) -> np.ndarray:
        """For each candidate the place of the first rule that rejects it, (M,) int64; -1 for none."""
        verdict = np.full(len(terms), -1, np.int64)
        for place, rule in enumerate(self._rules):
            verdict[(verdict < 0) & rule.rejects(terms, statistics)] = place
        return verdict

    def verdict(self, term: str) -> str | None:
        """The name of the first rule that rejects one text; rules that read statistics are passed over."""
        for rule in self._rules:
            if not getattr(rule, "reads_statistics", False) and rule.rejects([term], None)[0]:
                return rule.name
        return None


@dataclass(frozen=True)
class StatisticsRule(Rule):
    """A rule that reads the statistics of candidates, so it cannot judge a text by itself."""

    reads_statistics: bool = True
