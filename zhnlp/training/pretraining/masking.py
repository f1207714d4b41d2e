"""Which tokens a masked language model has to guess: single characters, or whole words.

B batch, L positions. Of the chosen tokens 80 % become [MASK], 10 % a random token, 10 % stay, as in BERT.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805; whole words: Cui et al. 2019, https://arxiv.org/abs/1906.08101
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


class MaskTokens:
    """A collator that masks packed rows; the same rows are masked the same way whenever they are asked for.

    Args:
        tokenizer: gives the mask, the special tokens and the vocabulary.
        rate: share of the tokens of a row that are chosen, in (0, 1).
        whole_words: share of the rows in which whole words are chosen instead of single characters, in [0, 1]; the last word of
            a row is cut where the row's number of tokens is reached.
        seed: of the choice.

    It makes ``{"input_ids": (B, L), "labels": (B, L)}``, labels -100 where nothing was chosen.

    Raises:
        ValueError: the tokenizer has no mask token, or a share is out of its range.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["深度学习"], min_count=1, latin_pieces=0))
        >>> rows = [{"number": 7, "ids": np.arange(16, 20), "starts": np.array([True, False, True, False])}]
        >>> batch = MaskTokens(tokenizer, rate=0.5, whole_words=1.0)(rows)
        >>> (batch["labels"] != -100).tolist()[0] in ([True, True, False, False], [False, False, True, True])
        True
    """

    def __init__(self, tokenizer: Any, *, rate: float = 0.3, whole_words: float = 0.25, seed: int = 0):
        if tokenizer.mask_token_id is None:
            raise ValueError(
                "the tokenizer has no mask token: expected one such as [MASK]. Next: use that of a masked LM"
            )
        if not 0 < rate < 1 or not 0 <= whole_words <= 1:
            raise ValueError(f"rate {rate} and whole_words {whole_words}: expected 0 < rate < 1 and 0 to 1")
        self.mask, self.rate, self.whole_words, self.seed = tokenizer.mask_token_id, rate, whole_words, seed
        size = len(tokenizer)
        self.special = np.zeros(size, bool)
        self.special[tokenizer.all_special_ids] = True
        self.ordinary = np.flatnonzero(~self.special)

    def __call__(self, rows: Sequence[dict]) -> dict[str, Tensor]:
        """Mask rows of `PackedBlocks`: ``number``, ``ids`` and ``starts`` of each."""
        masked = [self.mask_row(row["ids"], row["starts"], row["number"]) for row in rows]
        ids, labels = (torch.from_numpy(np.stack(part)) for part in zip(*masked))
        return {"input_ids": ids, "labels": labels}

    def mask_row(self, ids: np.ndarray, starts: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """A row (L,) with its masks, and its labels (L,); ``number`` and the seed fix the choice."""
        rng = np.random.default_rng([self.seed, number])
        allowed = np.flatnonzero(~self.special[ids])
        wanted = max(1, round(self.rate * len(allowed)))
        if rng.random() < self.whole_words:
            word = np.cumsum(starts)
            order = rng.permutation(word[-1] + 1)[word[allowed]]  # a random rank for each word
            chosen = allowed[np.argsort(order, kind="stable")[:wanted]]
        else:
            chosen = rng.permutation(allowed)[:wanted]
        labels = np.full(len(ids), -100, np.int64)
        labels[chosen] = ids[chosen]
        ids = ids.copy()
        fate = rng.random(len(chosen))
        ids[chosen[fate < 0.8]] = self.mask
        random = chosen[fate >= 0.9]
        ids[random] = rng.choice(self.ordinary, len(random))
        return ids, labels


class NextTokens:
    """A collator for causal language models: ``input_ids`` (B, L) and the same as ``labels``.

    Example:
        >>> NextTokens()([{"ids": np.array([3, 4])}])
        {'input_ids': tensor([[3, 4]]), 'labels': tensor([[3, 4]])}
    """

    def __call__(self, rows: Sequence[dict]) -> dict[str, Tensor]:
        ids = torch.from_numpy(np.stack([row["ids"] for row in rows]))
        return {"input_ids": ids, "labels": ids.clone()}
