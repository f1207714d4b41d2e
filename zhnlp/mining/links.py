"""Suffix links and pointwise mutual information of a grown trie (compiled passes over its columns)."""

from __future__ import annotations

import numpy as np

from zhnlp.mining.jit import compiled


@compiled
def describe(first_child, children, parent, depth):
    """Tell every child who its parent is and how many symbols long it is; parents stand before children."""
    for node in range(children.size):
        first = first_child[node]
        for child in range(first, first + children[node]):
            parent[child] = node
            depth[child] = depth[node] + 1


@compiled
def link_suffixes(symbol, first_child, children, suffix, begin, end):
    """Link each child of nodes ``begin`` to ``end`` to the n-gram without its first symbol.

    The links of the nodes themselves must be there.  The suffix of w + s is the child s of the suffix of w, and
    it exists, because it is at least as frequent.
    """
    for node in range(begin, end):
        n = children[node]
        if n == 0:
            continue
        first = np.int64(first_child[node])
        other = np.int64(suffix[node])
        low = np.int64(first_child[other])
        stop = low + children[other]
        for child in range(first, first + n):
            wanted = symbol[child]
            high = stop
            step = 1
            while low + step < stop and symbol[low + step] < wanted:  # gallop, then halve
                low += step
                step += step
            high = min(low + step + 1, stop)
            while low < high:
                middle = (low + high) >> 1
                if symbol[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            suffix[child] = low
            low += 1


@compiled
def least_pmi(count, parent, suffix, total, begin, end, pmi):
    """Least ln(T c(w) / (c(left) c(right))) over all splits of nodes ``begin`` to ``end``, in nats."""
    left = np.empty(64, np.float64)
    for node in range(begin, end):
        n = 0
        ancestor = parent[node]
        while ancestor >= 0:
            left[n] = count[ancestor]
            n += 1
            ancestor = parent[ancestor]
        worst = 0.0
        right = suffix[node]
        for k in range(n - 1, -1, -1):  # the right part shrinks while the left part grows
            worst = max(worst, left[k] * count[right])
            right = suffix[right]
        pmi[node] = np.log(total * count[node] / worst)


@compiled
def weakest_split(count, parent, suffix, nodes, left, right):
    """Counts of the two parts at the split of least PMI of each of ``nodes``; the first such split on ties."""
    counts = np.empty(64, np.float64)
    for i in range(nodes.size):
        n = 0
        ancestor = parent[nodes[i]]
        while ancestor >= 0:
            counts[n] = count[ancestor]
            n += 1
            ancestor = parent[ancestor]
        worst = -1.0
        part = suffix[nodes[i]]
        for k in range(n - 1, -1, -1):
            if counts[k] * count[part] > worst:
                worst = counts[k] * count[part]
                left[i] = counts[k]
                right[i] = count[part]
            part = suffix[part]
