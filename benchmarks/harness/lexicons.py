"""Gold lexicons of a text, and the scores of a mined list against them.  Counting here is plain Python."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter

from harness.data import JIAGU_WORDS, PKU_TEST, PKU_WORDS, SANGUO_NAMES, find
from zhnlp.metrics import evaluate_lexicon, gold_words

HAN = re.compile(r"[〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
LENGTHS = (2, 3, 4)
TOP = 3000


def is_candidate(word: str) -> bool:
    """Whether a word has 2 to 4 characters, all Han."""
    return len(word) in LENGTHS and HAN.fullmatch(word) is not None


def pku_vocabulary() -> set[str]:
    """Words of 2-4 Han of the SIGHAN 2005 PKU training list and of the gold test."""
    test = find(PKU_TEST).read_text(encoding="utf-8-sig").split()
    return {*gold_words(find(PKU_WORDS)), *gold_words(test)}


def wide_vocabulary() -> set[str]:
    """The PKU vocabulary and jiagu's dictionary, words of 2-4 Han."""
    rows = find(JIAGU_WORDS).read_text(encoding="utf-8").splitlines()
    return pku_vocabulary() | set(gold_words(row.split()[0] for row in rows if row.strip()))


def occurrences(documents: list[str], words: set[str]) -> Counter:
    """How often each word of 2-4 characters occurs inside a document; overlapping occurrences count."""
    tally: Counter = Counter()
    for document in documents:
        for length in LENGTHS:
            windows = (document[i : i + length] for i in range(len(document) - length + 1))
            tally.update(filter(words.__contains__, windows))
    return tally


class News:
    """Gold words of a news text: the PKU vocabulary's words that occur ``min_count`` times or more."""

    def __init__(self, documents: list[str], min_count: int):
        self.documents, self.min_count = documents, min_count
        self.pku, self.wide = pku_vocabulary(), wide_vocabulary()
        self.counts = occurrences(documents, self.pku)
        self.gold = gold_words(sorted(self.pku), counts=self.counts, min_count=min_count)

    def score(self, ranked: list[str]) -> dict:
        """Precision, recall and F of the words of 2-4 Han of a ranked list.

        Words that occur less than ``min_count`` times are no candidates, for no system: gold has none of them.
        ``f1_as_given`` is with them.
        """
        given = [word for word in dict.fromkeys(ranked) if is_candidate(word)]
        counts = occurrences(self.documents, set(given))
        frequent = [word for word in given if counts[word] >= self.min_count]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # short and empty lists
            whole = evaluate_lexicon(frequent, self.gold, k=TOP)
            as_given = evaluate_lexicon(given, self.gold, k=TOP)
            top = evaluate_lexicon(given, self.wide, k=TOP)
        return {
            "precision": whole["precision"],
            "recall": whole["recall"],
            "f1": whole["f1"],
            "average_precision": whole["average_precision"],
            "f1_as_given": as_given["f1"],
            f"precision_top_{TOP}": top["precision_at"][TOP],
            "top_used": top["evaluated_at"][TOP],
            "candidates": len(frequent),
            "candidates_as_given": len(given),
            "gold": len(self.gold),
        }


def sanguo_names(documents: list[str], min_count: int) -> dict[str, int]:
    """Names of 2-4 Han of the novel's entity dictionary (keys and mentions), with their occurrences ≥ ``min_count``."""
    mentions = json.loads(find(SANGUO_NAMES).read_text(encoding="utf-8"))["mention"]
    names = {name for key, others in mentions.items() for name in (key, *others) if is_candidate(name)}
    counts = occurrences(documents, names)
    return {name: counts[name] for name in sorted(names) if counts[name] >= min_count}
