"""How well each label word fills the blank.  N texts, W words, C classes, B batch, L positions, m tokens of
a word, K soft tokens, D hidden, V vocabulary.

A word of several characters is scored as if its characters were independent, each at its own mask, as in
https://kexue.fm/archives/7764; words of different lengths are compared by their mean log-probability a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.few_shot.prompt import Prompt
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer
    from zhnlp.mining.progress import Progress

LENGTH_NORMS = ("mean", "sum")


@dataclass
class Cuts:
    """How many texts were read, and which of them were too long in one of their prompts and lost characters."""

    texts: int = 0
    lost: set[int] = field(default_factory=set)

    @property
    def cut(self) -> int:
        """How many texts lost characters."""
        return len(self.lost)

    def count(self, prompts: Sequence[Prompt], texts: Sequence[int] | None = None) -> None:
        """See which prompts were cut; ``texts`` are the numbers of their texts, None for one after the other."""
        numbers = range(len(prompts)) if texts is None else texts
        self.lost.update(number for number, prompt in zip(numbers, prompts, strict=True) if prompt.cut)


def label_scores(word_scores: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Scores (N, C) of classes: log of the mean probability of their words, in nats.

    Args:
        word_scores: (N, W) log-probabilities.
        classes: (W,) the class of each word; every class has one or more.
        count: C, how many classes there are.

    Example:
        >>> label_scores(np.log([[0.2, 0.4, 0.1]]), np.array([0, 0, 1]), 2).round(3)
        array([[-1.204, -2.303]])
    """
    columns = [np.logaddexp.reduce(word_scores[:, classes == number], axis=1) for number in range(count)]
    sizes = np.bincount(classes, minlength=count)
    return np.stack(columns, axis=1) - np.log(sizes)


def masked_word_scores(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    template: Template,
    examples: Sequence[Mapping[str, str]],
    verbalizer: Verbalizer,
    *,
    limit: int,
    length_norm: str = "mean",
    label: str | Sequence[str] = "",
    spare: int | Sequence[int] = 0,
    soft_rows: Tensor | None = None,
    token_budget: int | None = None,
    progress: Progress | None = None,
    cuts: Cuts | None = None,
) -> np.ndarray:
    """Log-probabilities (N, W) of each word at the blank, in nats; the texts are read once for each distinct word length.

    A text is cut to what leaves room for the longest word, whichever word is scored.

    Args:
        limit: tokens of a prompt at most.
        length_norm: "mean" over the tokens of a word, so that a short word has no advantage; or "sum".
        label, spare: of `Template.encode`.
        soft_rows: (K, D) embeddings of the template's soft tokens.
        token_budget: positions of a batch; None for 4,096 on a CPU, 65,536 on a GPU.
        cuts: is told which texts were cut.

    Raises:
        ValueError: the template leaves no room for a text, or the model gives nan.
    """
    scores = np.empty((len(examples), len(verbalizer.words)))
    lengths = np.array([len(ids) for _, _, ids in verbalizer.words])
    for length in np.unique(lengths)[::-1]:
        prompts = template.encode(
            tokenizer,
            examples,
            masks=int(length),
            limit=limit - verbalizer.longest + int(length),
            label=label,
            spare=spare,
        )
        if cuts is not None:
            cuts.count(prompts)
        chosen = [ids for _, _, ids in verbalizer.words if len(ids) == length]
        found = score_words(
            model, tokenizer, prompts, [chosen] * len(prompts), length_norm, soft_rows, token_budget, progress
        )
        scores[:, lengths == length] = np.reshape(found, (len(examples), len(chosen)))
    return scores


