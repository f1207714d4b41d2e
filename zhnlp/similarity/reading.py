"""Texts through the network of a sentence encoder: once each, by length, in the caller's order.

N texts, B batch, L positions, D features.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from zhnlp.mining.progress import Progress
from zhnlp.models.batching import batches_by_length, default_budget, pad
from zhnlp.nn.losses.cosine import unit
from zhnlp.text import replace_surrogates
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from zhnlp.similarity.network import SentenceNetwork

WINDOW = 65536  # texts whose ids wait together


def ids_of(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], max_length: int
) -> tuple[list[list[int]], int]:
    """Ids of the tokens of texts, those around a text included, ``max_length`` at most; and how many texts were cut.

    Raises:
        TypeError: one of them is no text.
    """
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"got {type(text).__name__} as text {number}: expected str")
    with untruncated(tokenizer) as backend:
        backend.enable_truncation(max_length)
        try:
            encodings = backend.encode_batch_fast([replace_surrogates(text) for text in texts])
        finally:
            backend.no_truncation()
    return [encoding.ids for encoding in encodings], sum(bool(encoding.overflowing) for encoding in encodings)


def encode_texts(
    network: SentenceNetwork,
    tokenizer: PreTrainedTokenizerFast,
    texts: Iterable[str],
    *,
    max_length: int,
    batch_size: int | None = None,
    token_budget: int | None = None,
    normalize: bool = False,
    progress: bool | None = False,
    name: str = "the encoder",
    states: Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor]] | None = None,
) -> np.ndarray:
    """Vectors (N, D) in float32, see `zhnlp.similarity.encoder.SentenceEncoder.encode`.

    Args:
        states: a faster way from ids and mask to hidden states; None for the network's own.
    """
    if isinstance(texts, (bytes, dict)) or not isinstance(texts, Iterable):
        raise TypeError(f"encode got {type(texts).__name__}: expected a text or an iterable of texts")
    texts = list(texts)
    places: dict[str, int] = {}
    order = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
    unique = list(places)
    vectors = np.zeros((len(unique), network.size), np.float32)
    budget = token_budget or default_budget(network.device)
    bar, cut = Progress(progress), 0
    with torch.inference_mode(), bar.stage("encode", len(unique), "text"):
        for begin in range(0, len(unique), WINDOW):
            rows, longer = ids_of(tokenizer, unique[begin : begin + WINDOW], max_length)
            cut += longer
            lengths = [max(1, len(row)) for row in rows]
            for batch in batches_by_length(lengths, token_budget=budget, batch_size=batch_size):
                ids, mask = matrix([rows[number] for number in batch], tokenizer.pad_token_id or 0)
                ids, mask = ids.to(network.device), mask.to(network.device)
                found = network.pooled(states(ids, mask), mask) if states else network(ids, mask)
                found = found.float()
                found = unit(found) if normalize else found
                vectors[[begin + number for number in batch]] = found.cpu().numpy()
                bar.advance(len(batch))
    if cut:
        warnings.warn(
            f"{cut:,} of {len(unique):,} different texts were longer than {max_length} tokens and were cut: expected sentences. "
            "Next: max_length=... where the model takes more, or cut the texts into sentences",
            stacklevel=3,
        )
    if not np.isfinite(vectors).all():
        bad = unique[int(np.flatnonzero(~np.isfinite(vectors).all(1))[0])]
        raise ValueError(
            f"{name} gives nan or infinite numbers for {bad[:40]!r}: expected finite ones. Its weights are likely broken, or "
            "too large for its numbers. Next: dtype='float32', and if that is no better load it again"
        )
    return vectors if len(unique) == len(texts) else vectors[order]


def matrix(rows: Sequence[list[int]], value: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (B, L); a text without a token is one place of padding."""
    if all(rows):
        return pad(rows, value)
    ids, mask = pad([row or [value] for row in rows], value)
    mask[[number for number, row in enumerate(rows) if not row]] = 0
    return ids, mask
