"""Last stage: the parts of all buckets become the columns of one trie, mapped from files."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.out_of_core.durable import sync_folder
from zhnlp.mining.out_of_core.parts import Group, Part
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie, link, place_nodes, place_roots, room_for_links

COLUMNS = (*Nodes._fields, "parent", "suffix", "depth", "pmi")
MOST_NODES = (1 << 31) - 1


def count_nodes(parts: list[Part]) -> tuple[int, int]:
    """How many bigram nodes and deeper nodes there are."""
    groups = [group for part in parts for group in part.groups]
    return sum(group.n_bigrams for group in groups), sum(group.n_deeper for group in groups)


def _placed(parts: list[Part], at_bigram: int, at_deeper: int) -> Iterator[tuple[Part, Group, int, int]]:
    """Each group with the place of its bigrams and of its deeper nodes in the trie.

    The kernel visits the bigrams of one first symbol from the last to the first.  So where a first symbol was
    split, the deeper nodes of its buckets stand in falling order.
    """
    for _, same in groupby(parts, lambda part: (part.bucket.first, part.bucket.stop, part.bucket.is_split)):
        same = list(same)
        if not same[0].bucket.is_split:
            for group in same[0].groups:
                yield same[0], group, at_bigram, at_deeper
                at_bigram += group.n_bigrams
                at_deeper += group.n_deeper
            continue
        end = at_deeper + sum(group.n_deeper for part in same for group in part.groups)
        at_deeper = end
        for part in same:  # one first symbol, so one group at most
            for group in part.groups:
                end -= group.n_deeper
                yield part, group, at_bigram, end
                at_bigram += group.n_bigrams


def assemble_parts(
    folder: Path,
    alphabet: Alphabet,
    max_length: int,
    min_count: int,
    parts: list[Part],
    threads: int,
    progress: Progress,
    room: int,
) -> None:
    """Write the columns of the linked trie into ``folder``, one part in memory at a time.

    A table larger than ``room`` bytes gives its pages back to the system on the way.

    Raises:
        ValueError: more nodes than 31 bits can number.
    """
    size = len(alphabet)
    n_bigrams, n_deeper = count_nodes(parts)
    total = size + n_bigrams + n_deeper
    if total > MOST_NODES:
        raise ValueError(
            f"min_count={min_count} gives {total:,} n-grams, more than the {MOST_NODES:,} that a trie can number: "
            f"raise min_count (about {min_count * (total // MOST_NODES + 1)} would do); the symbols have to be encoded anew"
        )
    arrays = {}
    for name, column in zip(COLUMNS, (*Nodes.empty(0), *room_for_links(0))):
        path = folder / f"{name}.npy"
        arrays[name] = np.lib.format.open_memmap(path, "w+", column.dtype, (total,))
    large = sum(array.nbytes for array in arrays.values()) > room
    placed = 0

    def rest():
        if large:
            for array in arrays.values():
                _leave_memory(array)

    columns = Nodes(*(np.asarray(arrays[name]) for name in Nodes._fields))
    roots = Nodes(*(np.zeros(size, column.dtype) for column in columns))
    roots.count[:] = alphabet.counts
    for part in parts:
        rows, at = part.roots(), slice(part.bucket.first, part.bucket.stop)
        roots.left_entropy[at], roots.right_entropy[at] = rows.left_entropy, rows.right_entropy
        roots.children[at] += rows.children
        if not part.bucket.is_split:
            roots.first_child[at] = rows.first_child
    seen = set()
    with progress.stage("assemble", n_bigrams + n_deeper, "node"):
        for part, group, at_bigram, at_deeper in _placed(parts, size, size + n_bigrams):
            bigrams, deeper = part.nodes(group)
            shift = at_deeper - group.split
            place_nodes(columns, bigrams, at_bigram, shift)
            place_nodes(columns, deeper, at_deeper, shift)
            if group.first not in seen:  # of a split symbol the first bucket has the first child
                roots.first_child[group.first : group.stop] += np.uint32(at_bigram)
                seen.add(group.first)
            placed += group.n_bigrams + group.n_deeper
            if placed > total // 64:
                rest()
                placed = 0
            progress.advance(group.n_bigrams + group.n_deeper)
        place_roots(columns, roots)
        links = {name: np.asarray(arrays[name]) for name in COLUMNS[len(columns) :]}
        for column, empty in zip(links.values(), room_for_links(1)):
            column[:] = empty
            rest()
        link(Trie(alphabet, max_length, min_count, *columns, **links), threads, rest)
    for array in arrays.values():
        array.flush()
    sync_folder(folder)


def _leave_memory(array: np.memmap) -> None:
    """Let the pages of a shared map go to the file; they come back when touched."""
    pages = array._mmap
    if hasattr(pages, "madvise"):
        pages.madvise(mmap.MADV_DONTNEED)


def load_trie(folder: Path, alphabet: Alphabet, max_length: int, min_count: int) -> Trie:
    """The trie whose columns were written to ``folder``; changes to them stay in memory."""
    columns = {name: _map_column(folder / f"{name}.npy") for name in COLUMNS}
    return Trie(alphabet, max_length, min_count, **columns)


def _map_column(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, mmap_mode="c"))
    except OSError:  # the system refuses so large a private map
        return np.asarray(np.load(path, mmap_mode="r"))
