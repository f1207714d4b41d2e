"""What the general dictionary says of the words of a corpus: which n-grams are listed, and their class.

The dictionary is jieba's; its part-of-speech tags (those of ICTCLAS) are taken together to a few classes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.lookup import find_texts
from zhnlp.mining.reference import jieba_dictionary
from zhnlp.mining.trie import Trie


class WordClass(IntEnum):
    """A coarse part of speech."""

    UNLISTED = 0
    NOUN = 1
    VERB = 2
    ADJECTIVE = 3
    NAME = 4  # of a person or a place
    FUNCTION = 5  # preposition, conjunction, auxiliary, adverb, pronoun, particle
    NUMBER = 6  # numeral, measure word, time
    PLACE = 7  # direction or location: 上, 以内, 附近
    IDIOM = 8  # idiom or set phrase
    OTHER = 9


_TAGS = {
    WordClass.NOUN: "n nt j ng vn an",
    WordClass.VERB: "v vg vi vd vq",
    WordClass.ADJECTIVE: "a ad ag b z",
    WordClass.NAME: "nr ns nrt nrfg",
    WordClass.FUNCTION: "p c u r d y e o k h uv ud ul uj uz ug rz rr rg dg df",
    WordClass.NUMBER: "m q t mq tg",
    WordClass.PLACE: "f s",
    WordClass.IDIOM: "i l",
}
_CLASS_OF_TAG = {tag: kind for kind, tags in _TAGS.items() for tag in tags.split()}


class WordClasses(NamedTuple):
    """The dictionary's view of a trie: class of each node, (nodes,) uint8; 0 where it is not listed."""

    classes: np.ndarray

    @property
    def listed(self) -> np.ndarray:
        """Whether the dictionary has the n-gram, (nodes,) bool."""
        return self.classes != WordClass.UNLISTED


def word_classes(trie: Trie) -> WordClasses:
    """Look every word of jieba's dictionary up in ``trie``.

    A single Han character that the dictionary lacks is OTHER.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> trie = count_ngrams(encode_texts(["变压器的绕组"]), min_count=1)
        >>> nodes = find_texts(trie, ["变压器", "的", "压器"])
        >>> [WordClass(kind).name for kind in word_classes(trie).classes[nodes]]
        ['NOUN', 'FUNCTION', 'UNLISTED']
    """
    classes = np.zeros(len(trie), np.uint8)
    classes[FIRST_SYMBOL : len(trie.alphabet)] = WordClass.OTHER
    fields = jieba_dictionary().read_text(encoding="utf-8").split()
    if len(fields) % 3:
        raise ValueError(
            f"{jieba_dictionary()} has {len(fields):,} fields: expected three a line (word, count, tag). "
            "Next: pip install --force-reinstall jieba"
        )
    nodes = find_texts(trie, fields[0::3])
    kinds = np.fromiter(
        (_CLASS_OF_TAG.get(tag, WordClass.OTHER) for tag in fields[2::3]), np.uint8, nodes.size
    )
    classes[nodes[nodes >= 0]] = kinds[nodes >= 0]
    return WordClasses(classes)
