"""How likely a causal model finds a text with each label word in it.  N texts, W words, M scored tokens, V vocabulary.

The tokens before the blank are the same for all words; what follows them, word and rest of the text, is scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.few_shot.scoring import Cuts, batches, check_finite, model_inputs, slot_logits

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.few_shot.prompt import Prompt
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer
    from zhnlp.mining.progress import Progress

LOGITS = 1 << 26  # numbers of a batch's logits at most


def causal_word_scores(
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
    """Log-likelihoods (N, W) of the text from the blank on, in nats; each text is read once for each word.

    Words of one token that end the text share one reading.  The tokens of the word count by their mean
    (``length_norm="mean"``) or sum, those behind it by their sum; soft tokens are read and not scored.  Arguments and errors
    are those of `masked_word_scores`.

    Raises:
        ValueError: the blank comes first and the tokenizer has no token to begin with.
    """
    scores = np.empty((len(examples), len(verbalizer.words)))
    shared: list[int] = []  # words of one token, where they end the text
    for column, (_, _, ids) in enumerate(verbalizer.words):
        if column in shared:
            continue
        room = limit - verbalizer.longest + len(ids)
        filled = [ids] * len(examples)
        prompts = template.encode(tokenizer, examples, limit=room, label=label, spare=spare, words=filled)
        if cuts is not None:
            cuts.count(prompts)
        options = {"soft_rows": soft_rows, "token_budget": token_budget, "progress": progress}
        if len(ids) == 1 and all(len(prompt.ids) == prompt.slots[0] + 1 for prompt in prompts):
            shared = [place for place, (_, _, word) in enumerate(verbalizer.words) if len(word) == 1]
            tokens = [verbalizer.words[place][2][0] for place in shared]
            scores[:, shared] = score_next(model, tokenizer, prompts, tokens, **options)
            if progress is not None:
                progress.advance(len(prompts) * (len(shared) - 1))
        else:
            scores[:, column] = score_filled(model, tokenizer, prompts, length_norm, **options)
    return scores


def score_next(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    tokens: Sequence[int],
    *,
    soft_rows: Tensor | None = None,
    token_budget: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Log-probabilities (N, W) of single tokens in a blank that ends the text: one reading does for all of them."""
    import torch

    check_begin(prompts)
    found = np.empty((len(prompts), len(tokens)))
    for numbers in batches(model, prompts, token_budget, progress):
        before = [_before(prompts[number]) for number in numbers]
        with torch.inference_mode():
            logits = slot_logits(model, tokenizer, before, soft_rows).float()[:, 0]  # (B, V)
            scores = logits[:, list(tokens)] - logits.logsumexp(1, keepdim=True)
        check_finite(scores, model)
        found[numbers] = scores.double().cpu().numpy()
    return found


def _before(prompt: Prompt) -> Prompt:
    """A prompt whose blank is the token before its own, at which a causal model says what comes next."""
    return replace(prompt, slots=[prompt.slots[0] - 1])


def check_begin(prompts: Sequence[Prompt]) -> None:
    """Refuse a blank before which there is nothing.

    Raises:
        ValueError: there is one.
    """
    if any(prompt.slots[0] == 0 for prompt in prompts):
        raise ValueError(
            "the blank comes first, and the tokenizer has no token that begins a text: nothing comes before the label word, "
            "so it cannot be scored. Next: put a word before {mask}"
        )


def scored_places(prompt: Prompt) -> list[int]:
    """The places of the word and of all that follows it but soft tokens, which are no text and have no likelihood.

    Example:
        >>> from zhnlp.few_shot.prompt import Prompt
        >>> scored_places(Prompt([5, 6, 9, 9, 7], [1], [2, 3], [True] * 5, False, [None] * 5))
        [1, 4]
    """
    return [place for place in range(prompt.slots[0], len(prompt.ids)) if place not in prompt.soft]


def score_filled(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    length_norm: str = "mean",
    soft_rows: Tensor | None = None,
    token_budget: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """The score (N,) of each prompt, whose blank is filled with a word."""
    check_begin(prompts)
    budget = min(token_budget or LOGITS, max(1, LOGITS // model.config.get_text_config().vocab_size))
    if token_budget is None:
        from zhnlp.models.batching import default_budget

        budget = min(budget, default_budget(model.device))
    found = np.empty(len(prompts))
    for numbers in batches(model, prompts, budget, progress):
        chosen = [prompts[number] for number in numbers]
        scores = _log_likelihood(model, tokenizer, chosen, soft_rows)  # (M,)
        check_finite(scores, model)
        parts = np.split(scores.cpu().numpy(), np.cumsum([len(scored_places(p)) for p in chosen])[:-1])
        for number, prompt, part in zip(numbers, chosen, parts):
            word = part[: len(prompt.slots)]
            found[number] = (word.mean() if length_norm == "mean" else word.sum()) + part[len(word) :].sum()
    return found


def _log_likelihood(
    model: PreTrainedModel, tokenizer: Any, prompts: Sequence[Prompt], soft_rows: Tensor | None
) -> torch.Tensor:
    """Log-probabilities (M,) of the `scored_places`, a prompt after the other."""
    import torch

    from zhnlp.models.positions import logits_at

    with torch.inference_mode():
        inputs = model_inputs(model, tokenizer, prompts, soft_rows)
        longest = inputs["attention_mask"].shape[1]
        places = [
            (row * longest + place - 1, prompt.ids[place])
            for row, prompt in enumerate(prompts)
            for place in scored_places(prompt)
        ]
        where, token = torch.tensor(places, device=model.device).T
        logits = logits_at(model, where, **inputs).float()
        return (logits.gather(1, token[:, None])[:, 0] - logits.logsumexp(1)).double()
