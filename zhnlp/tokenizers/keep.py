"""Which pieces of a vocabulary stay: those that occur in a corpus, or those that a rule lets stay.

Source: 苏剑林, https://kexue.fm/archives/6933 (keep_tokens); bojone/bert4keras, ``load_vocab(simplified=True)``
"""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.tokenizers.untruncated import encode_whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

RULES = ("keep_tokens",)
FIRST = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")  # the order of the post

# What BERT's code takes for a Chinese character; 〇 and kana are none.
_CHINESE = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


def can_occur(piece: str) -> bool:
    """The rule of the post: a piece longer than a character that holds Chinese or a sign can never come out of BERT.

    ``##`` is taken off first.  BERT sets blanks around Chinese characters and signs before it cuts pieces, so what
    holds one is that character alone.

    Example:
        >>> [can_occur(piece) for piece in ("我", "##我", "##ing", "我们", "...", "…", "[unused1]")]
        [True, False, True, False, False, True, False]
    """
    if len(piece) <= 1:
        return True
    return not any(_is_chinese(character) or _is_sign(character) for character in piece.removeprefix("##"))


def cuts_characters(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether Chinese characters and signs are cut off before pieces are looked up, as BERT does."""
    backend = tokenizer.backend_tokenizer
    text = "的一，。..ab"
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    if backend.pre_tokenizer is None:
        return False
    return [part for part, _ in backend.pre_tokenizer.pre_tokenize_str(text)] == [*"的一，。..", "ab"]


def keep_ids(
    tokenizer: PreTrainedTokenizerFast,
    what: str | Callable[[str], bool] | Sequence[int] | Iterable[str] | Path,
    *,
    min_count: int = 1,
    special_tokens: Sequence[str] | None = None,
) -> list[int]:
    """The ids that stay, in their new order: special tokens first, then the others by their old id.

    Args:
        tokenizer: WordPiece, Unigram or BPE.
        what: the rule "keep_tokens" (WordPiece only; the post's: [PAD], [UNK], [CLS], [SEP], then what `can_occur`);
            a function of a piece; ids; or a corpus: texts, a `Corpus`, a `Path`.
        min_count: occurrences in the corpus below which a piece goes.
        special_tokens: these stay, in this order.  None: all that the tokenizer has; for "keep_tokens" the four of
            the post, so that Google's 21,128 become 13,584, without [MASK].

    BPE also keeps what its pieces are merged from, and all single bytes; a byte-fallback vocabulary keeps its bytes.

    Raises:
        ValueError: an unknown rule, a rule that does not suit the algorithm, a special token or id that is not in the
            vocabulary, an empty corpus, or nothing but special tokens would stay.

    Example:
        >>> from transformers import BertTokenizer
        >>> pieces = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "我", "们", "##我", "a", "##b"]
        >>> tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)})
        >>> [pieces[i] for i in keep_ids(tokenizer, "keep_tokens")]
        ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '我', '们', 'a', '##b']
        >>> [pieces[i] for i in keep_ids(tokenizer, ["我是我", "们"], min_count=2)]
        ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '我']
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    model = state["model"]
    kind = model.get("type", "WordPiece")
    if kind not in ("WordPiece", "Unigram", "BPE"):
        raise ValueError(f"cannot prune a {kind} tokenizer: expected WordPiece, Unigram or BPE")
    vocabulary = tokenizer.get_vocab()
    if special_tokens is None and what != "keep_tokens":
        special_tokens = _all_special(tokenizer, state)
    elif special_tokens is None:
        special_tokens = [token for token in FIRST if token in vocabulary]
    absent = [token for token in special_tokens if token not in vocabulary]
    if absent:
        raise ValueError(f"special_tokens has {', '.join(absent)}: expected tokens of the vocabulary")
    first = list(dict.fromkeys(vocabulary[token] for token in special_tokens))
    chosen = _chosen(tokenizer, what, kind, vocabulary, min_count)
    if not chosen - set(first):
        raise ValueError(
            f"no piece but the {len(first)} special tokens would stay: expected more. Next: lower min_count={min_count}, "
            "or look at whether the corpus is of this tokenizer's language"
        )
    chosen |= _needed(model, kind, chosen, vocabulary)
    base = _size(model)
    kept = first + sorted(chosen - set(first))
    # Tokens that were added beside the model stand behind it: the tokenizers library numbers them so.
    return [number for number in kept if number < base] + [number for number in kept if number >= base]


