"""The counting kernel against hand-made numbers, a naive counter and the numpy oracle."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import PADDING, encode_texts
from zhnlp.mining.neighbours import grouped_entropies
from zhnlp.mining.oracle import oracle_trie


def table(trie):
    """{n-gram: (count, pmi, left entropy, right entropy)} of a trie."""
    nodes = np.flatnonzero((trie.count >= trie.min_count) & (np.arange(len(trie)) >= 2))
    rows = zip(
        trie.words(nodes),
        trie.count[nodes].tolist(),
        trie.pmi[nodes].tolist(),
        trie.left_entropy[nodes].tolist(),
        trie.right_entropy[nodes].tolist(),
    )
    return {word: row for word, *row in rows}


def naive(symbols, max_length, min_count):
    """The same by Counter, straight from the definitions."""
    s = symbols.array.tolist()
    counts, left, right = Counter(), {}, {}
    for i in range(PADDING, len(s) - PADDING):
        for n in range(1, max_length + 1):
            gram = tuple(s[i : i + n])
            if min(gram) < 2:
                break
            counts[gram] += 1
            left.setdefault(gram, Counter())[s[i - 1]] += 1
            right.setdefault(gram, Counter())[s[i + n]] += 1
    total = symbols.total

    def entropy(c):
        n = sum(c.values())
        return sum(v / n * math.log(n / v) for v in c.values())

    out = {}
    for gram, c in counts.items():
        if c < min_count:
            continue
        splits = [math.log(total * c / (counts[gram[:k]] * counts[gram[k:]])) for k in range(1, len(gram))]
        pmi = min(splits, default=math.inf)
        out[symbols.alphabet.decode(gram)] = (c, pmi, entropy(left[gram]), entropy(right[gram]))
    return out


def same(a, b):
    assert a.keys() == b.keys()
    for word, row in a.items():
        assert row[0] == b[word][0], word
        assert row[1:] == pytest.approx(b[word][1:], abs=2e-5), word


def test_ten_characters_by_hand():
    trie = count_ngrams(encode_texts(["电网电网，电站电网"]), max_length=2, min_count=2)
    rows = table(trie)
    # 8 symbols: 电 ×4, 网 ×3, 站 ×1;  电网 ×3, 网电 ×1 (dropped), 电站 ×1 (dropped)
    assert set(rows) == {"电", "网", "电网"}
    count, pmi, left, right = rows["电网"]
    assert count == 3
    assert pmi == pytest.approx(math.log(8 * 3 / (4 * 3)), abs=1e-6)
    # left neighbours: boundary, 网, 站; right neighbours: 电, boundary, boundary
    assert left == pytest.approx(math.log(3), abs=1e-6)
    assert right == pytest.approx(math.log(3) - 2 / 3 * math.log(2), abs=1e-6)
    assert rows["电"][1] == math.inf


def test_boundaries_are_one_neighbour_whatever_they_are():
    rows = table(count_ngrams(encode_texts(["电，", "电！？", "电\n", "电"]), min_count=1))
    assert rows["电"][2:] == [0.0, 0.0]


letters = st.sampled_from("一二三四，aZ9 \U00020000\U0003134a〇")
texts = st.lists(st.text(letters, max_size=40), max_size=8)


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(1, 12), st.integers(1, 4), st.sampled_from(["symbol", "token", "drop"]))
def test_kernel_equals_naive_counter_and_oracle(texts, max_length, min_count, runs):
    symbols = encode_texts(texts, runs)
    rows = table(count_ngrams(symbols, max_length=max_length, min_count=min_count))
    same(rows, naive(symbols, max_length, min_count))
    same(rows, table(oracle_trie(symbols, max_length=max_length, min_count=min_count)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 30, 3000]))
def test_larger_random_texts_equal_the_oracle(seed, characters):
    rng = np.random.default_rng(seed)
    points = 0x4E00 + (characters * rng.random(4000) ** 3).astype(int)
    text = "".join(map(chr, points))
    symbols = encode_texts([text[:2000], text[2000:], text[:500]])
    same(
        table(count_ngrams(symbols, max_length=6, min_count=2)),
        table(oracle_trie(symbols, max_length=6, min_count=2)),
    )


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["，。！"],
        ["一"],
        ["一" * 1000],
        ["".join(map(chr, range(0x4E00, 0x5E00)))],
        ["，".join("电网变压器" * 50)],
        list("电网变压器" * 30),
    ],
    ids=[
        "empty",
        "boundaries",
        "one",
        "all equal",
        "all distinct",
        "boundaries everywhere",
        "one-character documents",
    ],
)
def test_extreme_texts_equal_the_oracle(texts):
    symbols = encode_texts(texts)
    for min_count in (1, 3):
        same(
            table(count_ngrams(symbols, max_length=12, min_count=min_count)),
            table(oracle_trie(symbols, max_length=12, min_count=min_count)),
        )


def test_threads_do_not_matter():
    rng = np.random.default_rng(0)
    text = "".join(map(chr, 0x4E00 + (500 * rng.random(50_000) ** 3).astype(int)))
    symbols = encode_texts([text])
    one = count_ngrams(symbols, min_count=3, threads=1)
    for threads in (2, 5):
        many = count_ngrams(symbols, min_count=3, threads=threads)
        for column in (
            "symbol",
            "count",
            "first_child",
            "children",
            "left_entropy",
            "parent",
            "suffix",
            "pmi",
        ):
            np.testing.assert_array_equal(getattr(one, column), getattr(many, column))


def test_more_symbols_than_sixteen_bits():
    han = [chr(p) for p in range(0x4E00, 0xA000)] + [chr(p) for p in range(0x20000, 0x2A6DF)]
    han += [chr(p) for p in range(0x2A700, 0x2B738)]
    symbols = encode_texts(["".join(han), "电网" * 20, "".join(han[:30_000])])
    assert len(symbols.alphabet) == 1 << 16
    assert symbols.alphabet.dropped == len(han) - (1 << 16) + 2
    rows = table(count_ngrams(symbols, min_count=2))
    assert rows["电网"][0] == 20
    assert "�" not in "".join(rows)
    # the dropped characters count in T, and are one neighbour symbol
    assert symbols.total == len(han) + 40 + 30_000


def test_suffix_links_drop_the_first_symbol():
    trie = count_ngrams(encode_texts(["国家电网公司" * 5, "电网公司" * 3]), min_count=2)
    nodes = np.flatnonzero(trie.depth > 1)
    assert trie.words(trie.suffix[nodes]) == [word[1:] for word in trie.words(nodes)]
    assert trie.words(trie.parent[nodes]) == [word[:-1] for word in trie.words(nodes)]


@pytest.mark.parametrize("limits", [{"max_length": 0}, {"max_length": 13}, {"min_count": 0}, {"threads": 0}])
def test_impossible_limits_are_refused(limits):
    with pytest.raises(ValueError, match="is not possible: expected"):
        count_ngrams(encode_texts(["电网"]), **limits)


COLUMNS = (
    *("symbol", "count", "first_child", "children", "left_entropy", "right_entropy"),
    *("parent", "suffix", "depth", "pmi"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(letters, max_size=60), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_no_bit(texts, random):
    texts = texts * 3
    one = count_ngrams(encode_texts(texts), min_count=1)
    random.shuffle(texts)
    other = count_ngrams(encode_texts(texts), min_count=1)
    for column in COLUMNS:
        assert getattr(one, column).tobytes() == getattr(other, column).tobytes(), column


def test_the_order_of_documents_changes_no_bit_of_long_histograms():
    """Hundreds of neighbours, some beyond the table of n ln n."""
    rng = np.random.default_rng(5)
    points = 0x4E00 + (600 * rng.random(200_000) ** 6).astype(int)
    texts = ["".join(map(chr, points[a : a + 50])) for a in range(0, points.size, 50)]
    one = count_ngrams(encode_texts(texts), min_count=2)
    assert one.count[one.depth == 2].max() > 1 << 14
    other = count_ngrams(encode_texts(texts[::-1]), min_count=2)
    for column in COLUMNS:
        assert getattr(one, column).tobytes() == getattr(other, column).tobytes(), column


def test_entropy_of_one_neighbour_is_nothing_and_the_rounding_is_small():
    counts = np.arange(1, 2000)
    bounds = np.array([0, 1, 1, 5, counts.size])
    expected = [0.0, 0.0]
    for part in counts[1:5], counts[5:]:
        share = part / part.sum()
        expected.append(float(-(share * np.log(share)).sum()))
    found = grouped_entropies(bounds, counts)
    assert found[0] == 0 and found[1] == 0
    assert found == pytest.approx(expected, abs=2.0**-25)


def test_sums_of_the_largest_counts_do_not_overflow():
    counts = np.array([1 << 33, 1 << 33, 1 << 40, 1 << 40])
    assert grouped_entropies(np.array([0, 2, 4]), counts) == pytest.approx([math.log(2)] * 2, abs=1e-7)
