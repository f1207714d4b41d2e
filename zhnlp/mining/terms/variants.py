"""Other spellings of a term in the same corpus: case (linux, Linux) and traditional characters (變壓器, 变压器)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, Alphabet
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Edges, next_node
from zhnlp.mining.trie import Trie


def simplify(texts: Sequence[str]) -> list[str]:
    """The simplified character of each traditional one, character by character; other texts stay as they are.

    Example:
        >>> simplify(["變", "乾", "变", "GPT-4o"])
        ['变', '干', '变', 'GPT-4o']
    """
    from opencc import OpenCC

    return OpenCC("t2s").convert("\n".join(texts)).split("\n") if texts else []


def spelling_classes(alphabet: Alphabet) -> np.ndarray:
    """Symbols that are spellings of each other have the same number, (K,) int64: the least symbol among them.

    Example:
        >>> from zhnlp.mining.encode import encode_texts
        >>> alphabet = encode_texts(["變壓器，变压器，变", "Linux linux"]).alphabet
        >>> sorted(text for text, c in zip(alphabet.texts, spelling_classes(alphabet)) if alphabet.texts[c] == "变")
        ['变', '變']
    """
    classes = np.arange(len(alphabet), dtype=np.int64)
    first: dict[str, int] = {}
    for symbol, text in enumerate(simplify(alphabet.texts[FIRST_SYMBOL:]), FIRST_SYMBOL):
        classes[symbol] = first.setdefault(text.casefold(), symbol)
    return classes


@compiled
def _step(edges, nodes, symbols, found):
    for i in range(nodes.size):
        found[i] = next_node(edges, nodes[i], symbols[i])


def find_variants(trie: Trie, nodes: np.ndarray) -> list[list[str]]:
    """For each of ``nodes``: the other n-grams of the trie that differ only in case or in traditional characters.

    All that occur ``min_count`` times are found, the most frequent first, ties by text.  Characters are simplified one
    by one, so 後 and 后 are one, and 公尺 and 米 are not.

    Args:
        nodes: (M,) nodes of terms.

    Source: characters by OpenCC, https://github.com/BYVoid/OpenCC

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> from zhnlp.mining.lookup import find_texts
        >>> trie = count_ngrams(encode_texts(["變壓器，变压器，变压器", "linux内核，Linux内核"]), min_count=1)
        >>> find_variants(trie, find_texts(trie, ["变压器", "Linux内核", "内核"]))
        [['變壓器'], ['linux内核'], []]
    """
    nodes = np.asarray(nodes, np.int64)
    classes = spelling_classes(trie.alphabet)
    order = np.argsort(classes, kind="stable")  # the symbols of a class stand together
    sizes = np.bincount(classes, minlength=classes.size)
    begin = np.searchsorted(classes[order], np.arange(classes.size))
    paths = trie.paths(nodes)
    several = np.flatnonzero((sizes[classes[paths]] > 1).any(axis=1))
    variants: list[list[str]] = [[] for _ in range(nodes.size)]
    if not several.size:
        return variants
    terms, at = several, np.full(several.size, -1, np.int64)  # spellings so far: of which term, at which node
    found: list[tuple[np.ndarray, np.ndarray]] = []
    edges = Edges(trie.symbol, trie.first_child, trie.children)
    for depth in range(paths.shape[1]):
        alive = paths[terms, depth] > 0
        found.append((terms[~alive], at[~alive]))
        terms, at = terms[alive], at[alive]
        kinds = classes[paths[terms, depth]]
        many = sizes[kinds]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        symbols = order[np.repeat(begin[kinds], many) + within]
        terms, at = np.repeat(terms, many), np.repeat(at, many)
        if depth == 0:
            at = symbols
        else:
            reached = np.empty(at.size, np.int64)
            _step(edges, at, symbols, reached)
            at = reached
        terms, at = terms[at >= 0], at[at >= 0]
    found.append((terms, at))
    terms, at = (np.concatenate(column) for column in zip(*found))
    other = (at != nodes[terms]) & (trie.count[at] >= trie.min_count)
    terms, at = terms[other], at[other]
    rows = sorted(zip(terms.tolist(), (-trie.count[at].astype(np.int64)).tolist(), trie.words(at)))
    for term, _, text in rows:
        variants[term].append(text)
    return variants
