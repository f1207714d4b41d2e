"""A corpus as one array of token ids on disk, cut once and read by any number of trainings.

Gigabytes of text pass through in a stream: documents are tokenized in batches, their ids appended to a file, and
a bit for each token says whether a word begins there (for whole-word masking). Training maps the files into memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.text.files import write_whole
from zhnlp.tokenizers.untruncated import encode_whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from zhnlp.tokenizers.words import WordTokenizer


WordStarts = Callable[[str], np.ndarray]


class TokenFile:
    """Token ids of a corpus, documents joined as ``[CLS] … [SEP]`` when the tokenizer has these.

    Attributes:
        ids: (T,) uint16 or uint32, read from disk as needed.
        starts: (T,) bool, where a word begins; None when it was built without words.
        documents: how many documents are in it.
        characters: how many characters, white space left out, they have.
        unknown: how many tokens are [UNK].
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        try:
            facts = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{folder} holds no tokens.json: expected a folder written by TokenFile.build. It may be half written; "
                "next: delete it and build again"
            ) from error
        self.folder = folder
        self.ids = np.memmap(folder / "ids.bin", dtype=facts["dtype"], mode="r")
        if len(self.ids) != facts["tokens"]:
            raise ValueError(
                f"{folder} has {len(self.ids):,} ids: expected {facts['tokens']:,}. Next: build it again"
            )
        self.starts = np.memmap(folder / "starts.bin", dtype=bool, mode="r") if facts["words"] else None
        self.documents, self.characters, self.unknown = (
            facts["documents"],
            facts["characters"],
            facts["unknown"],
        )

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls,
        documents: Iterable[str],
        tokenizer: PreTrainedTokenizerFast,
        folder: str | Path,
        *,
        word_starts: WordStarts | WordTokenizer | None = None,
    ) -> TokenFile:
        """Tokenize documents into ``folder``; what stands there is replaced.

        Args:
            documents: read once, in their order.
            tokenizer: a fast tokenizer.
            word_starts: a `WordTokenizer` (jieba, a mined lexicon, Unigram), or a function from a text to the offsets at
                which its words start (`Segmenter.spans` is the fastest); None for no words.

        Raises:
            ValueError: there is no document, or the tokenizer is not a fast one.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
            >>> tokenizer = build_tokenizer(train_char_vocab(["深度学习"], min_count=1, latin_pieces=0))
            >>> with TemporaryDirectory() as folder:
            ...     tokens = TokenFile.build(["深度学习", "学习"], tokenizer, folder)
            ...     tokens.documents, tokenizer.convert_ids_to_tokens(tokens.ids[:7].tolist())
            (2, ['[CLS]', '深', '度', '学', '习', '[SEP]', '[CLS]'])
        """
        if not getattr(tokenizer, "is_fast", False):
            raise ValueError(f"{type(tokenizer).__name__} is not a fast tokenizer: expected one with offsets")
        starts_of = None if word_starts is None else starts_function(word_starts)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokens.json").unlink(missing_ok=True)  # it is written last: without it nothing here counts
        dtype = "uint16" if len(tokenizer) <= 2**16 else "uint32"
        frame = [tokenizer.cls_token_id, tokenizer.sep_token_id]
        if None in frame:
            frame = [tokenizer.bos_token_id, tokenizer.eos_token_id]
        first, last = ([] if token is None else [token] for token in frame)
        facts = {"dtype": dtype, "tokens": 0, "words": starts_of is not None}
        facts |= {"documents": 0, "characters": 0, "unknown": 0}
        with (folder / "ids.bin").open("wb") as to_ids, (folder / "starts.bin").open("wb") as to_starts:
            for text, encoding in encode_whole(tokenizer, documents, offsets=starts_of is not None):
                ids = np.array([*first, *encoding.ids, *last], dtype)
                ids.tofile(to_ids)
                if starts_of is not None:
                    _starts(text, encoding, starts_of, len(first), len(last)).tofile(to_starts)
                facts["tokens"] += len(ids)
                facts["documents"] += 1
                facts["characters"] += len("".join(text.split()))
                facts["unknown"] += int((ids == tokenizer.unk_token_id).sum())
        if not facts["documents"]:
            raise ValueError(
                "there is no document: expected text. Next: look at the corpus' report for what was skipped"
            )
        if starts_of is None:
            (folder / "starts.bin").unlink(missing_ok=True)
        write_whole(folder / "tokens.json", json.dumps(facts, indent=1))
        return cls(folder)


def starts_function(words: WordStarts | WordTokenizer) -> WordStarts:
    """From a text to the offsets at which its words start, whatever finds the words.

    Raises:
        TypeError: ``words`` is neither a function nor has ``spans``.

    Example:
        >>> from zhnlp.mining.segmenter import Segmenter
        >>> from zhnlp.tokenizers.words import MinedWords
        >>> starts_function(MinedWords(Segmenter.from_counts({"变压器": 9, "检修": 5})))("变压器检修").tolist()
        [0, 3]
    """
    if callable(words):
        return words
    if not callable(getattr(words, "spans", None)):
        raise TypeError(
            f"word_starts got {type(words).__name__}: expected a WordTokenizer of zhnlp.tokenizers.words, or a function "
            "from a text to offsets"
        )
    return lambda text: np.fromiter((start for start, _ in words.spans(text)), np.int64)


def _starts(text: str, encoding, word_starts: WordStarts, before: int, behind: int) -> np.ndarray:
    """Which tokens begin a word, (T,): frame tokens do, and those whose first character does."""
    begins = np.zeros(len(text) + 1, bool)
    begins[word_starts(text)] = True
    at = np.fromiter((offset[0] for offset in encoding.offsets), np.int64, len(encoding.ids))
    return np.concatenate((np.ones(before, bool), begins[at], np.ones(behind, bool)))
