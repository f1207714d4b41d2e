"""What a title generator learns from articles without titles: to write the sentence that says most, to copy the key clause.

Source: Zhang et al. 2020 (PEGASUS), https://arxiv.org/abs/1912.08777; 苏剑林, https://kexue.fm/archives/8209 (T5-PEGASUS)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from zhnlp.text.sentences import split_sentences

LOOKED_AT = 600  # characters of a document
SHORTEST, LONGEST = 8, 32  # characters of a sentence that is taken out
LEAST = 3  # sentences of an article
CLAUSE = (6, 24)  # characters of a clause that may stand for a title
HEAD = 180  # characters that it stands in
AGAIN = 3  # occurrences of a bigram elsewhere that count
_MARKS = re.compile(r"[，。；：！？…、“”「」（）()\s]+")


def gap_pair(document: str) -> tuple[str, str] | None:
    """(the rest, the sentence whose characters the rest has most of, by ROUGE-1); None where there are too few.

    Example:
        >>> gap_pair("变压器要检修。检修变压器以前先断开电源开关。电源断开以后验电。今天有雨。")
        ('变压器要检修。电源断开以后验电。今天有雨。', '检修变压器以前先断开电源开关')
    """
    text = document[:LOOKED_AT]
    spans = split_sentences(text)
    if len(text) < len(document):
        spans = spans[:-1]  # cut off
    if len(spans) < LEAST:
        return None
    bags = [Counter(text[start:end]) for start, end in spans]
    whole = sum(bags, Counter())
    best, likeness = None, 0.0
    for number, (start, end) in enumerate(spans):
        if not SHORTEST <= end - start <= LONGEST:
            continue
        rest = whole - bags[number]
        found = 2 * (rest & bags[number]).total() / (rest.total() + end - start)
        if found > likeness:
            best, likeness = number, found
    if best is None:
        return None
    start, end = spans[best]
    return text[:start] + text[end : spans[-1].end], text[start:end].rstrip("。；")


def gap_pairs(documents: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The pairs of all documents that have one."""
    return (pair for document in documents if (pair := gap_pair(document)) is not None)


def key_clause(document: str) -> str | None:
    """The clause whose bigrams come again most often in the rest, for its length; None where none comes again.

    Example:
        >>> key_clause("今天天气很好，我们去看变压器的检修。变压器要按期检修。变压器的检修先断电。")
        '变压器的检修先断电'
    """
    text = document[:LOOKED_AT]
    if len(split_sentences(text)) < LEAST:
        return None
    counts = Counter(text[n : n + 2] for n in range(len(text) - 1))
    best, likeness = None, 0.0
    for clause in _MARKS.split(text[:HEAD]):
        if clause.isascii() or not CLAUSE[0] <= len(clause) <= CLAUSE[1]:
            continue
        own = {clause[n : n + 2] for n in range(len(clause) - 1)}
        found = sum(min(counts[gram] - 1, AGAIN) for gram in own) / (len(clause) + CLAUSE[0])
        if found > likeness:
            best, likeness = clause, found
    return best
