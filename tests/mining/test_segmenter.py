"""The segmenter against brute force over all segmentations, by hand, and on hostile text."""

import json
import math
import os
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhnlp.mining.segmentation.units import split_units
from zhnlp.mining.segmentation.viterbi import cut_blocks
from zhnlp.mining.segmenter import Segmenter
from zhnlp.text.characters import code_points, from_code_points
from zhnlp.text.width import width_table

LETTERS = "天地人A5Ａ-+。 \n😀𠮷é\u0301"
words = st.text(LETTERS, min_size=1, max_size=4).map(str.strip).filter(lambda w: w and "\n" not in w)
lexicons = st.dictionaries(words, st.floats(-12, 0).map(lambda x: round(x, 2)), max_size=12)
texts = st.text(LETTERS, max_size=9)


def fold(text):
    return from_code_points(width_table()[code_points(text)])


def brute(segmenter, text):
    """Every segmentation of ``text`` as (score, spans), best first, straight from the definition."""
    table = segmenter.weights
    units = split_units(text, segmenter.runs == "token")
    at = np.cumsum([0, *map(len, units)]).tolist()
    paths = [[] for _ in at]
    paths[0] = [(0.0, [])]
    for j in range(1, len(at)):
        for i in range(j):
            piece = text[at[i] : at[j]]
            if fold(piece) in table:
                value, span = table[fold(piece)], [(at[i], at[j])]
            elif j > i + 1:
                continue
            elif piece.isspace():
                value, span = 0.0, []
            else:
                value, span = segmenter.unknown, [(at[i], at[j])]
            paths[j] += [(score + value, spans + span) for score, spans in paths[i]]
    key = lambda path: (-path[0], len(path[1]), [(-end, start) for start, end in reversed(path[1])])  # noqa: E731
    return sorted(paths[-1], key=key)


@settings(max_examples=400, deadline=None)
@given(lexicons, texts, st.sampled_from(["symbol", "token"]))
@example({"天 地": -1.0, "天": -1.0}, "天 地 天", "symbol")
@example({"5天": -1.0, "A": -0.5}, "A5天-5天", "symbol")
def test_viterbi_and_kbest_equal_brute_force(lexicon, text, runs):
    segmenter = Segmenter(lexicon, unknown=-9.5, runs=runs)
    expected = [(score, [text[a:b] for a, b in spans]) for score, spans in brute(segmenter, text)]
    assert segmenter.kbest(text, len(expected) + 3) == expected
    assert segmenter.kbest(text, 2) == expected[:2]
    assert segmenter.words(text) == expected[0][1]
    assert segmenter.score(expected[0][1]) == pytest.approx(expected[0][0])
    spans = [path[1] for path in brute(segmenter, text)]
    assert len({tuple(s) for s in spans}) == len(spans)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters() | st.sampled_from(LETTERS + "…—\u200d🇨🇳️"), max_size=40), lexicons)
def test_spans_cut_the_source_and_cover_every_character_that_is_not_blank(text, lexicon):
    lexicon = {word: weight for word, weight in lexicon.items() if " " not in word}
    segmenter = Segmenter(lexicon)
    found = segmenter.segment(text)
    assert [token["word"] for token in found] == [text[t["start"] : t["end"]] for t in found]
    assert [token["word"] for token in found] == segmenter.words(text)
    assert [token["end"] for token in found] == segmenter.cut_ends(text).tolist()
    covered = [False] * len(text)
    for token in found:
        assert token["start"] < token["end"]
        for i in range(token["start"], token["end"]):
            assert not covered[i]
            covered[i] = True
    assert all(covered[i] != c.isspace() for i, c in enumerate(text))


