"""Documents one after the other in rows of equal length, for causal language models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from zhnlp.text.characters import replace_surrogates
from zhnlp.tokenizers.untruncated import encode_whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class PackedRows:
    """Rows of ``length`` tokens: each document begins behind the start token and closes with the end; the last row is shorter.

    What is left of a document goes on in the next row, so that no token is lost and none pads.  Everything is held in
    memory, 4 bytes a token.

    Args:
        documents: texts, read once.
        tokenizer: names an end; where it names no start, nothing stands before a document.
        length: tokens of a row, 2 or more.

    Raises:
        ValueError: there is no text, or the tokenizer names no end.

    Example:
        >>> from transformers import BertTokenizer
        >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "电", "网"]
        >>> tokenizer = BertTokenizer(vocab={one: i for i, one in enumerate(pieces)}, bos_token="[CLS]", eos_token="[SEP]")
        >>> rows = PackedRows(["电网", "网"], tokenizer, 4)
        >>> [rows[number]["ids"].tolist() for number in range(len(rows))], rows.tokens
        ([[2, 5, 6, 3], [2, 6, 3]], 7)
    """

    def __init__(self, documents: Iterable[str], tokenizer: PreTrainedTokenizerFast, length: int):
        last = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
        if last is None:
            raise ValueError(
                "the tokenizer names no end: expected one to close documents with. Next: tokenizer.eos_token = …"
            )
        first = [] if tokenizer.bos_token_id in (None, last) else [tokenizer.bos_token_id]
        parts = [
            np.asarray([*first, *encoding.ids, last], np.int32)
            for text, encoding in encode_whole(tokenizer, map(replace_surrogates, documents))
            if text.strip()
        ]
        if not parts:
            raise ValueError("there is no text to learn from: expected a document or more")
        self.ids = np.concatenate(parts)
        self.length, self.documents = length, len(parts)

    @property
    def tokens(self) -> int:
        """All tokens, those at the ends of documents among them."""
        return len(self.ids)

    def __len__(self) -> int:
        whole, rest = divmod(len(self.ids), self.length)
        return whole + (rest > 1 or not whole)  # a token alone has nothing to predict

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return {"ids": self.ids[number * self.length : (number + 1) * self.length]}


def collate_rows(rows: Sequence[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """A batch of packed rows: ``input_ids``, ``attention_mask`` and ``labels`` (B, L), -100 where a row is shorter.

    Example:
        >>> batch = collate_rows([{"ids": np.array([2, 5, 6])}, {"ids": np.array([2, 6])}])
        >>> batch["labels"].tolist(), batch["attention_mask"].tolist()
        ([[2, 5, 6], [2, 6, -100]], [[1, 1, 1], [1, 1, 0]])
    """
    longest = max(len(row["ids"]) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
    for place, row in enumerate(rows):
        size = len(row["ids"])
        ids[place, :size] = labels[place, :size] = torch.from_numpy(row["ids"].astype(np.int64))
        mask[place, :size] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}
