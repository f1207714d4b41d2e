"""The baselines of the domain-term benchmark by hand: C-value, jieba's scores over a corpus, the list to judge."""

import sys
from collections import Counter
from math import log2
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from harness import c_value, jieba_lists  # noqa: E402
from harness.domains import Domain, read_hand_check, to_judge, write_hand_check  # noqa: E402

TEXTS = ["变压器的故障分析。", "变压器和断路器，变压器绝缘", "电网调度与电网负荷"]


def write_tagged(path, documents):
    rows = ("\x1f".join(f"{word}\x1e{flag}" for word, flag in document) for document in documents)
    path.write_text("".join(row + "\n" for row in rows), "utf-8")
    return path


def test_stretches_end_in_a_noun_and_give_their_shorter_ones():
    document = [("高压", "b"), ("变压器", "n"), ("运行", "vn"), ("的", "u"), ("变压器", "n"), ("大", "a")]
    assert c_value.tagged_candidates([document] * 2, c_value.ADJECTIVES) == {
        ("变压器",): 4,
        ("高压", "变压器"): 2,
        ("高压", "变压器", "运行"): 2,
        ("变压器", "运行"): 2,
        ("运行",): 2,
    }
    assert ("高压", "变压器") not in c_value.tagged_candidates([document], ())


def test_a_word_of_other_characters_ends_a_stretch():
    document = [("变压器", "n"), ("5G", "n"), ("基站", "n")]
    assert set(c_value.tagged_candidates([document], ())) == {("变压器",), ("基站",)}


def test_c_value_by_hand():
    # 变压器 stands in two longer candidates of 4 and 2 occurrences; the rare one is no candidate
    counts = {("变压器",): 10, ("主", "变压器"): 4, ("变压器", "油"): 2, ("变压器", "室"): 1}
    values = c_value.c_value(counts, c_value.in_characters, min_count=2)
    assert values == pytest.approx(
        {("变压器",): log2(3) * (10 - 3), ("主", "变压器"): log2(4) * 4, ("变压器", "油"): log2(4) * 2}
    )
    assert c_value.ranked(values) == ["变压器", "主变压器", "变压器油"]


def test_jieba_lists_are_what_jieba_gives_for_one_text():
    """Of a corpus of one text, the lists are those of jieba's own functions on it."""
    jieba_analyse = pytest.importorskip("jieba.analyse")
    import jieba

    text = TEXTS[1]
    counts = Counter(jieba.cut(text))
    ours, theirs = jieba_lists.tf_idf(counts), jieba_analyse.extract_tags(text, topK=None)
    assert set(ours) == set(theirs) and ours[0] == theirs[0]


def test_text_rank_is_one_graph_over_all_documents(tmp_path):
    analyse = pytest.importorskip("jieba.analyse")
    posseg = pytest.importorskip("jieba.posseg")
    documents = [[(pair.word, pair.flag) for pair in posseg.cut(text)] for text in TEXTS]
    tagged = write_tagged(tmp_path / "texts.tagged", documents)
    assert list(jieba_lists.tagged_documents(tagged)) == documents
    assert jieba_lists.text_rank(tagged) == analyse.textrank("\n".join(TEXTS) + "\n", topK=None)


def test_a_ranked_list_is_cut_to_what_gold_could_have(tmp_path):
    path = tmp_path / "grid.txt"
    path.write_text("变压器，断路器，5G基站，网\n" * 5 + "互感器\n", "utf-8")
    text = type("Text", (), {"path": path})
    domain = Domain("grid", text, ["变压器", "断路器", "互感器"])
    assert domain.gold == ["变压器", "断路器"]
    assert domain.candidates(["网", "断路器", "5G基站", "互感器", "变压器"]) == ["断路器", "变压器"]
    assert domain.score(["网", "断路器", "5G基站", "互感器"])["average_precision"] == 0.5


def test_judgements_survive_a_new_list(tmp_path):
    path = tmp_path / "top.tsv"
    domain = type("Domain", (), {"lexicon": ["变压器"]})
    rows = [{"term": term, "count": 9} for term in ("变压器", "主变", "的话", "母线")]
    asked = to_judge(domain, rows, 3)
    assert [(row["rank"], row["term"]) for row in asked] == [(2, "主变"), (3, "的话")]
    assert write_hand_check(path, asked) == 2 and read_hand_check(path) == {}
    path.write_text("term\tjudged\n主变\t1\n的话\t0\n", "utf-8")
    assert write_hand_check(path, to_judge(domain, rows, 4)) == 1
    assert read_hand_check(path) == {"主变": 1, "的话": 0}
    path.write_text("term\tjudged\n主变\tyes\n", "utf-8")
    with pytest.raises(SystemExit, match="expected 1"):
        read_hand_check(path)