@settings(max_examples=200, deadline=None)
@given(lexicons, st.text(LETTERS, max_size=60), st.integers(1, 20))
def test_blocks_of_any_size_give_the_same_cut(lexicon, text, block):
    segmenter = Segmenter(lexicon, unknown=-9.5)
    parts = list(cut_blocks(text, segmenter._ready(), block))
    starts = [start for at, _, _, cut in parts for start in (cut.starts + at).tolist()]
    assert starts == segmenter.spans(text)[0].tolist()
    assert sum(points.size for _, points, _, _ in parts) == len(text)


@settings(max_examples=100, deadline=None)
@given(lexicons, st.lists(st.text(LETTERS, max_size=8), max_size=8))
def test_lines_cut_together_are_cut_alike(lexicon, lines):
    segmenter = Segmenter(lexicon)
    assert list(segmenter.segment_lines(lines)) == [segmenter.words(line) for line in lines]
    assert list(segmenter.segment_lines(iter(lines * 3))) == [segmenter.words(line) for line in lines * 3]


def test_by_hand():
    segmenter = Segmenter.from_counts({"研究": 4, "研究生": 2, "生命": 4, "命": 1, "起源": 5})
    assert segmenter.words("研究生命起源") == ["研究", "生命", "起源"]
    assert segmenter.score(["研究", "生命"]) == pytest.approx(2 * math.log(4 / 16), abs=1e-6)
    assert segmenter.score(["研究生"]) == pytest.approx(math.log(2 / 16), abs=1e-6)
    assert segmenter.unknown == pytest.approx(math.log(1 / 16) - 10, abs=1e-6)
    assert segmenter.score(["生"]) == segmenter.unknown
    assert segmenter.score(["究生"]) == -math.inf


def test_runs_are_never_cut():
    segmenter = Segmenter.from_counts(
        {"5G": 9, "5G基站": 4, "基站": 9, "GPT": 9, "4": 9, "C": 9, "o写": 9, "写": 5}
    )
    text = "GPT-4o写C++，2.4GHz的5G基站和X5G基站"
    expected = ["GPT-4o", "写", "C++", "，", "2.4GHz", "的", "5G基站", "和", "X5G", "基站"]
    assert segmenter.words(text) == expected
    parts = Segmenter(segmenter.weights, runs="token").words("GPT-4o写5G基站")
    assert parts == ["GPT", "-", "4", "o写", "5G基站"]
    assert Segmenter(segmenter.weights, runs="drop").words("GPT-4o写5G基站") == ["GPT-4o", "写", "5G", "基站"]


def test_width_is_ignored_and_offsets_are_those_of_the_source():
    segmenter = Segmenter.from_counts({"5G基站": 4, "ＡＩ芯片": 3})
    text = "　５Ｇ基站AI芯片"
    assert segmenter.words(text) == ["５Ｇ基站", "AI芯片"]
    assert segmenter.segment(text)[0] == {"word": "５Ｇ基站", "start": 1, "end": 5}


def test_units_hold_together():
    assert split_units("👩\u200d🔬🇨🇳👍🏽葛\U000e0100e\u0301a……——") == [
        "👩\u200d🔬", "🇨🇳", "👍🏽", "葛\U000e0100", "e\u0301a", "……", "——"
    ]  # fmt: skip
    assert "".join(split_units("\u0301 \u200d\n🇨")) == "\u0301 \u200d\n🇨"


@pytest.mark.parametrize("text", ["", " \n\t　", "天", "\ud800", "\x00", "😀" * 5])
def test_odd_texts_need_no_lexicon(text):
    segmenter = Segmenter({})
    assert "".join(segmenter.words(text)) == "".join(text.split())
    assert "".join(segmenter.kbest(text, 3)[0][1]) == "".join(text.split())
    assert len(segmenter.kbest(text, 3)) == 1


def test_text_without_a_place_to_stop():
    segmenter = Segmenter({"天": -1.0, "天天": -1.5, "天天天": -1.9})
    text = "天" * 700_001
    ends = segmenter.cut_ends(text)
    assert ends[-1] == len(text)
    assert len(ends) == math.ceil(700_001 / 3)


