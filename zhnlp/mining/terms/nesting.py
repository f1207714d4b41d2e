"""Terms inside terms: how often a candidate stands inside longer candidates, and which terms a term contains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.trie import Trie


class Nesting(NamedTuple):
    """Longer candidates around each candidate (变压器 inside 主变压器)."""

    containers: np.ndarray  # (M,) int64, how many distinct longer candidates contain it
    inside: np.ndarray  # (M,) int64, the sum of their counts


@compiled
def _sum_containers(nodes, count, parent, suffix, depth, slot, containers, inside):
    seen = np.empty(80, np.int64)
    for k in range(nodes.size):
        n = 0
        end = nodes[k]
        while (
            end >= 0 and depth[end] > 1
        ):  # the n-grams at the end of the candidate, and all their beginnings
            part = np.int64(end)
            while part >= 0 and depth[part] > 1:
                s = slot[part]
                if s >= 0 and s != k:
                    new = True
                    for i in range(n):
                        if seen[i] == s:
                            new = False
                    if new:  # once, also where 哈哈 stands twice in 哈哈哈
                        seen[n] = s
                        n += 1
                        containers[s] += 1
                        inside[s] += count[nodes[k]]
                part = parent[part]
            end = suffix[end]


def sum_containers(trie: Trie, nodes: np.ndarray) -> Nesting:
    """For each of ``nodes``: how many others of them contain it, and how often those occur in all.

    These are |T_w| and the sum of f(b) over b in T_w of the C-value (Frantzi, Ananiadou and Mima 2000).

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> from zhnlp.mining.lookup import find_texts
        >>> trie = count_ngrams(encode_texts(["主变压器", "变压器"]), min_count=1)
        >>> [column.tolist() for column in sum_containers(trie, find_texts(trie, ["变压器", "主变压器"]))]
        [[1, 0], [1, 0]]
    """
    slot = np.full(len(trie), -1, np.int64)
    slot[nodes] = np.arange(nodes.size)
    containers, inside = np.zeros(nodes.size, np.int64), np.zeros(nodes.size, np.int64)
    _sum_containers(nodes, trie.count, trie.parent, trie.suffix, trie.depth, slot, containers, inside)
    return Nesting(containers, inside)


def nested_terms(trie: Trie, nodes: np.ndarray) -> list[list[int]]:
    """For each of ``nodes``: the places in ``nodes`` of those that it contains, longest first, then from the left."""
    place = {int(node): i for i, node in enumerate(nodes)}
    depth = trie.depth
    found = []
    for node in nodes.tolist():
        parts: dict[int, tuple[int, int]] = {}
        start, end = 0, node
        while end >= 0 and depth[end] > 1:
            part = end
            while part >= 0 and depth[part] > 1:
                if part != node and part in place:
                    parts.setdefault(place[part], (-int(depth[part]), start))
                part = int(trie.parent[part])
            end = int(trie.suffix[end])
            start += 1
        found.append(sorted(parts, key=parts.__getitem__))
    return found


@compiled
def _spread_extensions(count, parent, suffix, begin, left, right):
    for node in range(begin, count.size):
        left[suffix[node]] = max(left[suffix[node]], count[node])
        right[parent[node]] = max(right[parent[node]], count[node])


def widest_extensions(trie: Trie) -> tuple[np.ndarray, np.ndarray]:
    """Count of the most frequent n-gram with one more symbol to the left, to the right, of each node, (nodes,) uint32."""
    left, right = np.zeros(len(trie), np.uint32), np.zeros(len(trie), np.uint32)
    _spread_extensions(trie.count, trie.parent, trie.suffix, len(trie.alphabet), left, right)
    return left, right