def count_pieces(tokenizer: PreTrainedTokenizerFast, corpus: Iterable[str]) -> np.ndarray:
    """How often each piece occurs in a corpus: (V,) int64, without special tokens.

    Raises:
        ValueError: the corpus holds no text.
    """
    counts = np.zeros(max(tokenizer.get_vocab().values()) + 1, np.int64)
    read = False
    for _, encoding in encode_whole(tokenizer, corpus):
        ids, times = np.unique(np.asarray(encoding.ids, np.int64), return_counts=True)
        counts[ids] += times
        read = True
    if not read:
        raise ValueError("the corpus holds no text: expected documents. Next: look at its report or path")
    return counts


def _chosen(tokenizer: Any, what: Any, kind: str, vocabulary: dict[str, int], min_count: int) -> set[int]:
    if isinstance(what, str):
        if what not in RULES:
            raise ValueError(
                f"no rule {what!r}: expected {', '.join(RULES)}, a function of a piece, ids, or a corpus "
                "(a list of texts; a pathlib.Path for a file)"
            )
        if kind != "WordPiece":
            raise ValueError(
                f"the rule {what} is of BERT's WordPiece, the tokenizer is {kind}: expected a corpus, ids or a function"
            )
        if not cuts_characters(tokenizer):
            raise ValueError(
                f"the rule {what} drops pieces of several Chinese characters or signs, and this tokenizer gives such: expected "
                "one that cuts each off. Next: prune by a corpus"
            )
        return {number for piece, number in vocabulary.items() if can_occur(piece)}
    if callable(what):
        return {number for piece, number in vocabulary.items() if what(piece)}
    if isinstance(what, Sequence) and what and all(isinstance(number, int) for number in what):
        wrong = sorted(set(what) - set(vocabulary.values()))
        if wrong:
            raise ValueError(f"ids {wrong[:5]} are not in the vocabulary of {len(vocabulary):,}")
        return set(what)
    if isinstance(what, Path):
        from zhnlp.text import Corpus

        what = Corpus.from_paths([what])
    counts = count_pieces(tokenizer, what)
    chosen = set(np.flatnonzero(counts >= max(1, min_count)).tolist())
    if (total := int(counts.sum())) > 0:
        share = counts[sorted(chosen)].sum() / total
        logger.info(
            "%s of %s pieces stay: %.3f %% of the corpus", f"{len(chosen):,}", f"{len(counts):,}", 100 * share
        )
    return chosen


def _needed(model: dict[str, Any], kind: str, chosen: set[int], vocabulary: dict[str, int]) -> set[int]:
    """What the chosen pieces cannot do without: [UNK], bytes, and whatever BPE merges them from."""
    needed = set()
    if kind == "Unigram":
        needed = set() if model.get("unk_id") is None else {model["unk_id"]}
    elif (unknown := model.get("unk_token")) in vocabulary:
        needed = {vocabulary[unknown]}
    if model.get("byte_fallback"):
        needed |= {vocabulary[f"<0x{byte:02X}>"] for byte in range(256) if f"<0x{byte:02X}>" in vocabulary}
    if kind != "BPE":
        return needed
    parts: dict[str, list[str]] = {}
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        parts.setdefault(left + right, []).extend((left, right))
    pieces = {number: piece for piece, number in vocabulary.items()}
    needed |= {number for piece, number in vocabulary.items() if len(piece) == 1}
    waiting = [pieces[number] for number in chosen]
    while waiting:
        for part in parts.get(waiting.pop(), ()):
            if (number := vocabulary[part]) not in needed and number not in chosen:
                needed.add(number)
                waiting.append(part)
    return needed


def _all_special(tokenizer: Any, state: dict[str, Any]) -> list[str]:
    """Every token with a role or added by hand: the four of the post first, then by id."""
    vocabulary = tokenizer.get_vocab()
    tokens = {*tokenizer.all_special_tokens, *(token["content"] for token in state["added_tokens"])}
    order = {token: place for place, token in enumerate(FIRST)}
    return sorted(
        tokens & set(vocabulary), key=lambda token: (order.get(token, len(FIRST)), vocabulary[token])
    )


def _size(model: dict[str, Any]) -> int:
    """Where ids of the model itself end; beyond are tokens that were added."""
    vocabulary = model["vocab"]
    return len(vocabulary) if isinstance(vocabulary, list) else max(vocabulary.values(), default=-1) + 1


def _is_chinese(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _CHINESE)


def _is_sign(character: str) -> bool:
    code = ord(character)
    ascii_sign = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_sign or unicodedata.category(character).startswith("P")