def test_a_plain_list_takes_the_fewest_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("中国\n人民\n中国人民\n# 注释\n银行\n", encoding="utf-8")
    assert Segmenter.load(path).words("中国人民银行") == ["中国人民", "银行"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "txt", "dict", "hanlp"])
def test_every_format_is_read_alike(tmp_path, suffix):
    rows = [("深度学习", 6), ("5G基站", 3), ("很", 11)]
    path = tmp_path / f"words.{suffix}"
    if suffix == "parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"word": [w for w, _ in rows], "count": [c for _, c in rows]}), path)
    else:
        line = {
            "csv": "{},{},7.5",
            "tsv": "{}\t{}\t7.5",
            "dict": "{} {} nz",
            "hanlp": "{} nz {}",
            "txt": "{} {}",
        }
        header = {"csv": "word,count,score\n", "tsv": "word\tcount\tscore\n"}.get(suffix, "")
        if suffix == "jsonl":
            body = [json.dumps({"word": w, "count": c, "score": 1.0}, ensure_ascii=False) for w, c in rows]
        else:
            body = [line[suffix].format(w, c) for w, c in rows]
        path.write_text("\ufeff" + header + "\n".join(body) + "\n", encoding="utf-8")
    assert Segmenter.load(path).weights == Segmenter.from_counts(dict(rows)).weights


def test_scores_alone_are_logarithms_when_none_is_positive(tmp_path):
    (tmp_path / "a.csv").write_text("word,score\n天地,-2.5\n人,-1\n", encoding="utf-8")
    assert Segmenter.load(tmp_path / "a.csv").weights == {"天地": -2.5, "人": -1.0}
    (tmp_path / "b.csv").write_text("word,score\n天地,3\n人,1\n", encoding="utf-8")
    assert Segmenter.load(tmp_path / "b.csv").weights == Segmenter.from_counts({"天地": 3, "人": 1}).weights


def test_words_without_a_number_become_user_words(tmp_path):
    (tmp_path / "a.dict").write_text("区块 50\n链 50\n技术 100\n区块链 nz\n", encoding="utf-8")
    assert Segmenter.load(tmp_path / "a.dict").words("区块链技术") == ["区块链", "技术"]


@settings(max_examples=150, deadline=None)
@given(lexicons, st.lists(words, min_size=1, max_size=4))
def test_user_words_win_over_their_own_split(lexicon, user):
    segmenter = Segmenter(lexicon)
    for word in user:  # one call a word: later, shorter words must not break earlier ones
        segmenter.add_words([word])
    for word in user:
        best = brute(segmenter, word)[0][1]
        at_zero = segmenter.weights[fold(word)] == 0.0  # no probability above one
        assert at_zero or best == [(0, len(word))]


def test_user_word_with_a_weight_and_folded_forms_are_kept():
    segmenter = Segmenter.from_counts({"天": 1, "地": 1}).add_words({"天地": -0.25, "Ａ": None})
    assert segmenter.weights["天地"] == -0.25
    assert "A" in segmenter.weights


