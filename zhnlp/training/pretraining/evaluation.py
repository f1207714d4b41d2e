"""Held-out scores of language models: masked characters, and bits per character with a sliding context.

N documents, T tokens, V vocabulary. Works on any masked or causal model and tokenizer of transformers; the figures are
those of `zhnlp.metrics.language_model`. Weights are used as they are; give the model in float32, or run under autocast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from zhnlp.metrics.language_model import evaluate_language_model, evaluate_masked_language_model
from zhnlp.models.token_nats import evaluating, logits_where, token_nats
from zhnlp.text.characters import is_han

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_PIECE = 20_000  # characters given to a tokenizer at a time


@dataclass
class MaskedScores:
    """What a masked model said of each masked token: five columns of the same length, in the order of the text."""

    gold: np.ndarray
    predicted: np.ndarray
    nats: np.ndarray
    document: np.ndarray
    kind: np.ndarray

    def summary(self, tokenizer: PreTrainedTokenizerFast, documents: Sequence[int] | None = None) -> dict:
        """`evaluate_masked_language_model` of all documents, or of those with the numbers given."""
        part = slice(None) if documents is None else np.isin(self.document, documents)
        return evaluate_masked_language_model(
            self.gold[part],
            self.predicted[part],
            nats=self.nats[part],
            unknown_id=tokenizer.unk_token_id,
            kinds=self.kind[part],
        )


@dataclass
class CausalScores:
    """What each document cost a causal model, in nats, with the characters it read as unknown."""

    texts: list[str]
    nats: list[float] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def summary(self, documents: Sequence[int] | None = None) -> dict:
        """`evaluate_language_model` of all documents, or of those with the numbers given."""
        chosen = range(len(self.texts)) if documents is None else documents
        columns = ([column[number] for number in chosen] for column in (self.nats, self.texts, self.unknown))
        nats, texts, unknown = columns
        return evaluate_language_model(nats, texts, unknown=unknown)


def encode(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[np.ndarray, int]:
    """The (T,) tokens of a text without special ones, and how many of its characters became [UNK].

    Long texts go to the tokenizer in pieces cut behind a line end, or after 20,000 characters without one.
    """
    ids, unknown = [], 0
    for piece in _pieces(text):
        encoded = tokenizer(piece, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        found = np.asarray(encoded["input_ids"], np.int64)
        ids.append(found)
        for place in np.flatnonzero(found == tokenizer.unk_token_id):
            begin, end = encoded["offset_mapping"][place]
            unknown += end - begin
    return np.concatenate([np.empty(0, np.int64), *ids]), unknown


def frame(tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and behind a text.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> frame(build_tokenizer(train_char_vocab(["深度学习"], min_count=1, latin_pieces=0)))
        ([2], [3])
    """
    ids, special = tokenizer("1")["input_ids"], set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    inside = [place for place, token in enumerate(ids) if token not in special]
    return ids[: inside[0]], ids[inside[-1] + 1 :]


def _pieces(text: str) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = begin + _PIECE
        if end < len(text):
            line_end = text.rfind("\n", begin, end)
            end = line_end + 1 if line_end > begin else end
        yield text[begin:end]
        begin = end


