"""pipeline("text-generation"): go on from a prompt with a causal language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.models.batching import pad
from zhnlp.tasks.batching import Row
from zhnlp.tasks.conditioned import ConditionedPipeline
from zhnlp.tasks.generation_options import GenerationOptions
from zhnlp.tasks.model import check_seed
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from zhnlp.decoding import Hypothesis

BROKEN = "\ufffd"  # what decoding puts for bytes that are no character
REMEMBERED = 100_000  # prompts of a call, so that the same one again is written anew


class Continuation(TypedDict):
    """What was written, without the prompt, and its mean log-probability a token (nats, 0 or less)."""

    text: str
    score: float


class TextGeneration(ConditionedPipeline):
    """Write on from a prompt: each next token drawn from a causal language model of the tokens so far.

    Args:
        model: shipped name, folder or Hub id of a causal model (GPT-2, GPT-NeoX, Llama, Qwen …).
        max_new_tokens: the most tokens to write; max_length: the most tokens together with those of the prompt.
        min_new_tokens: the fewest tokens of a text, unless there is no room for them.
        num_return: texts for each prompt.
        temperature: above 0; 0 always takes the likeliest token. Smaller is safer and duller.
        top_k: draw among the likeliest so many (0: all); top_p: among the likeliest that together have this probability.
        repetition_penalty: above 1 makes tokens that were there already less likely.
        num_beams: above 1 searches for the likeliest text with so many hypotheses, and draws nothing.
        length_penalty: of beams, whose log-probability is divided by length to this power: above 1 longer texts win.
        no_repeat_ngram: no so many tokens come twice in the same order, those of the prompt among them; 0: they may.
        stop: a string, or several, before which a text ends.
        condition: label that the text is to have, of a model that `zhnlp.conditional.ConditionalGenerator` saved; a dict of
            attribute → label where it has several; None for none. guidance: above 1 more of it and less variety.
        **loading: options of every task with a model, listed by ``help()``; with ``seed=`` the same call writes the same.

    One prompt gives ``{"text", "score"}``, or with ``num_return`` above 1 a list of them, best first.  ``text`` does not hold the
    prompt and ends where the model ends or at the limit; special tokens, [UNK] and half a character of bytes are never written.  ``score`` is the mean
    log-probability of its tokens in nats by the model itself, whatever temperature or penalty drew them.  A prompt too
    long for the model loses its beginning, and is counted as cut.  With a seed a prompt alone and in a list gives the same
    text; the same prompt again in a list gives another.

    Raises:
        ValueError: an option is out of its range, or leaves no room for the prompt; an empty prompt, where the model has no
            token to begin with; a masked model; one that gives nan; a condition of a model without, or an unknown one.

    Example:
        >>> from zhnlp import pipeline
        >>> pipe = pipeline("text-generation", max_new_tokens=20, seed=0)
        >>> written = pipe("春天来了，")
        >>> sorted(written), written == pipe("春天来了，")
        (['score', 'text'], True)

    See also: `zhnlp.decoding`, which chooses the tokens.

    Source: 苏剑林, https://kexue.fm/archives/7292 (Chinese GPT-2)
    """

    task = "text-generation"
    head = "causal-lm"
    default = "zhnlp-gpt-small"

    def __init__(
        self,
        model: Any = None,
        *,
        max_new_tokens: int = 64,
        max_length: int | None = None,
        min_new_tokens: int = 0,
        num_return: int = 1,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 0.95,
        repetition_penalty: float = 1.1,
        num_beams: int = 1,
        length_penalty: float = 1.0,
        no_repeat_ngram: int = 0,
        stop: str | Sequence[str] = (),
        condition: Any = None,
        guidance: float = 1.0,
        **loading: Any,
    ):
        self.options = GenerationOptions(
            max_new_tokens=max_new_tokens,
            max_length=max_length,
            min_new_tokens=min_new_tokens,
            num_return=num_return,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            num_beams=num_beams,
            length_penalty=length_penalty,
            no_repeat_ngram=no_repeat_ngram,
            stop=stop,
            condition=condition,
            guidance=guidance,
        )
        super().__init__(model, **loading)
        self._check_condition(condition, guidance)  # what is not known is said now

    def __call__(
        self,
        texts: Any,
        *,
        stream: Callable[[str], Any] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> Any:
        """Write on from a prompt, a list or tuple of prompts, or an iterator of prompts.

        Args:
            stream: called with each new piece of text as it is written; for one prompt and one text.
            seed: instead of that of the pipeline, for this call.
            **options: those of the class, for this call.

        Raises:
            TypeError: what was given is no text, or an option is not known.
            ValueError: as for the class.
        """
        known = [field.name for field in fields(GenerationOptions)]
        if unknown := options.keys() - set(known):
            raise TypeError(
                f"text-generation has no option {', '.join(sorted(unknown))}: expected {', '.join(known)}, stream or seed"
            )
        chosen = replace(self.options, **options)
        check_seed(seed)
        self._check_condition(chosen.condition, chosen.guidance)
        if stream is not None and (not isinstance(texts, str) or chosen.width > 1):
            raise ValueError(
                "stream= got several texts to write: expected one prompt (a str), num_return=1 and num_beams=1"
            )
        room = self.limit - 1 if chosen.max_length is None else min(self.limit, chosen.max_length) - 1
        if chosen.max_length is None and chosen.max_new_tokens >= self.limit:
            raise ValueError(
                f"max_new_tokens={chosen.max_new_tokens} leaves no room for a prompt: {self.name} reads {self.limit:,} tokens. "
                f"Next: max_new_tokens={self.limit // 2}"
            )
        if room < 1:
            raise ValueError(
                f"max_length={chosen.max_length} leaves no room for a prompt and a token: expected 2 or more"
            )
        kept = min(room, self.limit - chosen.max_new_tokens) if chosen.max_length is None else room
        seed = self.seed if seed is None else seed
        return self._map(
            texts,
            partial(self._prompts, chosen, kept, Counter()),
            partial(self._write, chosen, stream, seed),
            _no_start,
            seed,
            self._too_long(chosen),
        )

    def _too_long(self, chosen: GenerationOptions) -> str:
        """For what prompts are cut, and what helps."""
        if chosen.max_length is not None and chosen.max_length < self.limit:
            return (
                f"max_length={chosen.max_length} and lost their beginning: expected shorter ones. Next: a larger max_length, or "
                "max_new_tokens instead"
            )
        written = "" if chosen.max_length is not None else f", {chosen.max_new_tokens:,} of them to write"
        return (
            f"{self.name} ({self.limit:,} tokens{written}) and lost their beginning: expected shorter ones. Next: "
            "a smaller max_new_tokens, or a model with more positions"
        )

    def _fast(self, device: torch.device) -> torch.dtype:
        """float32 on a CPU: for one token at a time bf16 gains nothing."""
        import torch

        return torch.float32 if device.type == "cpu" else super()._fast(device)

    def _prompts(
        self, chosen: GenerationOptions, room: int, seen: Counter[str], texts: list[str]
    ) -> list[Row]:
        """Prompts without the tokens that end a text; the last ``room`` tokens of what is too long."""
        from zhnlp.tokenizers import encode_prompt

        with untruncated(self.tokenizer):
            prompts = [encode_prompt(self.tokenizer, text) for text in texts]
        rows = []
        if len(seen) > REMEMBERED:
            seen.clear()
        for text, ids in zip(texts, prompts):
            if cut := len(ids) > room:
                start = ids[: int(room > 1 and ids[0] == self.tokenizer.bos_token_id)]
                ids = start + self._from_whole_character(ids[len(ids) - room + len(start) :])
            positions = (len(ids) + self._most(chosen, len(ids))) * chosen.width
            rows.append(Row(ids, (text, seen[text]), cut, positions))
            seen[text] += 1
        return rows

    def _write(
        self,
        chosen: GenerationOptions,
        stream: Callable[[str], Any] | None,
        seed: int | None,
        rows: list[Row],
    ) -> list[Any]:
        from zhnlp.decoding import generate

        ids, mask = (x.to(self.device) for x in pad([row.ids for row in rows], self._pad, left=True))
        groups = generate(
            self._step(self._reader, chosen.condition, chosen.guidance, mask),
            ids,
            chosen.decoding(
                end=self._ends,
                forbidden=self._never,
                most=[self._most(chosen, len(row.ids)) for row in rows],
                seeds=None if seed is None else [_own_seed(seed, *row.source) for row in rows],
            ),
            prefix_mask=mask,
            text=self._text,
            stream=stream,
        )
        results = [[_continuation(one) for one in group] for group in groups]
        return [group[0] for group in results] if chosen.num_return == 1 else results

    @cached_property
    def _reader(self) -> PreTrainedModel:
        """The model to read with; one that was given may still change, so of that no copy is made."""
        from zhnlp.models.packed_linear import pack_linear

        ours = self._given is None or isinstance(self._given, (str, Path))
        return pack_linear(self.model) if ours else self.model

    @property
    def _pad(self) -> int:
        return next(one for one in (self.tokenizer.pad_token_id, *self._ends, 0) if one is not None)

    @property
    def _ends(self) -> list[int]:
        """Ids that end a text: of the tokenizer, and those the model itself names."""
        named = getattr(self.model.generation_config, "eos_token_id", None)
        named = named if isinstance(named, list) else [named]
        ids = [self.tokenizer.eos_token_id, *named]
        return list(
            dict.fromkeys(one for one in ids if one is not None and 0 <= one < self.model.config.vocab_size)
        )

    @cached_property
    def _never(self) -> list[int]:
        """Ids that are not written: special tokens, and those that the tokenizer lacks."""
        size = self.model.config.vocab_size
        special = (token for token in self.tokenizer.all_special_ids if token < size)
        return sorted({*special, *range(len(self.tokenizer), size)} - set(self._ends))

    def _most(self, chosen: GenerationOptions, prompt: int) -> int:
        """Tokens that may be written after a prompt of so many."""
        if chosen.max_length is None:
            return chosen.max_new_tokens
        return min(self.limit, chosen.max_length) - prompt

    def _from_whole_character(self, ids: list[int]) -> list[int]:
        """The ids without those at their beginning that are the rest of a character of bytes."""
        for start in range(min(4, len(ids))):  # UTF-8 has at most four bytes
            if not self.tokenizer.decode(ids[start : start + 4]).startswith(BROKEN):
                return ids[start:]
        return ids

    def _text(self, tokens: list[int]) -> str:
        """What tokens say; bytes that are no whole character, or not yet, say nothing."""
        from zhnlp.tokenizers import join_chinese

        text = self.tokenizer.decode(tokens, skip_special_tokens=True).replace(BROKEN, "")
        if tokens and self.tokenizer.convert_ids_to_tokens(tokens[0]).startswith("##"):
            text = text.removeprefix("##")  # goes on with a word of the prompt
        return join_chinese(text) if self._puts_blanks else text

    @cached_property
    def _puts_blanks(self) -> bool:
        """Whether decoding puts blanks between characters, as BERT's tokenizers do and those of bytes do not."""
        with untruncated(self.tokenizer) as backend:
            ids = backend.encode("的的", add_special_tokens=False).ids
        return " " in self.tokenizer.decode(ids)


def _no_start(row: Row) -> Any:
    raise ValueError("text-generation got an empty prompt: expected a character or more to go on from")


def _continuation(written: Hypothesis) -> Continuation:
    return Continuation(text=written.text, score=written.log_probability / written.length)


def _own_seed(seed: int, text: str, copy: int) -> int:
    """The seed of one prompt of a call: by what it says, and how often it was there before."""
    said = f"{seed} {copy} {text}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), "big")
