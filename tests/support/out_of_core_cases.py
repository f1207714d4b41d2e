"""Blocks to count out of core, the table in memory to compare with, and what a job said."""

from types import SimpleNamespace

import numpy as np

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import SymbolStore
from zhnlp.mining.out_of_core import count_out_of_core
from zhnlp.mining.out_of_core.assembly import COLUMNS
from zhnlp.mining.out_of_core.buckets import Costs
from zhnlp.mining.progress import Progress

MEMORY = "400MB"


def blocks_of(texts, size=1):
    """A factory of blocks with ``size`` texts each."""

    def blocks():
        for at in range(0, len(texts), size):
            text, ends = "", []
            for piece in texts[at : at + size]:
                text += piece
                ends.append(len(text))
                text += "\n"
            yield SimpleNamespace(text=text, ends=np.array(ends))

    return blocks


def in_memory(blocks, runs="symbol", **limits):
    store = SymbolStore(runs)
    for block in blocks():
        store.add(block.text, block.ends)
    symbols = store.freeze()
    return symbols, count_ngrams(symbols, **limits)


def assert_same(expected, found):
    """Symbols and tries agree bit for bit."""
    np.testing.assert_array_equal(found[0].array, expected[0].array)
    np.testing.assert_array_equal(found[0].starts, expected[0].starts)
    assert found[0].alphabet.texts == expected[0].alphabet.texts
    np.testing.assert_array_equal(found[0].alphabet.counts, expected[0].alphabet.counts)
    for column in COLUMNS:
        one, other = getattr(expected[1], column), getattr(found[1], column)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes(), column


def random_texts(seed=0, size=40_000, characters=300):
    rng = np.random.default_rng(seed)
    points = 0x4E00 + (characters * rng.random(size) ** 3).astype(int)
    text = "".join(map(chr, points))
    cuts = np.sort(rng.integers(0, size, 200))
    texts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, size])]
    return [text.replace("丢", "，").replace("一丁", "AI-5 ") for text in texts]


def room_for(positions, max_length=8, min_count=3, threads=1):
    """Bytes of a bucket that holds so many occurrences."""
    return Costs(max_length, min_count, threads).of(positions, positions)


def resumable(workdir, blocks, **options):
    options = {"min_count": 3, "fingerprint": "random-0", "_capacity": room_for(5_000)} | options
    return count_out_of_core(blocks, workdir=workdir, memory=MEMORY, **options)


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__(enabled=False)
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def passes_of(told):
    """The passes of the last plan."""
    return int(told.lines[-1].split(" passes over")[0].split()[-1])