@torch.inference_mode()
def score_masked(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    documents: Sequence[str],
    *,
    length: int = 128,
    share: float = 0.15,
    seed: int = 0,
    batch_tokens: int = 4096,
    progress: bool = False,
) -> MaskedScores:
    """Mask random tokens of held-out documents, all of them by [MASK], and let the model say what stood there.

    A document is cut into windows of equal size (±1) of at most ``length`` tokens, its special tokens counted; every
    token that is no white space and no special one is drawn with probability ``share``, by a generator of its own, so
    the draw depends on the tokens and the seed alone and no other generator moves.

    Args:
        model: masked language model; it is put in evaluation mode while this runs.
        documents: whole texts.
        length: tokens of a window, 8 or more; that of the training, for most models.
        share: of the tokens that are masked, above 0 and at most 1.
        seed: of the draw.
        batch_tokens: tokens run at once; the logits of each that is scored take ``4 V`` bytes.
        progress: a bar on stderr.

    Raises:
        ValueError: the tokenizer has no [MASK], or an argument is outside its range.
    """
    if tokenizer.mask_token_id is None:
        raise ValueError(
            "the tokenizer has no mask token: expected that of a masked model; a causal one is scored by score_causal"
        )
    if length < 8 or not 0 < share <= 1:
        raise ValueError(
            f"got length={length}, share={share}: expected length 8 or more, share above 0 and at most 1"
        )
    kinds = token_kinds(tokenizer)
    before, behind = frame(tokenizer)
    inner = length - len(before) - len(behind)
    rows, owners = [], []
    for number, text in enumerate(documents):
        ids, _ = encode(tokenizer, text)
        if ids.size:
            rows += np.array_split(ids, -(-ids.size // inner))
            owners += [number] * (len(rows) - len(owners))
    generator = np.random.default_rng(seed)
    drawn = [(generator.random(row.size) < share) & (kinds[row] != "") for row in rows]
    device = next(model.parameters()).device
    gold = [row[mask] for row, mask in zip(rows, drawn)]
    predicted, nats = [np.empty(0, np.int64)] * len(rows), [np.empty(0)] * len(rows)
    with evaluating(model):
        for batch in _batches([row.size for row in rows], batch_tokens, progress, "masked"):
            inputs = [
                [*before, *np.where(drawn[i], tokenizer.mask_token_id, rows[i]), *behind] for i in batch
            ]
            ids, attention = _padded(inputs, tokenizer.pad_token_id or 0, device)
            asked = torch.zeros_like(ids, dtype=torch.bool)
            for line, i in enumerate(batch):
                asked[line, len(before) + np.flatnonzero(drawn[i])] = True
            answer = torch.from_numpy(np.concatenate([gold[i] for i in batch])).to(device)
            said = torch.log_softmax(logits_where(model, ids, attention, asked), -1)  # (N, V)
            ends = np.cumsum([gold[i].size for i in batch])[:-1]
            guesses = np.split(said.argmax(-1).cpu().numpy(), ends)
            costs = np.split(-said.gather(1, answer[:, None])[:, 0].double().cpu().numpy(), ends)
            for i, guess, cost in zip(batch, guesses, costs):
                predicted[i], nats[i] = guess, cost
    answers = np.concatenate([np.empty(0, np.int64), *gold])
    return MaskedScores(
        gold=answers,
        predicted=np.concatenate([np.empty(0, np.int64), *predicted]),
        nats=np.concatenate([np.empty(0), *nats]),
        document=np.repeat(np.asarray(owners, np.int64), [len(one) for one in gold]),
        kind=kinds[answers],
    )


@torch.inference_mode()
def score_causal(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    documents: Sequence[str],
    *,
    context: int = 256,
    stride: int | None = None,
    batch_tokens: int = 4096,
    progress: bool = False,
) -> CausalScores:
    """What held-out documents cost a causal model: each stands between a begin and an end token, the end is paid for too.

    A window of ``context`` tokens slides by ``stride``; in each only the tokens not scored before count, so every token
    but the first ``context`` has at least ``context - stride`` before it.

    Args:
        model: causal language model; it is put in evaluation mode while this runs.
        documents: whole texts.
        context: tokens of a window, 2 or more; that of the training, for most models.
        stride: tokens a window is ahead of the one before, 1 to ``context``; None: half of it.
        batch_tokens: tokens run at once; the logits of each that is scored take ``4 V`` bytes.
        progress: a bar on stderr.

    Raises:
        ValueError: the tokenizer has no end token, or an argument is outside its range.
    """
    end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    if end is None:
        raise ValueError(
            "the tokenizer has neither an end nor a separator token: expected that of a causal model"
        )
    begin = end if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    scores = CausalScores(list(documents))
    rows = []
    for text in scores.texts:
        ids, unknown = encode(tokenizer, text)
        rows.append(np.concatenate([[begin], ids, [end]]))
        scores.unknown.append(unknown)
    nats = token_nats(
        model,
        rows,
        context=context,
        stride=stride,
        pad_id=tokenizer.pad_token_id or 0,
        batch_tokens=batch_tokens,
        progress=progress,
    )
    scores.nats = [float(one.sum()) for one in nats]
    return scores


def token_kinds(tokenizer: PreTrainedTokenizerFast) -> np.ndarray:
    """(V,) str: "han", "digit", "latin", "sign", "other" (several characters), "unknown"; "" for special tokens and white space."""
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    kinds = np.array([_kind(token) for token in tokens], dtype="U8")
    kinds[tokenizer.all_special_ids] = ""
    if tokenizer.unk_token_id is not None:
        kinds[tokenizer.unk_token_id] = "unknown"
    return kinds


def _kind(token: str) -> str:
    text = token.removeprefix("##") or token
    if not text.strip():
        return ""
    if text.isascii() and text.isalpha():
        return "latin"
    if len(text) > 1:
        return "other"
    return "han" if is_han(text) else "digit" if text.isdigit() else "sign"


def _batches(sizes: list[int], tokens: int, progress: bool, name: str) -> Iterator[list[int]]:
    """Numbers of windows, longest first, so many at a time that the padded batch stays within ``tokens``."""
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    with tqdm(total=sum(sizes), desc=name, unit="tok", unit_scale=True, disable=not progress) as bar:
        begin = 0
        while begin < len(order):
            batch = order[begin : begin + max(1, tokens // max(sizes[order[begin]], 1))]
            yield batch
            bar.update(sum(sizes[i] for i in batch))
            begin += len(batch)


def _padded(rows: list[list[int]], pad: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=device)
    attention = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
    return ids, attention
