"""pipeline("word-segmentation"): every kind of lexicon, offsets, user words, evaluation.

Run: pytest tests/tasks/test_segmentation.py
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp import pipeline
from zhnlp.mining.segmenter import Segmenter

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "corpora/power_grid").glob("0*.txt"))
TEXT = "220kV变电站的断路器和变压器，故障！"


@pytest.fixture(scope="module")
def table():
    return pipeline("new-words", min_count=3)(FILES)


def cut(pipe, text):
    return [word["word"] for word in pipe(text)]


def test_by_hand():
    pipe = pipeline("word-segmentation", lexicon={"研究": 2, "研究生": 1, "生命": 2, "命": 1})
    assert pipe("研究 生命") == [
        {"word": "研究", "start": 0, "end": 2},
        {"word": "生命", "start": 3, "end": 5},
    ]
    assert cut(pipe, "研究生命") == ["研究", "生命"]


def test_every_kind_of_lexicon_cuts_alike(table, tmp_path):
    wanted = cut(pipeline("word-segmentation", lexicon=table), TEXT)
    assert {"220kV", "断路器", "变压器", "故障"} <= set(wanted)
    counts = {row["word"]: row["segments"] or row["count"] for row in table}
    for lexicon in (counts, Segmenter.from_counts(counts), list(table), [dict(row) for row in table]):
        assert cut(pipeline("word-segmentation", lexicon=lexicon), TEXT) == wanted
    for suffix in ("csv", "tsv", "jsonl", "parquet", "dict", "txt"):
        path = table.save(tmp_path / f"words.{suffix}")
        for named in (path, str(path)):
            assert cut(pipeline("word-segmentation", lexicon=named), TEXT) == wanted, suffix
    for format in ("jieba", "hanlp", "ik", "list", "tokenizer"):
        table.save(tmp_path / format, format)
        assert cut(pipeline("word-segmentation", lexicon=tmp_path / format), TEXT) == wanted, format
    assert cut(pipeline("word-segmentation", lexicon=table.words), TEXT) == wanted


def test_a_saved_tokenizer_cuts_like_its_table(table, tmp_path):
    """The weights come back too, not only the words."""
    table.save(tmp_path / "tokenizer", "tokenizer")
    loaded = Segmenter.load(tmp_path / "tokenizer")
    assert set(table.words) <= set(loaded.weights) and "[PAD]" not in loaded.weights
    direct = Segmenter.from_counts({row["word"]: row["count"] for row in table})
    assert all(loaded.weights[word] == pytest.approx(direct.weights[word], abs=1e-6) for word in table.words)


def test_without_a_lexicon_jieba_s_dictionary_is_taken():
    assert cut(pipeline("word-segmentation"), "我们在北京大学学习") == ["我们", "在", "北京大学", "学习"]


@settings(max_examples=100, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("变压器断路故障的 \n\t\u3000，。aZ9+-.@\U00020000\u0301\u200b😀Ａ"),
        max_size=40,
    )
)
def test_offsets_cut_the_source_and_lose_only_blanks(text):
    words = pipeline("word-segmentation", lexicon=["变压器", "断路器", "故障"])(text)
    assert all(text[word["start"] : word["end"]] == word["word"] != "" for word in words)
    ends = [0, *(word["end"] for word in words)]
    starts = [*(word["start"] for word in words), len(text)]
    assert all(not text[end:start].strip() for end, start in zip(ends, starts))


def test_user_words_win_over_their_parts():
    lexicon = {"区块": 50, "链": 50, "技术": 100}
    for user in (["区块链"], {"区块链": None}, {"区块链": -0.1}):
        assert cut(pipeline("word-segmentation", lexicon=lexicon, user_words=user), "区块链技术") == [
            "区块链",
            "技术",
        ]


def test_a_user_word_with_a_blank_wins_too():
    """The blank costs nothing where the parts stand alone, so it must not count against them here."""
    pipe = pipeline(
        "word-segmentation", lexicon={"Smart": 50, "Grid": 50, "rare": 1}, user_words=["Smart Grid"]
    )
    assert cut(pipe, "Smart Grid") == ["Smart Grid"]


def test_evaluate_by_hand():
    pipe = pipeline("word-segmentation", lexicon=["变压器", "检修"])
    scores = pipe.evaluate(["变压器 检 修", ["检修"]], train_words=["变压器"])
    assert (scores["true_words"], scores["test_words"], scores["matched_words"]) == (4, 3, 2)
    assert scores["f1"] == pytest.approx(4 / 7) and scores["oov_recall"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("lexicon", "said"),
    [
        ("no-such-file.txt", "no lexicon at"),
        ({"电网": -1}, "finite number of 0 or more"),
        ({"电网": float("nan")}, "finite number of 0 or more"),
        ([""], "has the word ''"),
        ([" 电网"], "neither"),
        ([{"count": 3}], "row 0 has the keys count"),
    ],
)
def test_refusals(lexicon, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        pipeline("word-segmentation", lexicon=lexicon)


@pytest.mark.parametrize("lexicon", [[], {}, ()])
def test_an_empty_lexicon_is_refused(lexicon):
    with pytest.raises(ValueError, match="no word"):
        pipeline("word-segmentation", lexicon=lexicon)


@pytest.mark.parametrize("lexicon", [[1, 2], 3, [None], [b"x"], b"x"])
def test_a_lexicon_that_is_none_is_refused(lexicon):
    with pytest.raises(TypeError, match="lexicon"):
        pipeline("word-segmentation", lexicon=lexicon)
