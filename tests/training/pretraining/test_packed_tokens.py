"""From documents to rows: token files, word starts, the mix of sources, masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.pretraining.blocks import PackedBlocks
from zhnlp.training.pretraining.masking import MaskTokens, NextTokens
from zhnlp.training.pretraining.tokens import TokenFile

TEXTS = ["深度学习 iPhone15\n好", "机器翻译很好", "学习"]


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(train_char_vocab(TEXTS, min_count=1, min_sign=1, latin_pieces=0))


@pytest.fixture
def words(tokenizer, tmp_path):
    """A file of TEXTS, every two characters a word."""
    return TokenFile.build(
        TEXTS, tokenizer, tmp_path / "words", word_starts=lambda text: np.arange(0, len(text), 2)
    )


def numbers(tokenizer, folder, first, count):
    """A token file of one document whose ids count up from ``first``."""
    characters = [tokenizer.convert_ids_to_tokens(5 + (first + n) % 8) for n in range(count)]
    return TokenFile.build(["".join(characters)], tokenizer, folder)


def test_documents_stand_between_their_tokens(tokenizer, words):
    tokens = tokenizer.convert_ids_to_tokens(words.ids.tolist())
    assert tokens[:9] == ["[CLS]", "深", "度", "学", "习", "i", "##P", "##h", "##o"]
    assert tokens[-4:] == ["[CLS]", "学", "习", "[SEP]"]
    assert (words.documents, words.characters, words.unknown) == (3, 21, 0)
    assert words.ids.dtype == np.uint16


def test_words_start_where_the_segmenter_says(tokenizer, words):
    tokens = tokenizer.convert_ids_to_tokens(words.ids.tolist())
    first = words.starts[: tokens.index("[SEP]") + 1]
    # 深|度学|习␠|iP|ho|ne|15|\n好 by twos: the blank has no token, so i starts no word of its own
    marks = [token for token, start in zip(tokens, first) if start]
    assert marks == ["[CLS]", "深", "学", "##P", "##o", "##e", "5", "好", "[SEP]"]


def test_a_half_written_folder_is_refused(words):
    (words.folder / "tokens.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no tokens\.json"):
        TokenFile(words.folder)


def test_a_cut_file_is_refused(words):
    content = (words.folder / "ids.bin").read_bytes()
    (words.folder / "ids.bin").write_bytes(content[:-2])
    with pytest.raises(ValueError, match="Next: build it again"):
        TokenFile(words.folder)


def test_an_empty_corpus_is_refused(tokenizer, tmp_path):
    with pytest.raises(ValueError, match="there is no document"):
        TokenFile.build([], tokenizer, tmp_path)


def test_a_row_is_the_same_whoever_asks_and_whenever(tokenizer, tmp_path):
    file = numbers(tokenizer, tmp_path, 0, 200)
    blocks, again = (PackedBlocks([file], length=10, size=90, seed=3) for _ in range(2))
    forward = [blocks[number]["ids"].tolist() for number in range(90)]
    assert [again[number]["ids"].tolist() for number in reversed(range(90))] == forward[::-1]
    other = PackedBlocks([file], length=10, size=90, seed=4)
    assert [other[number]["ids"].tolist() for number in range(90)] != forward


def test_an_epoch_reads_the_whole_file_once(tokenizer, tmp_path):
    file = numbers(tokenizer, tmp_path, 0, 198)  # 200 tokens with the frame
    blocks = PackedBlocks([file], length=10, size=38)
    for epoch in (range(19), range(19, 38)):  # 20 rows less the one that the shift of the cut costs
        rows = [blocks[number]["ids"] for number in epoch]
        joined = np.sort(np.concatenate(rows))
        assert len(joined) == 190
        counts = np.bincount(joined, minlength=20)
        assert counts[5:13].sum() >= 188  # all but the frame


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9))
def test_sources_are_mixed_by_weight(a, b):
    blocks = object.__new__(PackedBlocks)
    blocks.seed = 0
    blocks._period(np.array([a, b]) / (a + b))
    sources = [blocks._source(number) for number in range(2000)]
    first = [turn for source, turn in sources if source == 0]
    assert abs(len(first) / 2000 - a / (a + b)) < 1e-3
    assert first == list(range(len(first)))  # its rows are asked for one by one, none is left out


def test_the_frame_stands_around_each_row(tokenizer, words):
    blocks = PackedBlocks([words], length=8, size=3, frame=(2, 3))
    row = blocks[1]
    assert (
        len(row["ids"]) == 8 and row["ids"][0] == 2 and row["ids"][-1] == 3 and row["starts"][[0, -1]].all()
    )


def test_a_row_longer_than_the_file_is_refused(words):
    with pytest.raises(ValueError, match="expected at least a row of 100"):
        PackedBlocks([words], length=100, size=3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.15, 0.3, 0.5]), st.sampled_from([0.0, 1.0]))
def test_masks_are_exact_in_number_and_leave_special_tokens_alone(number, rate, whole):
    tokenizer = build_tokenizer(train_char_vocab(TEXTS, min_count=1, min_sign=1, latin_pieces=0))
    ids = np.array([2, *[6 + n % 20 for n in range(60)], 3])
    starts = np.arange(len(ids)) % 3 == 0
    masked, labels = MaskTokens(tokenizer, rate=rate, whole_words=whole).mask_row(ids, starts, number)
    chosen = labels != -100
    assert chosen.sum() == round(rate * 60) and not chosen[[0, -1]].any()
    assert (labels[chosen] == ids[chosen]).all() and (masked[~chosen] == ids[~chosen]).all()
    if whole:  # at most one word is cut, by the exact number of masks
        word = np.cumsum(starts)
        partly = [w for w in set(word[chosen]) if not chosen[(word == w) & (np.arange(62) % 61 != 0)].all()]
        assert len(partly) <= 1


def test_eighty_percent_become_masks_ten_stay(tokenizer):
    collate = MaskTokens(tokenizer, rate=0.5)
    fates = np.zeros(3)
    for number in range(200):
        ids = np.full(100, 8)
        masked, labels = collate.mask_row(ids, np.ones(100, bool), number)
        chosen = masked[labels != -100]
        fates += [(chosen == 4).sum(), (chosen == 8).sum(), ((chosen != 4) & (chosen != 8)).sum()]
    assert np.abs(fates / fates.sum() - [0.8, 0.1, 0.1]).max() < 0.015


def test_a_tokenizer_without_a_mask_is_refused(tokenizer):
    class Bare:
        mask_token_id = None

    with pytest.raises(ValueError, match="no mask token"):
        MaskTokens(Bare())


def test_next_tokens_are_their_own_labels():
    batch = NextTokens()([{"ids": np.array([3, 4])}, {"ids": np.array([5, 6])}])
    assert batch["input_ids"].tolist() == batch["labels"].tolist() == [[3, 4], [5, 6]]
