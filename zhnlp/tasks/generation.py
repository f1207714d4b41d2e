"""pipeline("text-generation"): go on from a prompt with a causal language model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.models.batching import pad
from zhnlp.tasks.batching import Row
from zhnlp.tasks.model import ModelPipeline, check_seed
from zhnlp.tasks.streaming import TextStreamer
from zhnlp.tokenizers.untruncated import untruncated

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SCORED = 2**24  # logits that are held at a time to score what was written (64 MiB in float32)


class Continuation(TypedDict):
    """What was written, without the prompt, and its mean log-probability a token (nats, 0 or less)."""

    text: str
    score: float


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; see `TextGeneration`."""

    max_new_tokens: int = 64
    max_length: int | None = None
    num_return: int = 1
    temperature: float = 0.8
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.1

    def __post_init__(self):
        for name, least in (("max_new_tokens", 1), ("max_length", 1), ("num_return", 1), ("top_k", 0)):
            value = getattr(self, name)
            if name == "max_length" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}={value!r} is not possible: expected {least} or more")
        for name, low, high in (("temperature", 0, 100), ("top_p", 0, 1), ("repetition_penalty", 0, 100)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise ValueError(f"{name}={value!r} is not possible: expected {low} to {high}")
            if value == 0 and name != "temperature":
                raise ValueError(f"{name}=0 is not possible: expected more than 0")
        if self.temperature == 0 and self.num_return > 1:
            raise ValueError(
                f"num_return={self.num_return} with temperature=0 would be the same text each time: expected 1, or a "
                "temperature above 0"
            )


class TextGeneration(ModelPipeline):
    """Write on from a prompt: each next token drawn from a causal language model of the tokens so far.

    Args:
        model: shipped name, folder or Hub id of a causal model (GPT-2, GPT-NeoX, Llama, Qwen …).
        max_new_tokens: the most tokens to write; max_length: the most tokens together with those of the prompt.
        num_return: texts for each prompt.
        temperature: above 0; 0 always takes the likeliest token. Smaller is safer and duller.
        top_k: draw among the likeliest so many (0: all); top_p: among the likeliest that together have this probability.
        repetition_penalty: above 1 makes tokens that were there already less likely.
        **loading: options of every task with a model, listed by ``help()``; with ``seed=`` the same call writes the same.

    One prompt gives ``{"text", "score"}``, or with ``num_return`` above 1 a list of them, best first.  ``text`` does not hold the
    prompt and ends where the model ends or at the limit; special tokens and [UNK] are never written.  ``score`` is the mean
    log-probability of its tokens in nats by the model itself, whatever temperature or penalty drew them.  A prompt too
    long for the model loses its beginning, and is counted as cut.

    Raises:
        ValueError: an option is out of its range, or leaves no room for the prompt; an empty prompt, where the model has no
            token to begin with; a masked model; one that gives nan.

    Example:
        >>> from zhnlp import pipeline
        >>> pipe = pipeline("text-generation", max_new_tokens=20, seed=0)
        >>> written = pipe("春天来了，")
        >>> sorted(written), written == pipe("春天来了，")
        (['score', 'text'], True)

    Source: transformers' ``generate``; 苏剑林, https://kexue.fm/archives/7292 (Chinese GPT-2)
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
        num_return: int = 1,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 0.95,
        repetition_penalty: float = 1.1,
        **loading: Any,
    ):
        self.sampling = Sampling(
            max_new_tokens, max_length, num_return, temperature, top_k, top_p, repetition_penalty
        )
        super().__init__(model, **loading)

    def __call__(
        self,
        texts: Any,
        *,
        stream: Callable[[str], Any] | None = None,
        seed: int | None = None,
        **sampling: Any,
    ) -> Any:
        """Write on from a prompt, a list or tuple of prompts, or an iterator of prompts.

        Args:
            stream: called with each new piece of text as it is written; for one prompt and one text.
            seed: instead of that of the pipeline, for this call.
            **sampling: options of the class, for this call.

        Raises:
            TypeError: what was given is no text, or an option is not known.
            ValueError: as for the class.
        """
        if unknown := sampling.keys() - Sampling.__dataclass_fields__.keys():
            raise TypeError(
                f"text-generation has no option {', '.join(sorted(unknown))}: expected {', '.join(Sampling.__dataclass_fields__)}, "
                "stream or seed"
            )
        chosen = replace(self.sampling, **sampling)
        check_seed(seed)
        if stream is not None and (not isinstance(texts, str) or chosen.num_return > 1):
            raise ValueError(
                "stream= got several texts to write: expected one prompt (a str) and num_return=1"
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
        return self._map(
            texts,
            partial(self._prompts, chosen, kept),
            partial(self._write, chosen, stream),
            _no_start,
            self.seed if seed is None else seed,
            self._too_long(chosen),
        )

    def _too_long(self, chosen: Sampling) -> str:
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

    def _prompts(self, chosen: Sampling, room: int, texts: list[str]) -> list[Row]:
        """Prompts without the tokens that end a text; the last ``room`` tokens of what is too long."""
        from zhnlp.tokenizers import encode_prompt

        with untruncated(self.tokenizer):
            prompts = [encode_prompt(self.tokenizer, text) for text in texts]
        rows = []
        for text, ids in zip(texts, prompts):
            if cut := len(ids) > room:
                start = ids[: int(room > 1 and ids[0] == self.tokenizer.bos_token_id)]
                ids = start + ids[len(ids) - room + len(start) :]
            positions = (len(ids) + self._most(chosen, len(ids))) * chosen.num_return
            rows.append(Row(ids, text, cut, positions))
        return rows

    def _write(self, chosen: Sampling, stream: Callable[[str], Any] | None, rows: list[Row]) -> list[Any]:
        starts = [row.ids for row in rows for _ in range(chosen.num_return)]
        ends = []
        for group in self._together(chosen, rows):
            ends += self._continue(chosen, stream, group)
        scores = self._scores(starts, ends)
        results = [Continuation(text=self._text(tokens), score=score) for tokens, score in zip(ends, scores)]
        if chosen.num_return == 1:
            return results
        groups = [results[at : at + chosen.num_return] for at in range(0, len(results), chosen.num_return)]
        return [sorted(group, key=lambda one: -one["score"]) for group in groups]

    def _check_logits(self, ids: Tensor, logits: Tensor) -> Tensor:
        """The logits (B, V) of the next tokens, where -inf forbids one; nan and inf would be drawn as if they meant something."""
        self._finite(logits.nan_to_num(nan=math.inf, posinf=math.inf, neginf=0.0), "logits")
        return logits

    def _together(self, chosen: Sampling, rows: list[Row]) -> Iterator[list[Row]]:
        """Neighbouring rows that can be written to their own limits together: none then outgrows the model."""
        spare = self.limit if chosen.max_length is None else max(0, self.limit - chosen.max_length)
        group: list[Row] = []
        for row in rows:
            lengths = [len(one.ids) for one in (*group, row)]
            if max(lengths) - min(lengths) > spare:
                yield group
                group = []
            group.append(row)
        yield group

    def _continue(
        self, chosen: Sampling, stream: Callable[[str], Any] | None, rows: list[Row]
    ) -> list[list[int]]:
        """What is written behind each row, ``num_return`` times, with the token that ends it."""
        import torch

        ids, mask = (x.to(self.device) for x in pad([row.ids for row in rows], self._pad, left=True))
        first = torch.tensor([row.ids[:1] for row in rows], device=self.device)
        ids = torch.where(mask.bool(), ids, first)  # no token that is not there is penalised as repeated
        length = ids.shape[1]
        streamer = None if stream is None else TextStreamer(self._text, stream)
        tokens = max(self._most(chosen, len(row.ids)) for row in rows)
        written = self.model.generate(
            ids,
            attention_mask=mask,
            generation_config=self._generation(chosen, tokens),
            logits_processor=[self._check_logits],
            streamer=streamer,
        )[:, length:]
        if streamer is not None:
            streamer.finish()
        mosts = [self._most(chosen, len(row.ids)) for row in rows for _ in range(chosen.num_return)]
        return [self._until_end(row, most) for row, most in zip(written.tolist(), mosts)]

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

    def _most(self, chosen: Sampling, prompt: int) -> int:
        """Tokens that may be written after a prompt of so many."""
        if chosen.max_length is None:
            return chosen.max_new_tokens
        return min(self.limit, chosen.max_length) - prompt

    def _generation(self, chosen: Sampling, tokens: int) -> Any:
        from transformers import GenerationConfig

        ends = self._ends
        size = self.model.config.vocab_size
        never = set(self.tokenizer.all_special_ids) | set(range(len(self.tokenizer), size))
        drawn = chosen.temperature > 0
        warping = (
            {"temperature": chosen.temperature, "top_k": chosen.top_k, "top_p": chosen.top_p} if drawn else {}
        )
        return GenerationConfig(
            max_new_tokens=tokens,
            num_return_sequences=chosen.num_return,
            do_sample=drawn,
            repetition_penalty=chosen.repetition_penalty,
            suppress_tokens=sorted(never - set(ends)) or None,
            bos_token_id=self.tokenizer.bos_token_id,
            eos_token_id=ends or None,
            pad_token_id=self._pad,
            **warping,
        )

    def _until_end(self, tokens: list[int], most: int) -> list[int]:
        """What was written up to the end, that end included."""
        ends = set(self._ends)
        stop = next((place + 1 for place, token in enumerate(tokens) if token in ends), len(tokens))
        return tokens[: min(stop, most)]

    def _scores(self, starts: Sequence[list[int]], ends: Sequence[list[int]]) -> list[float]:
        """Mean log-probability of each continuation, from one more pass over the whole texts, some rows at a time."""
        longest = max(map(len, ends))
        step = max(1, SCORED // (longest * self.model.config.vocab_size))
        scores: list[float] = []
        for at in range(0, len(ends), step):
            scores += self._score(starts[at : at + step], ends[at : at + step])
        return scores

    def _score(self, starts: Sequence[list[int]], ends: Sequence[list[int]]) -> list[float]:
        import torch

        from zhnlp.models.positions import logits_at

        ids, mask = (x.to(self.device) for x in pad([a + b for a, b in zip(starts, ends)], self._pad))
        length = ids.shape[1]
        places, targets = [], []
        for number, (start, end) in enumerate(zip(starts, ends)):
            first = number * length + len(start) - 1
            places += range(first, first + len(end))
            targets += end
        where: Tensor = torch.tensor(places, device=self.device)
        logits = logits_at(self.model, where, input_ids=ids, attention_mask=mask, use_cache=False)  # (M, V)
        likely = []
        for part, target in zip(logits.split(256), torch.tensor(targets, device=self.device).split(256)):
            part = part.float()
            likely.append(part.gather(1, target[:, None])[:, 0] - part.logsumexp(-1))
        return [part.mean().item() for part in torch.cat(likely).split([len(end) for end in ends])]

    def _text(self, tokens: list[int]) -> str:
        from zhnlp.tokenizers import join_chinese

        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
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
