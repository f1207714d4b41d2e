"""Examples and occurrences, against a search by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp import Corpus
from zhnlp.mining.contexts import example_in, find_examples, find_word
from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.occurrences import locate


@pytest.mark.parametrize(
    ("text", "word", "at"),
    [
        ("用5G基站", "5G", 1),
        ("15G，5G", "5G", 4),
        ("用５Ｇ基站", "5G基站", 1),
        ("GPT-4o", "PT", -1),
        ("变压器", "变电", -1),
        ("", "电", -1),
        ("iPhone手机，Phone", "Phone", 9),
        ("GPT-4o好，用GPT写", "GPT", 9),
        ("C++和C语言", "C", 4),
        ("２．４ＧＨｚ频段", "2.4GHz频段", 0),
    ],
)
def test_words_are_found_but_not_inside_a_run(text, word, at):
    assert find_word(text, word) == at


def test_an_example_is_a_stretch_of_one_line():
    text = "第一行\n" + "甲" * 40 + "变压器" + "乙" * 40 + "\n第三行"
    example = example_in(text, "变压器", 7)
    assert example["text"] == "甲" * 30 + "变压器" + "乙" * 30
    assert example["text"][example["start"] : example["end"]] == "变压器"
    assert text[example["offset"] :].startswith("变压器")
    assert example["document"] == 7
    short = example_in("上\n查变压器\n下", "变压器", 0)
    assert short["text"] == "查变压器"


def test_documents_are_numbered_as_the_corpus_iterates():
    corpus = Corpus.from_texts(["", "甲", " ", "乙丙"])
    examples = find_examples(corpus, ["丙", "甲"], np.array([1, 0]))
    assert [e["document"] for e in examples] == [1, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("电网变，", max_size=15), max_size=8), st.integers(1, 3))
def test_document_counts_and_first_documents_equal_a_search(texts, threads):
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, min_count=1, max_length=4)
    nodes = np.arange(2, len(trie))
    documents, first = locate(symbols, trie, nodes, threads=threads)
    for word, n, document in zip(trie.words(nodes), documents, first):
        assert n == sum(word in text for text in texts)
        assert document == next(i for i, text in enumerate(texts) if word in text)
