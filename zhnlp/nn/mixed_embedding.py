"""Mixed embedding: a character is its own vector, which is learnt, and that of its word, which is known from other text.

B batch, L characters, D features, W words, d numbers of a word vector.

Source: 苏剑林, https://kexue.fm/archives/6906
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.nn.byte_dropout import ByteDropout


class MixedEmbedding(nn.Module):
    """E[character] + P v[word], then dropout; E and P are trained, v are frozen.

    Which word a character belongs to is for `zhnlp.tokenizers.words.WordNumbers` to say: 1 to W, 0 for none.

    Args:
        vocab_size: characters, 0 for padding.
        size: D.
        words: W.
        word_size: d.
        dropout: share of features that training leaves out.

    Example:
        >>> embedding = MixedEmbedding(9, 4, words=2, word_size=3)
        >>> embedding.set_words(torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]))
        >>> embedding(torch.tensor([[5, 6, 7, 0]]), torch.tensor([[1, 1, 0, 0]])).shape
        torch.Size([1, 4, 4])
    """

    def __init__(
        self, vocab_size: int, size: int = 128, *, words: int = 0, word_size: int = 0, dropout: float = 0.1
    ):
        super().__init__()
        self.characters = nn.Embedding(vocab_size, size, padding_idx=0)
        self.project = nn.Linear(word_size, size, bias=False) if words else None
        self.register_buffer("vectors", torch.zeros(words + 1, word_size) if words else None)
        self.dropout = ByteDropout(dropout)

    def set_words(self, rows: Any) -> None:
        """Take the vectors of the words, (W, d): of the word of number n the row n - 1.

        Raises:
            ValueError: rows of another shape, or a number that is not finite.
        """
        rows = torch.as_tensor(rows)
        shape = (0, 0) if self.vectors is None else (len(self.vectors) - 1, self.vectors.shape[1])
        if tuple(rows.shape) != shape:
            raise ValueError(
                f"rows got shape {tuple(rows.shape)}: expected {shape}, a vector for each word. "
                "Next: MixedEmbedding(…, words=len(rows), word_size=rows.shape[1])"
            )
        if not rows.isfinite().all():
            raise ValueError("rows hold a number that is not finite. Next: look for NaN in the word vectors")
        if self.vectors is not None:
            self.vectors[1:] = rows.to(self.vectors)

    def forward(self, characters: Tensor, words: Tensor | None = None) -> Tensor:
        """(B, L, D).

        Args:
            characters: (B, L) ids.
            words: (B, L) the number of each character's word, 0 for none; None where nobody has one.
        """
        x = self.characters(characters)
        if words is not None and self.project is not None:
            x = x + self.project(self.vectors[words])
        return self.dropout(x)
