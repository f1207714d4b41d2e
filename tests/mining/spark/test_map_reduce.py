"""Map and reduce without Spark: the functions on record batches, with a sort in between, give the trie of one machine."""

import itertools

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import SymbolStore
from zhnlp.mining.engines import Job
from zhnlp.mining.join import join_segments
from zhnlp.mining.methods import make_method, method_names
from zhnlp.mining.occurrences import locate
from zhnlp.mining.progress import Progress
from zhnlp.mining.spark import counting
from zhnlp.mining.spark import symbols as symbols_on_cluster
from zhnlp.mining.spark.counting import Source, Tuning, count_encoded, encode_sources, find_alphabet
from zhnlp.mining.spark.dataset import Partitions
from zhnlp.mining.spark.pieces import Reading
from zhnlp.mining.spark.places import METADATA, Places
from zhnlp.mining.spark.plan import Plan
from zhnlp.mining.spark.symbols import ClusterSymbols
from zhnlp.mining.viterbi import segment_corpus
from zhnlp.text import Corpus
from zhnlp.text.readers import ReadOptions

COLUMNS = (
    *("symbol", "count", "first_child", "children", "left_entropy", "right_entropy"),
    *("parent", "suffix", "depth", "pmi"),
)


def lines_of(texts, partitions, name="a.txt"):
    """Rows of one file in some partitions, as Spark gives them: each a stretch of the file."""
    cuts = np.linspace(0, len(texts), partitions + 1).astype(int)
    parts = []
    for begin, end in itertools.pairwise(cuts):
        rows = [text.encode() for text in texts[begin:end]]
        columns = {
            "_path": pyarrow.array([name] * len(rows), pyarrow.string()),
            "_start": pyarrow.array([int(begin)] * len(rows), pyarrow.int64()),
            "_value": pyarrow.array(rows, pyarrow.binary()),
        }
        parts.append(pyarrow.table(columns).to_batches(max_chunksize=7))
    return Partitions(parts)


def one_machine(texts, runs="symbol", **limits):
    store = SymbolStore(runs)
    for block in Corpus.from_texts(texts).blocks():
        store.add(block.text, block.ends)
    symbols = store.freeze()
    return symbols, count_ngrams(symbols, **limits)


def on_partitions(texts, partitions=3, runs="symbol", bucket=1 << 22, **limits):
    sources = [Source(lines_of(texts, partitions), Reading(ReadOptions(), None), 0)]
    tuning = Tuning(partitions, bucket)
    alphabet = find_alphabet(sources, runs, tuning)
    encoded = encode_sources(sources, alphabet)
    trie = count_encoded(encoded, alphabet, Job(**limits), tuning)
    places = Places(encoded.rows(*METADATA), [lambda path: (path,)])
    size = sum(row["size"] for row in encoded.rows("size"))
    return ClusterSymbols(encoded, alphabet, places.numbers, size, places.documents, 3), trie


def assert_same(expected, found):
    """Alphabets and tries agree bit for bit."""
    assert found.alphabet.texts == expected.alphabet.texts
    np.testing.assert_array_equal(found.alphabet.counts, expected.alphabet.counts)
    assert found.alphabet.dropped == expected.alphabet.dropped
    for column in COLUMNS:
        one, other = getattr(expected, column), getattr(found, column)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes(), column


def random_texts(seed=0, size=30_000, characters=300, documents=200):
    rng = np.random.default_rng(seed)
    points = 0x4E00 + (characters * rng.random(size) ** 3).astype(int)
    text = "".join(map(chr, points)).replace("丢", "，").replace("一丁", "AI-5 ")
    cuts = np.sort(rng.integers(0, len(text), documents))
    return [piece for a, b in zip([0, *cuts], [*cuts, len(text)]) if (piece := text[a:b]).strip()]


