"""pipeline("fill-mask"): which characters a masked model expects at each [MASK]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict

from zhnlp.models.batching import pad
from zhnlp.tasks.batching import Row
from zhnlp.tasks.model import ModelPipeline
from zhnlp.text import replace_surrogates
from zhnlp.tokenizers.untruncated import untruncated


class Filling(TypedDict):
    """One candidate: what it puts in, its probability (0 to 1), the text with it, and the id of its token."""

    token_str: str
    score: float
    sequence: str
    token: int


class FillMask(ModelPipeline):
    """Fill each [MASK] of a text with the tokens that a masked language model finds likeliest there.

    Args:
        model: shipped name, folder or Hub id of a masked model (BERT, RoFormer, RoBERTa, ModernBERT …).
        top_k: candidates of a mask (1 or more).
        targets: the only candidates, each one token of the vocabulary; None for all but special tokens.
        **loading: options of every task with a model, listed by ``help()``.

    One text gives a list of ``{"token_str", "score", "sequence", "token"}``, likeliest first; a text with several masks a
    list of such lists.  ``score`` is the probability over the whole vocabulary.  ``sequence`` is your own string with that one
    mask replaced and every other character, other masks too, as it was.  Of a text longer than the model the part around its
    masks is read, and it counts as cut.

    Raises:
        ValueError: a text has no mask, or masks too far apart; a target is no single token; the model has no mask, or
            gives nan.

    Example:
        >>> from zhnlp import pipeline
        >>> pipeline("fill-mask", top_k=1)("有一天，小白兔在森[MASK]里散步。")[0]["sequence"]
        '有一天，小白兔在森林里散步。'

    Source: 苏剑林, https://kexue.fm/archives/7764 (masked models as they come)
    """

    task = "fill-mask"
    head = "masked-lm"
    default = "zhnlp-mlm-small"

    def __init__(
        self, model: Any = None, *, top_k: int = 5, targets: str | Sequence[str] | None = None, **loading: Any
    ):
        self.top_k = _check_top_k(top_k)
        self.targets = None if targets is None else _check_targets(targets)
        super().__init__(model, **loading)

    def __call__(
        self, texts: Any, *, top_k: int | None = None, targets: str | Sequence[str] | None = None
    ) -> Any:
        """Fill a text, a list or tuple of texts, or an iterator of texts.

        Args:
            top_k, targets: instead of those of the pipeline, for this call.

        Raises:
            TypeError: what was given is no text, or targets are no tokens.
            ValueError: as for the class.
        """
        top_k = self.top_k if top_k is None else _check_top_k(top_k)
        allowed = self._allowed(self.targets if targets is None else targets)
        return self._map(
            texts, self._around_masks, partial(self._fill, min(top_k, len(allowed)), allowed), _no_mask
        )

    def _allowed(self, targets: str | Sequence[str] | None) -> list[int]:
        """Ids of the tokens that may be put in."""
        vocabulary = self.tokenizer.get_vocab()
        if self.tokenizer.mask_token_id is None:
            raise ValueError(
                f"{self.name} has no mask token: expected a masked model. Next: pipeline('text-generation')"
            )
        if targets is None:
            return sorted(
                set(range(min(len(self.tokenizer), self.model.config.vocab_size)))
                - set(self.tokenizer.all_special_ids)
            )
        ids = {}
        for target in _check_targets(targets):
            pieces = [target] if target in vocabulary else self._pieces(target)
            if len(pieces) != 1 or vocabulary[pieces[0]] == self.tokenizer.unk_token_id:
                raise ValueError(
                    f"the target {target!r} is {' '.join(pieces) or 'nothing'} for {self.name}: expected one token, as one "
                    f"{self.tokenizer.mask_token} is one. Next: a mask for each character"
                )
            ids[vocabulary[pieces[0]]] = None
        if not ids:
            raise ValueError(
                "targets is empty: expected one or more. Next: leave targets out for the whole vocabulary"
            )
        return list(ids)

    def _pieces(self, target: str) -> list[str]:
        with untruncated(self.tokenizer) as backend:
            return backend.encode(replace_surrogates(target), add_special_tokens=False).tokens

    def _around_masks(self, texts: list[str]) -> list[Row]:
        """Rows with the offsets of their masks; a long text is cut to the part around them."""
        mask = self.tokenizer.mask_token_id
        rows = []
        for number, row in enumerate(self._rows(texts)):
            text, encoding = row.source
            if row.cut:
                encoding = self._cut_around(text)
            where = [place for place, token in enumerate(encoding.ids) if token == mask]
            if not where:
                raise ValueError(
                    f"fill-mask got {_shown(text)} without {self.tokenizer.mask_token} (text {number} of its batch): expected "
                    f"one or more. Next: write {self.tokenizer.mask_token} where a character is to be found"
                )
            spans = [encoding.offsets[place] for place in where]
            rows.append(Row(encoding.ids, (text, where, spans), row.cut))
        return rows

    def _cut_around(self, text: str) -> Any:
        mask = self.tokenizer.mask_token_id
        with untruncated(self.tokenizer) as backend:
            bare = backend.encode(replace_surrogates(text), add_special_tokens=False)
            room = self.limit - backend.num_special_tokens_to_add(False)
            where = [place for place, token in enumerate(bare.ids) if token == mask]
            if not where:
                return bare
            first, last = where[0], where[-1]
            if last - first >= room:
                raise ValueError(
                    f"fill-mask got {_shown(text)}, whose masks are {last - first + 1:,} tokens apart: expected at most {room:,}, "
                    "which the model reads. Next: split the text"
                )
            begin = min(max(0, (first + last + 1 - room) // 2), len(bare.ids) - room)
            bare.truncate(begin + room)
            bare.truncate(room, direction="left")
            return backend.post_process(bare)

    def _fill(self, top_k: int, allowed: list[int], rows: list[Row]) -> list[Any]:
        import torch

        from zhnlp.models.positions import logits_at

        ids, mask = (
            x.to(self.device) for x in pad([row.ids for row in rows], self.tokenizer.pad_token_id or 0)
        )
        length = ids.shape[1]
        places = [number * length + place for number, row in enumerate(rows) for place in row.source[1]]
        logits = logits_at(
            self.model, torch.tensor(places, device=self.device), input_ids=ids, attention_mask=mask
        )
        chances = self._finite(logits.float().softmax(-1), "logits")[
            :, torch.tensor(allowed, device=self.device)
        ]  # (M, allowed)
        best = chances.topk(top_k)
        found = iter(zip(best.values.tolist(), best.indices.tolist()))
        results = []
        for row in rows:
            text, where, spans = row.source
            lists = [
                [self._filling(text, span, allowed[column], score) for score, column in zip(*next(found))]
                for span, _ in zip(spans, where)
            ]
            results.append(lists[0] if len(lists) == 1 else lists)
        return results

    def _filling(self, text: str, span: tuple[int, int], token: int, score: float) -> Filling:
        word = self._word(token)
        return {
            "token_str": word,
            "score": score,
            "sequence": text[: span[0]] + word + text[span[1] :],
            "token": token,
        }

    def _word(self, token: int) -> str:
        """What a token puts into the text: without the signs of pieces."""
        return self.tokenizer.decode([token]).strip(" ").removeprefix("##")


def _check_top_k(top_k: Any) -> int:
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
        raise ValueError(f"top_k={top_k!r} is not possible: expected 1 or more")
    return top_k


def _check_targets(targets: Any) -> list[str]:
    targets = [targets] if isinstance(targets, str) else targets
    good = isinstance(targets, Iterable) and not isinstance(targets, (bytes, Mapping))
    targets = list(targets) if good else targets
    if not good or not all(isinstance(target, str) for target in targets):
        raise TypeError(
            f"targets={targets!r} is not possible: expected tokens to choose from, such as targets=['好', '坏']"
        )
    return targets


def _no_mask(row: Row) -> Any:
    raise ValueError("fill-mask got a text without a token: expected a mask")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
