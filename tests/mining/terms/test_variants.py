"""Other spellings of terms: case, traditional characters, full width; by hand and against plain search.

Run: pytest tests/mining/terms/test_variants.py
"""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.lookup import find_texts
from zhnlp.mining.terms import DomainTermMiner
from zhnlp.mining.terms.variants import find_variants, simplify, spelling_classes
from zhnlp.mining.width_variants import by_term, count_spellings, width_variants
from zhnlp.text import Corpus, fold_characters

PIECES = ["变", "變", "压", "壓", "后", "後", "器", "Linux", "linux", "LINUX", "，", "的"]
WIDE = ["5G", "５Ｇ", "5Ｇ", "基站", "G", "Ｇ", "a", "ａ", "-", "－", "，", "\n", "基", "5", "+", "＋"]


def trie_of(texts, min_count=1):
    return count_ngrams(encode_texts(texts), min_count=min_count)


def variants_of(texts, terms, min_count=1):
    trie = trie_of(texts, min_count)
    nodes = find_texts(trie, terms)
    assert (nodes >= 0).all()
    return find_variants(trie, nodes)


def wide(texts, terms, split_runs=False):
    return width_variants(Corpus.from_texts(texts).blocks(), terms, split_runs)


# --- case and traditional characters ---------------------------------------------------------------------------


def test_case_and_characters_by_hand():
    texts = [
        "linux内核，Linux内核，Linux内核，LINUX内核",
        "變壓器，变压器，變压器，变压器",
        "头发，頭髮，發展",
    ]
    found = variants_of(texts, ["linux内核", "Linux内核", "变压器", "變壓器", "头发", "内核", "linux"])
    assert found == [
        ["Linux内核", "LINUX内核"],  # by count
        ["LINUX内核", "linux内核"],  # by text where counts agree
        ["變压器", "變壓器"],
        ["变压器", "變压器"],
        ["頭髮"],
        [],
        ["Linux", "LINUX"],
    ]


def test_rare_spellings_are_not_known():
    texts = ["变压器，变压器，变压器，變壓器，變壓器", "变压，變壓器"]
    assert variants_of(texts, ["变压器"], min_count=3) == [["變壓器"]]
    assert variants_of(texts, ["变压器"], min_count=2) == [["變壓器"]]
    assert variants_of(texts[:1], ["变压器"], min_count=3) == [[]]
    assert variants_of(["Aa变，Aa变，aa变"], ["Aa变"], min_count=2) == [[]]


def test_nothing_to_do():
    trie = trie_of(["变压器"])
    assert find_variants(trie, np.empty(0, np.int64)) == []
    assert find_variants(trie, find_texts(trie, ["变压器", "压器"])) == [[], []]
    assert simplify([]) == []


def test_simplify_keeps_the_number_of_texts():
    texts = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x20100))] + ["GPT-4o", "é"]
    simple = simplify(texts)
    assert len(simple) == len(texts) and simple[-2:] == ["GPT-4o", "é"]
    assert {len(one) for one in simple[:-2]} == {1}
    assert dict(zip(texts, simple))["變"] == "变"


