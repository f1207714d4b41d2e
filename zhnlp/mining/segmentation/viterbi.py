"""The best segmentation of a text under a unigram model: the path of least information through its words.

Among paths of equal score the one with fewer words wins, then the one whose last word is longer, and so on from
the right.  Weights are multiples of 2⁻²⁴ nats, so that sums are exact and a tie is a tie wherever a text is cut
into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.segmentation.units import mark_units, unit_kinds
from zhnlp.mining.segmentation.wordtrie import WordTrie, child_of
from zhnlp.text.characters import code_points, from_code_points

BLOCK = 1 << 18  # characters cut at once
BATCH = 1 << 16  # characters of texts that are joined to be cut together
UNLISTED = -1  # node of a unit that is no word of the lexicon
BLANK = -2


class Model(NamedTuple):
    """What the compiled code needs to know of a lexicon."""

    trie: WordTrie
    weight: np.ndarray  # (nodes,) float64: nats, -inf where no word ends
    unknown: float  # nats: a unit that is no word
    longest: int  # characters of the longest word
    split: bool  # units are parts of runs


class Cut(NamedTuple):
    """The tokens of one block of a text, blanks left out."""

    starts: np.ndarray  # (M,) int32, from the beginning of the block
    ends: np.ndarray  # (M,) int32
    nodes: np.ndarray  # (M,) int32, UNLISTED where the token is no word of the lexicon


@compiled
def _viterbi(points, unit, final, kinds, trie, weight, unknown, longest, path, starts, ends, nodes):
    """Cut ``points``; returns (tokens, characters done), all of them only when ``final``.

    A place that no word spans is on every path: tokens are handed out there and scores begin anew.
    """
    best, words, back, node_at = path
    size = points.size
    written = certain = reach = i = 0
    best[0] = 0.0
    words[0] = 0
    while True:
        if i >= reach:
            k = written + words[i]
            written = k
            j = i
            while j > certain:
                if node_at[j] != -2:
                    k -= 1
                    starts[k] = back[j]
                    ends[k] = j
                    nodes[k] = node_at[j]
                j = back[j]
            certain = i
            best[i] = 0.0
            words[i] = 0
        if i == size:
            break
        end = i + 1
        while unit[end] == 0:
            end += 1
        if not final and max(i + longest, end) + 2 > size:  # what follows the block could matter
            break
        while reach < end:
            reach += 1
            best[reach] = -np.inf
        count = words[i] + 1
        node = np.int64(trie.symbols[points[i]])
        j = i + 1
        listed = False
        while node != 0:
            if unit[j] != 0 and weight[node] != -np.inf:
                while reach < j:
                    reach += 1
                    best[reach] = -np.inf
                score = best[i] + weight[node]
                if score > best[j] or (score == best[j] and count < words[j]):
                    best[j] = score
                    words[j] = count
                    back[j] = i
                    node_at[j] = node
                listed = listed or j == end
            if j >= size or not trie.inner[node]:
                break
            symbol = trie.symbols[points[j]]
            if symbol == 0:
                break
            node = child_of(trie, node, symbol)
            j += 1
        if not listed:
            blank = kinds[points[i]] == 2
            score = best[i] if blank else best[i] + unknown
            if blank:
                count -= 1
            if score > best[end] or (score == best[end] and count < words[end]):
                best[end] = score
                words[end] = count
                back[end] = i
                node_at[end] = -2 if blank else -1
        i = end
    return written, certain


def cut_blocks(
    text: str, model: Model, block: int = BLOCK
) -> Iterator[tuple[int, np.ndarray, np.ndarray, Cut]]:
    """(offset, code points, unit marks, tokens) of stretches that no word spans, in order, whatever the length."""
    position, size = 0, block
    while position < len(text):
        piece = text[position : position + size]
        final = position + len(piece) == len(text)
        points = code_points(piece)
        unit = mark_units(points, model.split)
        path = np.empty(points.size + 1), *(np.empty(points.size + 1, np.int32) for _ in range(3))
        out = Cut(*(np.empty(points.size, np.int32) for _ in range(3)))
        tables = model.trie, model.weight, model.unknown, model.longest
        tokens, done = _viterbi(points, unit, final, unit_kinds(), *tables, path, *out)
        if done == 0:  # one chain of overlapping words fills the block
            size *= 2
            continue
        yield position, points[:done], unit[: done + 1], Cut(*(column[:tokens] for column in out))
        position, size = position + done, block


@compiled
def _spread(points, starts, ends, out):
    at = 0
    for k in range(starts.size):
        for i in range(starts[k], ends[k]):
            out[at] = points[i]
            at += 1
        out[at] = 10
        at += 1
    return at


def token_texts(points: np.ndarray, cut: Cut) -> list[str]:
    """The tokens of a block as strings: written a line each, then split, which is quicker than slice by slice."""
    if not cut.starts.size:
        return []
    out = np.empty(points.size + cut.starts.size, np.uint32)
    written = _spread(points, cut.starts, cut.ends, out)
    return from_code_points(out[: written - 1]).split("\n")


def batches(texts: Iterable[str], size: int = BATCH) -> Iterator[tuple[str, list[int]]]:
    """Texts joined by line ends, about ``size`` characters at a time, and the place where each ends."""
    if isinstance(texts, str):
        raise ValueError(f"texts is one string ({texts[:20]!r}), expected several: pass [text]")
    held: list[str] = []
    ends: list[int] = []
    at = 0
    for text in texts:
        held.append(text)
        ends.append(at + len(text))
        at += len(text) + 1
        if at >= size:
            yield "\n".join(held), ends
            held, ends, at = [], [], 0
    if held:
        yield "\n".join(held), ends
