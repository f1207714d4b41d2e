"""Articles with the sentence that says most of them taken out, to be written: practice for a title generator, without titles.

Source: Zhang et al. 2020 (PEGASUS), https://arxiv.org/abs/1912.08777; 苏剑林, https://kexue.fm/archives/8209 (T5-PEGASUS)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from zhnlp.text.sentences import split_sentences

LOOKED_AT = 600  # characters of a document
SHORTEST, LONGEST = 8, 32  # characters of a sentence that is taken out
LEAST = 3  # sentences of an article


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