@given(st.lists(st.text(st.sampled_from("变變压壓后後器"), min_size=1, max_size=6), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_variants_are_all_ngrams_with_the_same_key(texts):
    """Against every pair of n-grams of the trie."""
    trie = trie_of(texts)
    nodes = np.arange(2, len(trie))
    words = trie.words(nodes)
    simple = dict.fromkeys("变压后器") | {"變": "变", "壓": "压", "後": "后"}
    keys = ["".join(simple[letter] or letter for letter in word) for word in words]
    expected = [
        sorted(
            (w for w, k in zip(words, keys) if k == key and w != word),
            key=lambda w: (-int(trie.count[nodes[words.index(w)]]), w),
        )
        for word, key in zip(words, keys)
    ]
    assert find_variants(trie, nodes) == expected


def test_classes_of_symbols():
    alphabet = encode_texts(["Linux linux LINUX 變变 ss ß"]).alphabet
    classes = dict(zip(alphabet.texts, spelling_classes(alphabet).tolist()))
    assert classes["Linux"] == classes["linux"] == classes["LINUX"] != classes["变"] == classes["變"]
    assert classes["ss"] == classes["ß"]  # as str.casefold has it
    assert classes[alphabet.texts[0]] == 0


def test_many_spellings_of_one_term():
    letters = ["".join(bits) for bits in itertools.product(*(c + c.upper() for c in "abcd"))]
    texts = [f"{one}变{two}，" for one, two in itertools.product(letters, letters)]
    found = variants_of(texts, ["abcd变abcd"])
    assert len(found[0]) == 255 and found[0] == sorted(found[0])


# --- width -----------------------------------------------------------------------------------------------------


def test_width_by_hand():
    texts = [
        "建设５Ｇ基站，５G基站，5Ｇ基站，５Ｇ基站",
        "5G基站",
        "１５Ｇ基站，５Ｇ-A基站",
        "Ｃ＋＋编译，Ｃ编译",
    ]
    found = wide(texts, ["5G基站", "基站", "C++编译", "C编译", "5G", "G基站"])
    assert found == [
        ["５Ｇ基站", "5Ｇ基站", "５G基站"],
        [],
        ["Ｃ＋＋编译"],
        ["Ｃ编译"],
        ["５Ｇ", "5Ｇ", "５G"],
        [],
    ]


def test_a_spelling_with_two_wide_runs_counts_once():
    counts = count_spellings(Corpus.from_texts(["Ａ型和Ｂ型，A型和Ｂ型"]).blocks(), ["A型和B型"])
    assert counts == {(0, "Ａ型和Ｂ型"): 1, (0, "A型和Ｂ型"): 1}


def test_both_ends_stand_free():
    assert wide(["Ａ型ＢＣ，ＺＡ型Ｂ"], ["A型B"]) == [[]]
    assert wide(["Ａ型Ｂ。C"], ["A型B"]) == [["Ａ型Ｂ"]]
    assert wide(["Ａ型Ｂ", "Ａ型"], ["A型B", "A型"]) == [["Ａ型Ｂ"], ["Ａ型"]]


def test_runs_cut_between_letters_and_digits():
    texts = ["ＧＰＴ4模型，ＧＰＴ模型", "１０ｋＶ线路"]
    terms = ["GPT", "4模型", "GPT4模型", "kV线路"]
    assert wide(texts, terms, split_runs=True) == [["ＧＰＴ"], [], ["ＧＰＴ4模型"], ["ｋＶ线路"]]
    assert wide(texts, terms) == [["ＧＰＴ"], [], ["ＧＰＴ4模型"], []]


def test_no_term_with_letters_reads_nothing():
    def blocks():
        raise AssertionError("read")
        yield

    assert width_variants(blocks(), ["基站", "变压器"]) == [[], []]


@given(st.lists(st.text(st.sampled_from("5５GＧ基站-－+，\n"), max_size=12), max_size=6))
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("ignore:.*gave no document")
def test_width_against_the_symbols_of_the_encoder(texts):
    """A spelling is found as often as the encoder sees the term, less what is spelt as usual."""
    term = "5G基站"
    corpus = Corpus.from_texts(texts)
    found = count_spellings(corpus.blocks(), [term])
    assert all(fold_characters(text) == term != text for _, text in found)
    whole = "\n".join(texts)
    trie = trie_of([whole]) if whole else None
    node = find_texts(trie, [term])[0] if trie is not None else -1
    seen = 0 if node < 0 else int(trie.count[node])
    border = r"(?<![5５GＧ])(?<![5５GＧ][-－+＋])"
    usual = len(re.findall(rf"{border}5G基站", whole))
    assert sum(found.values()) == seen - usual


def test_parts_of_a_corpus_add_up():
    texts = ["５Ｇ基站", "5Ｇ基站，5Ｇ基站", "Ａ型"]
    parts = [count_spellings(Corpus.from_texts([text]).blocks(), ["A型", "5G基站"]) for text in texts]
    assert by_term(sum(parts[1:], parts[0]), 2) == wide(texts, ["A型", "5G基站"])


# --- in the table ----------------------------------------------------------------------------------------------


@pytest.fixture
def texts():
    lines = ["检修主{0}。", "主{0}漏油，巡视{1}。", "{1}和主{0}发热。", "更换主{0}，{1}断电。"]
    spelt = [("變壓器", "５Ｇ基站"), ("变压器", "5G基站"), ("变压器", "5g基站"), ("变压器", "5G基站")]
    return [line.format(*pair) for line in lines for pair in spelt for _ in range(3)]


def test_the_table_has_all_of_them(texts):
    miner = DomainTermMiner(["今天天气很好。"] * 200, progress=False)
    variants = {row["term"]: row["variants"] for row in miner.fit(texts).freeze()}
    assert variants["主变压器"] == ["主變壓器"]
    assert variants["5G基站"] == ["5g基站", "５Ｇ基站"]


def test_a_corpus_that_is_gone_has_no_widths(texts):
    for source, options in ((iter(texts), {}), (texts, {"examples": False})):
        miner = DomainTermMiner(["今天天气很好。"] * 200, progress=False, **options)
        variants = {row["term"]: row["variants"] for row in miner.fit(source).freeze()}
        assert variants["5G基站"] == ["5g基站"] and variants["主变压器"] == ["主變壓器"]
