"""In which documents chosen n-grams occur: in how many, and in which first."""

from __future__ import annotations

import threading

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Transitions, find_edge, find_pair, transitions
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import walk


@compiled
def _visit(symbols, begin, end, starts, shift, document, table, longest, slot_of, last, documents, first):
    """Note every occurrence of a chosen node in ``symbols[begin:end]``, whose first document is ``document``."""
    chosen = table.chosen
    for i in range(begin, end):
        while document + 1 < starts.size and starts[document + 1] + shift <= i:
            document += 1
        symbol = symbols[i]
        if symbol < 2:
            continue
        node = np.int64(symbol)
        depth = 1
        is_chosen = chosen[node]
        leads_on = True
        while True:
            if is_chosen:
                slot = slot_of[node]
                if last[slot] != document:
                    last[slot] = document
                    documents[slot] += 1
                    if first[slot] < 0 or document < first[slot]:
                        first[slot] = document
            if not leads_on or depth == longest:
                break
            edge = (
                find_pair(table.pairs, table.entries, node, symbols[i + depth])
                if depth == 1
                else find_edge(table.entries, node, symbols[i + depth])
            )
            if edge < 0:
                break
            node = edge >> 2
            is_chosen = (edge & 1) != 0
            leads_on = (edge & 2) != 0
            depth += 1


def locate(
    symbols: Symbols, trie: Trie, nodes: np.ndarray, *, threads: int = 1, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``nodes``: the number of documents it occurs in, and the first of them; -1 where there is none.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> symbols = encode_texts(["电网", "电站电网，电网"])
        >>> trie = count_ngrams(symbols, min_count=2)
        >>> node = trie.find([trie.alphabet.index[c] for c in "电网"])
        >>> documents, first = locate(symbols, trie, np.array([node]))
        >>> int(trie.count[node]), documents.tolist(), first.tolist()
        (3, [2], [0])
    """
    chosen = np.zeros(len(trie), np.bool_)
    chosen[nodes] = True
    slot_of = np.zeros(len(trie), np.int32)
    slot_of[nodes] = np.arange(nodes.size)
    longest = int(trie.depth[nodes].max(initial=1))
    frame = transitions(trie, chosen), slot_of, nodes.size, longest
    return symbols.sum_over(_locate, *frame, threads=threads, progress=progress, least=(1,))


def _locate(
    symbols: Symbols,
    table: Transitions,
    slot_of: np.ndarray,
    size: int,
    longest: int,
    *,
    threads: int,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    own = threading.local()
    tallies: list[tuple[np.ndarray, np.ndarray]] = []

    def job(begin, end, document):
        if not hasattr(own, "last"):
            own.last = np.full(size, -1, np.int64)
            own.found = np.zeros(size, np.int64), np.full(size, -1, np.int64)
            tallies.append(own.found)
        frame = symbols.starts, symbols.span[0], document, table, longest, slot_of
        _visit(symbols.array, begin, end, *frame, own.last, *own.found)

    for _ in walk(symbols, job, threads=threads, progress=progress):
        pass
    documents, first = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    for other_documents, other_first in tallies:
        documents += other_documents
        earlier = (other_first >= 0) & ((first < 0) | (other_first < first))
        first[earlier] = other_first[earlier]
    return documents, first
