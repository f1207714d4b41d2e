"""Counting out of core: the in-memory table bit for bit, also after a kill; what cannot work is refused."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import PADDING, SymbolStore
from zhnlp.mining.out_of_core import count_out_of_core, fits_in_memory, parse_memory
from zhnlp.mining.out_of_core.assembly import COLUMNS
from zhnlp.mining.out_of_core.buckets import Costs, cut_buckets
from zhnlp.mining.out_of_core.encoding import ENCODER, IDENTITIES, SYMBOLS
from zhnlp.mining.out_of_core.workdir import MANIFEST
from zhnlp.mining.progress import Progress
from zhnlp.text.corpus import Corpus

MEMORY = "300MB"


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


# the same table ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("capacity", [None, 6_000_000, 5_050_000, 1])
def test_equals_the_table_in_memory(capacity, threads):
    blocks = blocks_of(random_texts(), 7)
    expected = in_memory(blocks, min_count=3)
    found = count_out_of_core(blocks, memory=MEMORY, min_count=3, threads=threads, _capacity=capacity)
    assert_same(expected, found)
    assert expected[1].depth.max() > 3
