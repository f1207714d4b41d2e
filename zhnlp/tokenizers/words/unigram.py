"""Words of a Unigram language model of the tokenizers library: learned from a corpus, or loaded.

Source: Kudo 2018, https://arxiv.org/abs/1804.10959; 苏剑林, https://kexue.fm/archives/3956
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zhnlp.text.characters import replace_surrogates
from zhnlp.tokenizers.words.base import Span, WordTokenizer

_UNKNOWN = "[UNK]"
_METASPACE = "▁"
_PARTS = re.compile(r"[A-Za-z0-9]+|\S")
_LATIN = re.compile("[A-Za-z0-9]")


class UnigramWords(WordTokenizer):
    """Words by the most probable path through a Unigram model.

    A run of Latin letters and digits is one word, and so is each other character that the model lacks.

    Args:
        tokenizer: a ``tokenizers.Tokenizer`` with a Unigram model.

    Raises:
        ValueError: the model is of another kind.

    Example:
        >>> from tokenizers import Tokenizer, models
        >>> model = models.Unigram([("[UNK]", 0.0), ("研究", -2.0), ("研究生", -3.0), ("生命", -2.0), ("命", -5.0)], unk_id=0)
        >>> UnigramWords(Tokenizer(model)).words("研究生命 ok好")
        ['研究', '生命', 'ok', '好']
    """

    def __init__(self, tokenizer: Any):
        kind = type(getattr(tokenizer, "model", tokenizer)).__name__
        if kind != "Unigram":
            raise ValueError(f"the model is {kind}: expected Unigram. Next: UnigramWords.train(corpus)")
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._vocabulary = tokenizer.get_vocab()

    @classmethod
    def train(
        cls, corpus: Iterable[str], *, size: int = 8000, longest: int = 8, progress: bool = False
    ) -> UnigramWords:
        """Learn ``size`` words of at most ``longest`` characters from a corpus, which is read once.

        Chinese is cut at signs and blanks first, so no word goes over one; a run of letters or digits is a word.

        Raises:
            ValueError: the corpus holds no text, or ``size`` is below the number of its characters.
        """
        from tokenizers import Regex, Tokenizer
        from tokenizers.models import Unigram
        from tokenizers.pre_tokenizers import Sequence, Split
        from tokenizers.trainers import UnigramTrainer

        tokenizer = Tokenizer(Unigram())
        tokenizer.pre_tokenizer = Sequence(
            [
                Split(Regex(r"\s+"), "removed"),
                Split(Regex(r"\p{Han}+|[A-Za-z0-9]+|[^\p{Han}A-Za-z0-9]"), "isolated"),
            ]
        )
        trainer = UnigramTrainer(
            vocab_size=size,
            unk_token=_UNKNOWN,
            special_tokens=[_UNKNOWN],
            max_piece_length=longest,
            show_progress=progress,
        )
        seen = _Counted(corpus)
        try:
            tokenizer.train_from_iterator(seen, trainer)
        except Exception as error:  # the library raises bare Exceptions from Rust
            if not seen.characters:
                raise ValueError("the corpus holds no text: expected documents") from error
            raise ValueError(
                f"no Unigram model of {size} words could be learned ({error}): expected more text"
            ) from error
        if not seen.characters:
            raise ValueError("the corpus holds no text: expected documents")
        return cls(tokenizer)

    @classmethod
    def load(cls, path: str | Path) -> UnigramWords:
        """Load a tokenizer.json, or a folder that holds one (``table.save(folder, "tokenizer")`` writes such).

        Raises:
            FileNotFoundError: no such file.
            ValueError: it is no tokenizer, or no Unigram model.
        """
        from tokenizers import Tokenizer

        file = Path(path)
        file = file / "tokenizer.json" if file.is_dir() else file
        if not file.is_file():
            raise FileNotFoundError(f"no tokenizer {file}: expected a tokenizer.json or a folder with one")
        try:
            return cls(Tokenizer.from_str(file.read_text("utf-8")))
        except ValueError:
            raise
        except Exception as error:  # the library raises bare Exceptions from Rust
            raise ValueError(f"{file} is no tokenizer ({error}): expected a tokenizer.json") from None

    def save(self, path: str | Path) -> Path:
        """Write a tokenizer.json that `load` and transformers read."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(file))
        return file

    def cut(self, text: str) -> Iterator[Span]:
        begun = ended = 0
        for start, end in self._pieces(text):
            if start == ended and _inside_run(text, start):
                ended = end
                continue
            yield begun, ended
            begun, ended = start, end
        yield begun, ended

    def _pieces(self, text: str) -> Iterator[Span]:
        encoding = self.tokenizer.encode(replace_surrogates(text), add_special_tokens=False)
        unknown = self._vocabulary.get(_UNKNOWN, self._vocabulary.get("<unk>"))
        blank = self._vocabulary.get(_METASPACE)  # alone it overlaps the word behind it
        for number, (start, end) in zip(encoding.ids, encoding.offsets):
            if number == blank:
                continue
            if number != unknown:
                yield start, end
            else:  # several unknown characters in a row are one piece to the library
                yield from (match.span() for match in _PARTS.finditer(text, start, end))


def _inside_run(text: str, place: int) -> bool:
    """Whether the letters or digits of one run stand on both sides of ``place``."""
    return 0 < place < len(text) and all(_LATIN.fullmatch(text[at]) for at in (place - 1, place))


class _Counted:
    """An iterator of texts that counts what passes."""

    def __init__(self, corpus: Iterable[str]):
        self.corpus = corpus
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        for text in self.corpus:
            self.characters += len(text)
            yield replace_surrogates(text)