def test_counts_of_a_corpus_are_those_of_its_words():
    segmenter = Segmenter.from_counts({"深度": 5, "学习": 5, "深度学习": 9, "好": 3})
    texts = ["深度学习好好学习", "深度，深度", ""]
    assert segmenter.fit_counts(texts) == {"深度学习": 1, "好": 2, "学习": 1, "深度": 2}
    refined = segmenter.reestimate(texts, rounds=2)
    assert refined.score(["深度"]) == pytest.approx(math.log(2 / 6), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(lexicons, st.text(LETTERS, max_size=8))
def test_expected_counts_equal_brute_force(lexicon, text):
    segmenter = Segmenter(lexicon, unknown=-9.5)
    paths = brute(segmenter, text)
    total = math.fsum(math.exp(score) for score, _ in paths)
    expected = {}
    for score, spans in paths:
        for a, b in spans:
            word = fold(text[a:b])
            if word in segmenter.weights:
                expected[word] = expected.get(word, 0) + math.exp(score) / total
    found = segmenter.fit_counts([text], soft=True)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_soft_rounds_never_lower_the_likelihood():
    random.seed(0)
    texts = ["".join(random.choices(["深度", "学习", "深度学习", "很", "好"], k=30)) for _ in range(20)]
    counts = dict.fromkeys(["深", "度", "学", "习", "深度", "学习", "度学", "很好", "很", "好", "好深"], 1)
    segmenter = Segmenter.from_counts(counts)

    def likelihood(s):
        return sum(math.log(math.fsum(math.exp(a) for a, _ in brute(s, t[:12]))) for t in texts)

    cut = [t[:12] for t in texts]
    values = [likelihood(segmenter)]
    for _ in range(4):
        segmenter = segmenter.reestimate(cut, soft=True)
        values.append(likelihood(segmenter))
    assert all(b >= a - 1e-6 for a, b in pairwise(values))
    assert values[-1] > values[0] + 1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda s: Segmenter({"天": 3}), "the weight of '天' is 3.*from_counts"),
        (lambda s: Segmenter({"天": math.nan}), "the weight of '天' is nan"),
        (lambda s: Segmenter({" 天": -1}), "the lexicon has the word ' 天'"),
        (lambda s: Segmenter({"": -1}), "the lexicon has the word ''"),
        (lambda s: Segmenter({}, runs="chars"), "runs='chars' is not known"),
        (lambda s: Segmenter.from_counts({"天": -1}), "the count of '天' is -1"),
        (lambda s: s.add_words("区块链"), "one string '区块链'"),
        (lambda s: s.add_words({"区块链": 100}), "the weight of '区块链' is 100"),
        (lambda s: s.kbest("天", 0), "k=0, expected 1 or more"),
        (lambda s: s.fit_counts(["天"], rounds=0), "rounds=0"),
        (lambda s: s.fit_counts(iter(["天"]), rounds=2), "texts is an iterator"),
        (lambda s: list(s.segment_lines("天地")), "texts is one string"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(Segmenter({"天": -1.0}))


def test_files_that_are_no_lexicon_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no lexicon at"):
        Segmenter.load(tmp_path / "none.txt")
    for name, content, message in [
        ("empty.txt", "\n\n", "holds no word"),
        ("a.csv", "name,count\n天,1\n", "columns name, count, expected one named 'word'"),
        ("b.csv", "word,count\n天,many\n", "row 1: count is 'many'"),
        ("c.jsonl", "{'word'}\n", "line 1 is no JSON"),
    ]:
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            Segmenter.load(tmp_path / name)
    (tmp_path / "gb.txt").write_bytes("中国 5\n人民 4\n".encode("gb18030"))
    with pytest.warns(UserWarning, match="read as GB18030"):
        assert Segmenter.load(tmp_path / "gb.txt").words("中国人民") == ["中国", "人民"]


PLAIN = """
import sys; sys.modules["numba"] = None
from zhnlp.mining.jit import HAVE_NUMBA
from zhnlp.mining.segmenter import Segmenter, remove_redundant
assert not HAVE_NUMBA
s = Segmenter.from_counts({"深度": 5, "学习": 5, "深度学习": 9, "5G基站": 3, "好": 3})
text = "深度学习 好5G基站，GPT-4o😀"
print(s.words(text), s.kbest(text, 2), s.fit_counts([text], soft=True))
print(remove_redundant({"的": 900, "研究": 300, "的研究": 150}))
"""


def test_the_same_without_numba():
    with_numba = PLAIN.replace('import sys; sys.modules["numba"] = None', "").replace("assert not", "assert")
    run = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
        )
        for code in (PLAIN, with_numba)
    ]
    assert run[0].stdout, run[0].stderr
    assert run[0].stdout == run[1].stdout