def score_words(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    words: Sequence[Sequence[Sequence[int]]],
    length_norm: str = "mean",
    soft_rows: Tensor | None = None,
    token_budget: int | None = None,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """For each prompt the log-probabilities of its own words, all as long as its blank.

    Args:
        words: ids of the words of each prompt.
    """
    import torch

    found: list[Any] = [None] * len(prompts)
    for numbers in batches(model, prompts, token_budget, progress):
        index = _index([words[number] for number in numbers], model.device)  # (B, m, W)
        with torch.inference_mode():
            logits = slot_logits(model, tokenizer, [prompts[number] for number in numbers], soft_rows).float()
            picked = logits.gather(2, index.expand(len(numbers), -1, -1)) - logits.logsumexp(2, keepdim=True)
            scores = picked.mean(1) if length_norm == "mean" else picked.sum(1)  # (B, W)
        check_finite(scores, model)
        for number, row in zip(numbers, scores.double().cpu().numpy()):
            found[number] = row[: len(words[number])]
    return found


def slot_logits(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    soft_rows: Tensor | None = None,
) -> Tensor:
    """Logits (B, m, V) at the blanks, which all have m tokens; the rest of the texts never reaches the vocabulary."""
    import torch

    from zhnlp.models.positions import logits_at

    inputs = model_inputs(model, tokenizer, prompts, soft_rows)
    longest = inputs["attention_mask"].shape[1]
    where = [row * longest + slot for row, prompt in enumerate(prompts) for slot in prompt.slots]
    logits = logits_at(model, torch.tensor(where, device=model.device), **inputs)
    return logits.unflatten(0, (len(prompts), -1))


def model_inputs(
    model: PreTrainedModel, tokenizer: Any, prompts: Sequence[Prompt], soft_rows: Tensor | None = None
) -> dict[str, Tensor]:
    """What a model is called with: ``input_ids`` (B, L), or ``inputs_embeds`` (B, L, D) with soft tokens, and the mask.

    Args:
        soft_rows: (K, D) embeddings of the soft tokens of a prompt, in order; None where there are none.
    """
    import torch

    from zhnlp.models.batching import pad

    ids, mask = (part.to(model.device) for part in pad([p.ids for p in prompts], tokenizer.pad_token_id or 0))
    if soft_rows is None or not prompts[0].soft:
        return {"input_ids": ids, "attention_mask": mask}
    embeds = model.get_input_embeddings()(ids)  # (B, L, D)
    columns = torch.tensor([prompt.soft for prompt in prompts], device=model.device)  # (B, K)
    rows = torch.arange(len(prompts), device=model.device)[:, None].expand_as(columns)
    values = soft_rows.to(embeds).expand(len(prompts), -1, -1)  # (B, K, D)
    return {"inputs_embeds": embeds.index_put((rows, columns), values), "attention_mask": mask}


def batches(
    model: PreTrainedModel,
    prompts: Sequence[Prompt],
    token_budget: int | None = None,
    progress: Progress | None = None,
) -> Iterator[list[int]]:
    """Numbers of prompts of nearly equal length, a list a batch."""
    from zhnlp.models.batching import batches_by_length, default_budget

    budget = token_budget or default_budget(model.device)
    for numbers in batches_by_length([len(prompt.ids) for prompt in prompts], token_budget=budget):
        yield numbers
        if progress is not None:
            progress.advance(len(numbers))


def check_finite(values: Tensor, model: PreTrainedModel) -> None:
    """Refuse nan and infinite scores, of which nothing could be made.

    Raises:
        ValueError: there are some.
    """
    if not bool(values.isfinite().all()):
        raise ValueError(
            f"{type(model).__name__} gives nan or infinite logits: expected numbers. Its weights are likely broken, or too large "
            f"for {model.dtype}. Next: dtype='float32', and if that is no better download it again"
        )


def _index(words: Sequence[Sequence[Sequence[int]]], device: Any) -> Tensor:
    """Ids (B, m, W) of the words of each prompt, or (1, m, W) where all have the same; short rows are filled with id 0."""
    import torch

    if all(row is words[0] for row in words):
        words = words[:1]
    widest = max(map(len, words))
    blank = [0] * len(words[0][0])
    rows = [[list(word) for word in row] + [blank] * (widest - len(row)) for row in words]
    return torch.tensor(rows, device=device).mT
