"""Rules that say which candidates cannot be terms: small named objects, joined in a `RuleSet`."""

from zhnlp.mining.terms.rules.base import (
    Rule,
    RuleSet,
    StatisticsRule,
    begins,
    contains,
    ends,
    pattern,
    words,
)
from zhnlp.mining.terms.rules.chinese import chinese_rules

__all__ = [
    "Rule",
    "RuleSet",
    "StatisticsRule",
    "begins",
    "chinese_rules",
    "contains",
    "ends",
    "pattern",
    "words",
]