@pytest.mark.parametrize(("bucket", "deepest"), [(1 << 22, 0), (2000, 1), (300, 2), (60, 3), (10, 3)])
def test_equals_one_machine_from_one_bucket_to_heads_of_many_symbols(bucket, deepest, monkeypatch):
    plans = []
    monkeypatch.setattr(
        counting, "Plan", lambda *args, **kwargs: plans.append(Plan(*args, **kwargs)) or plans[0]
    )
    texts = random_texts()
    _, expected = one_machine(texts, min_count=3)
    _, found = on_partitions(texts, bucket=bucket, min_count=3)
    assert expected.depth.max() > 3
    assert max(head.depth for head in plans[0].heads) >= deepest
    assert_same(expected, found)


letters = st.sampled_from("一二三四，aZ9 \U00020000\U0003134a〇")
some_texts = st.lists(st.text(letters, min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None)
@given(
    some_texts,
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from(["symbol", "token", "drop"]),
    st.integers(1, 30),
    st.integers(1, 4),
)
def test_any_text_any_limits_any_cut(texts, max_length, min_count, runs, bucket, partitions):
    limits = {"max_length": max_length, "min_count": min_count}
    texts = texts * 2
    _, expected = one_machine(texts, runs, **limits)
    _, found = on_partitions(texts, partitions, runs, bucket, **limits)
    assert_same(expected, found)


@pytest.mark.parametrize("max_length", [2, 3, 4, 5])
def test_what_follows_a_head_ends_at_the_longest_length(max_length):
    texts = ["一二三四五一三二四五"] * 2
    _, expected = one_machine(texts, min_count=2, max_length=max_length)
    _, found = on_partitions(texts, 2, bucket=3, min_count=2, max_length=max_length)
    assert_same(expected, found)


def test_no_bucket_holds_more_than_it_may():
    pairs = np.array([2 << 16 | 2, 2 << 16 | 3, 3 << 16 | 2, 4 << 16 | 2, 5 << 16 | 2], np.uint64)
    counts = np.array([7, 4, 6, 5, 9])
    common = {"max_length": 4, "symbol_counts": np.arange(6), "entropies": np.zeros((2, 6))}
    plan = Plan(6, pairs, counts, capacity=10, **common)
    buckets, symbols = plan.buckets()
    # 2 is followed by frequent pairs 11 times, so it is a head; 3, 4 and 5 stay symbols of the empty head
    assert [(b.head, symbols[b.first : b.stop].tolist()) for b in buckets] == [
        *((0, [3]), (0, [4]), (0, [5])),
        *((1, [2]), (1, [3])),
    ]
    assert [(b.head, b.depth) for b in Plan(6, pairs, counts, capacity=11, **common).buckets()[0]] == [
        (0, 0)
    ] * 3


@pytest.mark.parametrize("most", [1, 40, 1 << 20])
def test_documents_are_numbered_by_file_however_files_are_dealt_out(most, monkeypatch):
    monkeypatch.setattr(symbols_on_cluster, "_MOST_SYMBOLS", most)
    files = {"a/1.txt": ["甲乙", "丙"], "a/2.txt": ["电网甲", "丁"], "a-b.txt": ["电网", "丙电站", "电站"]}
    batches = {name: lines_of(texts, 1, name).partitions[0] for name, texts in files.items()}
    dealt = Partitions([[batch for name in ("a/2.txt", "a-b.txt", "a/1.txt") for batch in batches[name]], []])
    sources = [Source(dealt, Reading(ReadOptions(), None), 0)]
    alphabet = find_alphabet(sources, "symbol", Tuning(2))
    encoded = encode_sources(sources, alphabet)
    trie = count_encoded(encoded, alphabet, Job(min_count=1), Tuning(2))
    places = Places(encoded.rows(*METADATA), [lambda path: tuple(path.split("/"))])
    there = ClusterSymbols(encoded, alphabet, places.numbers, 0, places.documents, 2)
    order = [text for name in ("a/1.txt", "a/2.txt", "a-b.txt") for text in files[name]]
    nodes = np.arange(2, len(trie))
    documents, first = locate(there, trie, nodes)
    for word, n, at in zip(trie.words(nodes), documents, first):
        assert n == sum(word in text for text in order), word
        assert at == next(i for i, text in enumerate(order) if word in text), word


def test_sums_over_partitions_equal_those_of_one_machine():
    texts = random_texts(2)
    here, trie = one_machine(texts, min_count=3)
    there, _ = on_partitions(texts, 5, min_count=3)
    strong = trie.pmi > 0.5
    for one, other in zip(
        join_segments(here, trie, strong, order=4), join_segments(there, trie, strong, order=4)
    ):
        np.testing.assert_array_equal(one, other)
    nodes = np.arange(2, len(trie))
    for one, other in zip(locate(here, trie, nodes), locate(there, trie, nodes)):
        np.testing.assert_array_equal(one, other)
    weights = -np.log(1.0 + np.arange(len(trie)))
    np.testing.assert_array_equal(
        segment_corpus(here, trie, nodes, weights), segment_corpus(there, trie, nodes, weights)
    )


@pytest.mark.parametrize("name", method_names())
def test_every_method_judges_alike(name):
    texts = random_texts(4, 20_000, 120)
    here, trie = one_machine(texts, min_count=3)
    there, _ = on_partitions(texts, 4, min_count=3)
    expected = make_method(name).find(here, trie, threads=1, progress=Progress(False))
    found = make_method(name).find(there, trie, threads=1, progress=Progress(False))
    assert expected.nodes.size > 20
    np.testing.assert_array_equal(found.nodes, expected.nodes)
    np.testing.assert_array_equal(found.reason, expected.reason)
    assert found.reasons == expected.reasons
    assert found.unlisted == expected.unlisted
    if expected.segments is not None:
        np.testing.assert_array_equal(found.segments, expected.segments)


def test_an_alphabet_beyond_sixteen_bits_folds_the_same_symbols():
    han = [chr(p) for p in range(0x4E00, 0xA000)] + [chr(p) for p in range(0x20000, 0x2A6DF)]
    han += [chr(p) for p in range(0x2A700, 0x2B738)]
    texts = ["".join(han), "电网" * 20, "".join(han[:30_000])]
    _, expected = one_machine(texts, min_count=2)
    _, found = on_partitions(texts, 3, min_count=2)
    assert found.alphabet.dropped == len(han) - (1 << 16) + 2
    assert_same(expected, found)


def test_counts_beyond_thirty_two_bits_widen_the_column():
    sources = [Source(lines_of(["电网电网"], 1), Reading(ReadOptions(), None), 0)]
    alphabet = find_alphabet(sources, "symbol", Tuning(1))
    encoded = encode_sources(sources, alphabet)
    alphabet.counts[2] += 1 << 33
    trie = count_encoded(encoded, alphabet, Job(min_count=2), Tuning(1))
    assert trie.count.dtype == np.int64
    assert trie.count[2] == (1 << 33) + 2
    assert trie.count[trie.depth == 2].tolist() == [2]


def test_symbols_of_a_cluster_are_not_here():
    symbols, _ = on_partitions(["电网电网"], 1, min_count=1)
    with pytest.raises(RuntimeError, match="lie on a cluster"):
        symbols.array  # noqa: B018


@pytest.mark.parametrize(
    "texts", [["，。"], ["a"], ["x" * 70 + "电"]], ids=["nothing", "a run", "a long run"]
)
def test_hardly_any_text(texts):
    _, expected = one_machine(texts, min_count=1)
    _, found = on_partitions(texts, 1, min_count=1)
    assert_same(expected, found)


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch):
    """So that ``bucket`` alone decides."""
    monkeypatch.setattr(counting, "_LEAST_BUCKET", 1 << 30)
