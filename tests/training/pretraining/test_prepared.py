"""Vocabulary and tokens on disk: made once, and never of another corpus than asked for.

Run: pytest tests/training/pretraining/test_prepared.py
"""

import numpy as np
import pytest

from zhnlp.mining.segmenter import Segmenter
from zhnlp.text import Corpus, held_out
from zhnlp.tokenizers.words import MinedWords
from zhnlp.training.pretraining.prepared import prepare
from zhnlp.training.pretraining.start import vocabulary_of

MANY = {"min_count": 1, "min_sign": 1, "latin_pieces": 0}
POEM = [f"第{n}首，春眠不觉晓，处处闻啼鸟" for n in range(40)]
SPARED = [text for text in POEM if not held_out(text, 0.2)]


def made(folder, sources=None, **options):
    sources = {"poem": Corpus.from_texts(POEM)} if sources is None else sources
    return prepare(sources, folder, **{"held_out_share": 0.2, "vocabulary": MANY, **options})


def test_each_document_is_trained_on_or_held_out(tmp_path):
    data = made(tmp_path)
    assert data.train["poem"].documents == len(SPARED) and 0 < len(SPARED) < 40
    assert data.held["poem"].documents == 40 - len(SPARED)
    assert "春" in data.vocab and data.vocab[5] == "\n"


def test_it_is_made_once(tmp_path):
    said = []
    first = made(tmp_path, say=said.append)
    assert len(said) == 3 and said[0].startswith("vocabulary")
    again = made(tmp_path, say=said.append)
    assert len(said) == 3
    assert again.vocab == first.vocab and (again.train["poem"].ids == first.train["poem"].ids).all()


def test_a_source_of_which_nothing_is_kept_out_is_trained_on_all_the_same(tmp_path):
    said = []
    sources = {"poem": Corpus.from_texts(POEM), "line": Corpus.from_texts(SPARED[:1])}
    data = made(tmp_path, sources, say=said.append)
    assert list(data.train) == ["poem", "line"] and list(data.held) == ["poem"]
    assert "line: no document is kept out, so it is not scored" in said


def test_a_source_with_nothing_to_train_on_is_refused(tmp_path):
    out = next(text for text in POEM if held_out(text, 0.2))
    with pytest.raises(ValueError, match=r"\(out\) has no document to train on"):
        made(tmp_path, {"poem": Corpus.from_texts(POEM), "out": Corpus.from_texts([out])})
    with pytest.raises(ValueError, match="can be read only once"):
        made(tmp_path, {"poem": Corpus.from_texts(iter(POEM))})


def test_another_corpus_is_refused(tmp_path):
    """In memory by its text, on disk by path, size and time."""
    made(tmp_path / "memory")
    with pytest.raises(ValueError, match=r"other text or options \(fingerprint\)"):
        made(tmp_path / "memory", {"poem": Corpus.from_texts(POEM[:-1])})
    (tmp_path / "poem.txt").write_text("\n".join(POEM), "utf-8")
    made(tmp_path / "disk", {"poem": Corpus.from_paths(tmp_path / "poem.txt")})
    (tmp_path / "poem.txt").write_text("\n".join(POEM[:-1]), "utf-8")
    with pytest.raises(ValueError, match=r"other text or options \(fingerprint\)"):
        made(tmp_path / "disk", {"poem": Corpus.from_paths(tmp_path / "poem.txt")})
    with pytest.raises(ValueError, match=r"\(min_sign\)"):
        made(tmp_path / "memory", vocabulary={**MANY, "min_sign": 2})


def test_other_words_are_refused(tmp_path):
    """By what they do to the text, and by the file they came from."""

    def words(*lexicon):
        return MinedWords(Segmenter.from_counts(dict.fromkeys(lexicon, 1)))

    made(tmp_path / "a", word_starts=words("春眠", "啼鸟"))
    made(tmp_path / "a", word_starts=words("春眠", "啼鸟"))
    for other in (words("春眠"), None):
        with pytest.raises(ValueError, match=r"\(words\)"):
            made(tmp_path / "a", word_starts=other)
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("春眠\n", "utf-8")
    made(tmp_path / "b", word_starts=words("春眠"), lexicon=lexicon)
    lexicon.write_text("春眠\n变压器\n", "utf-8")  # no such word in the text
    with pytest.raises(ValueError, match=r"\(words\)"):
        made(tmp_path / "b", word_starts=words("春眠"), lexicon=lexicon)


def test_a_word_tokenizer_and_a_function_mark_the_same_words(tmp_path):
    segmenter = Segmenter.from_counts({"春眠": 3, "不觉": 2, "啼鸟": 1})
    one = made(tmp_path / "one", word_starts=MinedWords(segmenter)).train["poem"]
    two = made(tmp_path / "two", word_starts=lambda text: segmenter.spans(text)[0]).train["poem"]
    assert (one.starts == two.starts).all() and 0 < (~np.asarray(one.starts)).sum() < len(one)
    with pytest.raises(TypeError, match="word_starts got list: expected a WordTokenizer"):
        made(tmp_path / "three", word_starts=["春眠"])


def test_a_folder_without_facts_is_taken_as_it_is_and_checked_from_then_on(tmp_path):
    first = made(tmp_path)
    (tmp_path / "corpus.json").unlink()
    said = []
    other = {"poem": Corpus.from_texts(POEM[:-1])}
    again = made(tmp_path, other, say=said.append)
    assert len(said) == 1 and "does not say what it was made of" in said[0]
    assert (again.train["poem"].ids == first.train["poem"].ids).all()
    with pytest.raises(ValueError, match=r"\(fingerprint\)"):
        made(tmp_path)


def test_every_entry_of_a_vocabulary_comes_back(tmp_path):
    odd = Corpus.from_texts([text + "\r\u2028\n" for text in POEM])
    data = made(tmp_path, {"odd": odd})
    again = made(tmp_path, {"odd": odd})
    assert again.vocab == data.vocab and data.vocab.count("\n") == 1
    from zhnlp.tokenizers.chinese import train_char_vocab

    assert data.vocab == train_char_vocab((text for text in odd if not held_out(text, 0.2)), **MANY)


def test_the_vocabulary_of_a_model_is_taken_in_place_of_one_that_is_learned(tmp_path):
    said, entries = [], vocabulary_of("zhnlp-mlm-small")
    data = made(tmp_path, vocab=entries, say=said.append)
    assert data.vocab == entries and not any(line.startswith("vocabulary") for line in said)
    with pytest.raises(ValueError, match=r"other text or options \(vocab\)"):
        made(tmp_path, vocab=entries[:100])
