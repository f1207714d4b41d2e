"""What each token of a text costs a causal model: -ln p in nats, with a context that slides over long texts.

B batch, L tokens of a window, N tokens that are scored, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from zhnlp.models.batching import batches_by_length, pad

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@torch.inference_mode()
def token_nats(
    model: PreTrainedModel,
    rows: Sequence[Sequence[int]],
    *,
    context: int = 256,
    stride: int | None = None,
    pad_id: int = 0,
    batch_tokens: int = 4096,
    progress: bool = False,
) -> list[np.ndarray]:
    """The nats of every token of each row but its first, (T - 1,) float64 a row of T tokens.

    A window of ``context`` tokens slides by ``stride``; in each only the tokens not scored before count, so every token
    but those of the first window has at least ``context - stride`` before it.

    Args:
        model: causal language model; it is put in evaluation mode while this runs.
        rows: ids, with a token to begin from.
        context: tokens of a window, 2 or more; that of the training, for most models.
        stride: tokens a window is ahead of the one before, 1 to ``context``; None: half of it.
        pad_id: fills shorter windows up.
        batch_tokens: tokens run at once; the logits of each that is scored take ``4 V`` bytes.
        progress: a bar on stderr.

    Raises:
        ValueError: context or stride is outside its range, or the model gives nan.

    Example:
        >>> from transformers import GPT2Config, GPT2LMHeadModel
        >>> sizes = {"vocab_size": 9, "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}
        >>> model = GPT2LMHeadModel(GPT2Config(**sizes)).eval()
        >>> nats, ids = token_nats(model, [[1, 5, 3, 2]])[0], torch.tensor([[1, 5, 3, 2]])
        >>> nats.shape, bool(abs(nats.mean() - model(ids, labels=ids).loss.item()) < 1e-5)
        ((3,), True)
    """
    stride = max(1, context // 2) if stride is None else stride
    if context < 2 or not 1 <= stride <= context:
        raise ValueError(
            f"got context={context}, stride={stride}: expected context 2 or more and stride 1 to context"
        )
    rows = [np.asarray(row, np.int64) for row in rows]
    windows = [
        (number, *window)
        for number, row in enumerate(rows)
        for window in sliding_windows(len(row) - 1, context, stride)
    ]
    found = [np.empty(max(len(row) - 1, 0)) for row in rows]
    device, sizes = next(model.parameters()).device, [stop - start for _, start, _, stop in windows]
    with (
        evaluating(model),
        tqdm(total=sum(sizes), desc="causal", unit="tok", unit_scale=True, disable=not progress) as bar,
    ):
        for batch in batches_by_length(sizes, token_budget=batch_tokens):
            chosen = [windows[place] for place in batch]
            ids, mask = pad([rows[number][start:stop].tolist() for number, start, _, stop in chosen], pad_id)
            asked, goals = torch.zeros_like(ids, dtype=torch.bool), []
            for line, (number, start, first, stop) in enumerate(chosen):
                asked[line, first - start : stop - start] = True
                goals.append(rows[number][first + 1 : stop + 1])
            goal = torch.from_numpy(np.concatenate(goals)).to(device)
            said = logits_where(model, ids.to(device), mask.to(device), asked.to(device))  # (N, V)
            nats = torch.nn.functional.cross_entropy(said, goal, reduction="none").double().cpu().numpy()
            if not np.isfinite(nats).all():
                raise ValueError(
                    f"{type(model).__name__} gives nan or infinite logits: expected numbers. Its weights are likely broken, "
                    f"or too large for {model.dtype}. Next: dtype='float32'"
                )
            ends = np.cumsum([len(goal) for goal in goals])[:-1]
            for (number, _, first, stop), part in zip(chosen, np.split(nats, ends)):
                found[number][first:stop] = part
            bar.update(sum(sizes[place] for place in batch))
    return found


def sliding_windows(tokens: int, context: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """(start, first scored, stop) of the windows over ``tokens`` inputs; each input is scored exactly once.

    Example:
        >>> list(sliding_windows(10, 6, 3))
        [(0, 0, 6), (3, 6, 9), (6, 9, 10)]
    """
    start = first = 0
    while first < tokens:
        stop = min(start + context, tokens)
        yield start, first, stop
        start, first = start + stride, stop


def logits_where(
    model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, asked: torch.Tensor
) -> torch.Tensor:
    """The logits (N, V) in float32 of the positions ``asked`` (B, L): the others never reach the vocabulary.

    Raises:
        ValueError: the model has no layer over the vocabulary.
    """
    vocabulary = model.get_output_embeddings()
    if vocabulary is None:
        raise ValueError(
            f"{type(model).__name__} has no layer over the vocabulary: expected a language model, not an encoder"
        )
    hook = vocabulary.register_forward_pre_hook(lambda _, inputs: (inputs[0][asked],))
    try:
        return model(input_ids=ids, attention_mask=mask).logits.float()
    finally:
        hook.remove()


@contextmanager
def evaluating(model: PreTrainedModel) -> Iterator[None]:
    """Evaluation mode, and back to what it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
