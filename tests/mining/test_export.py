"""Exported lexicons are read back by the tools they are for."""

import json
import logging
import warnings
from pathlib import Path

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.export import (
    export,
    save_tokenizer,
    to_tokenizer,
    write_hanlp,
    write_ik,
    write_jieba,
    write_list,
)
from zhnlp.mining.segmenter import Segmenter
from zhnlp.tokenizers.wrapping import wrap

jieba.setLogLevel(logging.WARNING)
ROWS = [
    {"word": "量子纠缠态", "count": 12, "score": 3.5},
    {"word": "5G基站", "count": 7, "score": 2.0},
    {"word": "的", "count": 90, "score": 1.0},
    {"word": "研究", "count": 40, "score": 1.0},
]


def fresh_jieba():
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    return tokenizer


@pytest.mark.parametrize("frequency", [True, False])
def test_jieba_loads_the_user_dictionary_and_cuts_the_word_whole(tmp_path, frequency):
    text = "他研究量子纠缠态的问题"
    tokenizer = fresh_jieba()
    assert "量子纠缠态" not in tokenizer.lcut(text)
    path = tmp_path / "new" / "folder" / "words.dict"
    assert write_jieba(ROWS, path, tag="n", frequency=frequency) == 4
    tokenizer.load_userdict(str(path))
    assert "量子纠缠态" in tokenizer.lcut(text)


def test_jieba_main_dictionary_reads_back_the_counts(tmp_path):
    path = tmp_path / "main.dict"
    write_jieba(ROWS, path)
    tokenizer = jieba.Tokenizer(str(path))
    tokenizer.initialize()
    assert {row["word"]: tokenizer.FREQ[row["word"]] for row in ROWS} == {r["word"]: r["count"] for r in ROWS}


def test_word_with_a_blank_is_skipped_counted_and_said(tmp_path):
    rows = [{"word": "machine learning", "count": 3}, {"word": "学习", "count": 2}]
    with pytest.warns(UserWarning, match=r"1 words were left out.*'machine learning'"):
        assert write_jieba(rows, tmp_path / "a") == 1
    assert (tmp_path / "a").read_text(encoding="utf-8") == "学习 2\n"
    assert write_list(rows, tmp_path / "b") == 2


def test_hanlp_ik_and_list_lines(tmp_path):
    write_hanlp(ROWS[:2], tmp_path / "hanlp.txt", nature="nt")
    assert (tmp_path / "hanlp.txt").read_text(encoding="utf-8") == "量子纠缠态 nt 12\n5G基站 nt 7\n"
    for writer in (write_ik, write_list):
        writer(ROWS[:2], tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == "量子纠缠态\n5G基站\n".encode()


@pytest.mark.parametrize("name", ["jieba", "hanlp", "list"])
def test_segmenter_loads_what_was_exported(tmp_path, name):
    export(ROWS, tmp_path / "words.txt", name)
    segmenter = Segmenter.load(tmp_path / "words.txt")
    assert segmenter.words("研究量子纠缠态的5G基站") == ["研究", "量子纠缠态", "的", "5G基站"]
    if name != "list":
        assert segmenter.weights == Segmenter.from_counts({r["word"]: r["count"] for r in ROWS}).weights


@pytest.mark.parametrize("name", ["jieba", "hanlp", "ik", "list", "tokenizer"])
def test_an_empty_lexicon_warns_and_is_written(tmp_path, name):
    with pytest.warns(UserWarning, match="no word to write"):
        export([], tmp_path / "out", name)
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "row, message",
    [
        ({"word": "学习"}, "count of '学习' is None"),
        ({"word": "学习", "count": float("nan")}, "count of '学习' is nan"),
        ({"token": "学习", "count": 1}, "word is None"),
        ("学习", "expected a mapping"),
    ],
)
def test_bad_rows_are_refused_and_the_old_file_stays(tmp_path, row, message):
    path = tmp_path / "words.dict"
    write_jieba(ROWS, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        write_jieba([ROWS[0], row], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["words.dict"]


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "words.txt"
    write_list(ROWS, path)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_list(ROWS[:1], path)
    assert [p.name for p in tmp_path.iterdir()] == ["words.txt"]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4


def test_unknown_format_tag_and_nature_are_refused(tmp_path):
    with pytest.raises(ValueError, match="format='xml' is not known: expected one of 'jieba'"):
        export(ROWS, tmp_path / "x", "xml")
    with pytest.raises(ValueError, match="tag='N 1'"):
        write_jieba(ROWS, tmp_path / "x", tag="N 1")
    with pytest.raises(ValueError, match="nature=''"):
        write_hanlp(ROWS, tmp_path / "x", nature="")


def test_auto_tokenizer_loads_the_folder_and_offsets_cut_the_source(tmp_path):
    from transformers import AutoTokenizer

    save_tokenizer(ROWS, tmp_path / "tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    assert tokenizer.is_fast
    assert (tokenizer.unk_token, tokenizer.pad_token, tokenizer.mask_token) == ("[UNK]", "[PAD]", "[MASK]")
    text = "研究 量子纠缠态的😀5G基站"
    encoded = tokenizer(text, return_offsets_mapping=True)
    pieces = [text[a:b] for a, b in encoded["offset_mapping"]]
    assert pieces == ["研究", "量子纠缠态", "的", "😀", "5G基站"]
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert tokens == ["研究", "量子纠缠态", "的", "[UNK]", "5G基站"]
    assert tokenizer.decode(tokenizer("研究量子纠缠态的5G基站")["input_ids"]) == "研究量子纠缠态的5G基站"
    assert tokenizer(["研究", "的研究"], padding=True)["attention_mask"] == [[1, 0], [1, 1]]
    config = json.loads((tmp_path / "tokenizer" / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["unk_token"] == "[UNK]"


def test_wrapped_tokenizer_agrees_with_the_bare_one():
    text = "的研究量子纠缠态"
    assert wrap(to_tokenizer(ROWS))(text)["input_ids"] == to_tokenizer(ROWS).encode(text).ids


def test_byte_fallback_brings_unknown_characters_back():
    tokenizer = to_tokenizer(ROWS, byte_fallback=True)
    assert tokenizer.decode(tokenizer.encode("研究龘😀的").ids) == "研究龘😀的"
    assert "[UNK]" not in tokenizer.encode("研究龘😀的").tokens


words = st.text("天地人和", min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(words, st.integers(1, 10**6), min_size=1, max_size=12), st.text("天地人和", max_size=12)
)
def test_unigram_and_segmenter_agree_where_the_lexicon_covers_the_text(counts, text):
    rows = [{"word": word, "count": count} for word, count in counts.items()]
    covered = "".join(c for c in text if any(c in word for word in counts))
    segmenter = Segmenter.from_counts(counts)
    encoding = to_tokenizer(rows).encode(covered)
    pieces = [covered[a:b] for a, b in encoding.offsets]
    assert "".join(pieces) == covered
    assert segmenter.score(pieces) == pytest.approx(segmenter.score(segmenter.words(covered)), abs=1e-5)
    best = segmenter.kbest(covered, 2)
    if len(best) < 2 or best[0][0] - best[1][0] > 1e-5:  # no tie
        assert pieces == segmenter.words(covered)


def test_no_warning_for_a_good_lexicon(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export(ROWS, tmp_path / "t", "tokenizer")
        export(ROWS, tmp_path / "j", "jieba")
