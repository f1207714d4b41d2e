"""Label words that the model itself finds: tokens that fill the blank when a text says nothing but the label.

N texts, W words, V the Chinese tokens of the vocabulary, C labels, T templates.

Source: the search over the vocabulary: Gao et al. 2021 (LM-BFF), https://arxiv.org/abs/2012.15723; there with labelled texts,
here with the words of the labels alone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.text.characters import is_han
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CUES = ("{word}", "{word}，{word}", "{word}。{word}")  # texts that say nothing but a word
COMMON = 400  # tokens that fill the blank most often; rarer ones are never label words


@dataclass(frozen=True)
class Pool:
    """Words that are scored together, whatever label they belong to; stands where a `Verbalizer` does."""

    words: list[tuple[int, str, tuple[int, ...]]]

    @property
    def longest(self) -> int:
        """Tokens of the longest word."""
        return max(len(ids) for _, _, ids in self.words)

    @classmethod
    def of(cls, words: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> Pool:
        """A pool of words, each its own."""
        from zhnlp.few_shot.verbalizer import word_ids

        return cls([(number, word, word_ids(tokenizer, word, word)) for number, word in enumerate(words)])


def chinese_tokens(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """The tokens of a vocabulary that are Chinese characters and nothing else, by id; those that a text gives as they are.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> chinese_tokens(build_tokenizer(train_char_vocab(["好，a1"], min_count=1, min_sign=1)))
        ['好']
    """
    special = set(tokenizer.all_special_tokens)
    ordered = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    tokens = [
        (token, number)
        for token, number in ordered
        if token not in special and token and all(is_han(sign) for sign in token)
    ]
    with untruncated(tokenizer) as backend:
        encodings = backend.encode_batch_fast([token for token, _ in tokens], add_special_tokens=False)
    return [token for (token, number), encoding in zip(tokens, encodings) if encoding.ids == [number]]


def called_up(words: Sequence[str], read: Callable[[Sequence[str]], np.ndarray]) -> dict[str, np.ndarray]:
    """Word → the mean log-probabilities (V,) of the candidates where a text says nothing but that word.

    Args:
        read: texts to the log-probabilities (T, N, V) of the candidates in the blanks of the templates.

    Example:
        >>> called_up(["好"], lambda texts: np.ones((2, len(texts), 1)))
        {'好': array([1.])}
    """
    means = read([cue.format(word=word) for word in words for cue in CUES]).mean(axis=0)  # (words × cues, V)
    return dict(zip(words, means.reshape(len(words), len(CUES), -1).mean(axis=1)))


def find_words(
    labels: Mapping[Any, Sequence[str]],
    candidates: Sequence[str],
    called: Mapping[str, np.ndarray],
    usual: np.ndarray,
    number: int,
) -> dict[Any, list[str]]:
    """For each label the candidates that its own words call up more than those of the other labels do.

    Args:
        labels: label → the words that stand for it so far.
        candidates: V of them.
        called: of `called_up`, for each of these words.
        usual: (V,) mean log-probability of each candidate over templates and ordinary texts.
        number: how many words a label gets; the first is what it goes with most.

    Example:
        >>> called = {"好": np.array([1.0, 0.0, 0.0]), "坏": np.array([0.0, 0.0, 1.0])}
        >>> find_words({"正": ["好"], "负": ["坏"]}, ["棒", "的", "烂"], called, np.zeros(3), 1)
        {'正': ['棒'], '负': ['烂']}
    """
    common = np.argsort(-usual, kind="stable")[:COMMON]
    scores = np.array([np.mean([called[word][common] for word in own], axis=0) for own in labels.values()])
    contrast = scores - (scores.sum(0) - scores) / (len(scores) - 1)  # (C, V)
    owner = contrast.argmax(0)
    found = {}
    for row, label in enumerate(labels):
        own = np.flatnonzero(owner == row)
        best = own[np.argsort(-contrast[row, own], kind="stable")][:number]
        found[label] = [candidates[common[place]] for place in best]
    return found
