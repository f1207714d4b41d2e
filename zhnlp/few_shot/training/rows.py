"""From examples to what the network reads and is asked: the template filled in, the slot masked, the text corrupted.

L tokens of a row. A *question* is what a row is asked at one place: which tokens ought to stand there, or not.
A row is made anew each time it is met: template, label word and corruption are drawn.

Source: 苏剑林, https://kexue.fm/archives/7764 (masked models), https://kexue.fm/archives/8295 (causal models)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zhnlp.few_shot.prompt import spare_tokens
from zhnlp.few_shot.training.corruption import choose_places, corrupt, ordinary_tokens

if TYPE_CHECKING:
    from zhnlp.few_shot.prompt import Prompt
    from zhnlp.few_shot.template import Template

Word = tuple[int, ...]  # the ids of a label word


@dataclass(frozen=True)
class Cloze:
    """A text whose slot has an answer.

    Attributes:
        example: the fields of the template.
        answers: for each class that may be right its share (they add up to 1) and its words; one class with share 1 is a
            label, several are soft labels.
        wrong: words of other classes.
        label: what stands at ``{label}``.
        labels: all that may stand there: a long text is cut to what leaves room for each of them.
    """

    example: Mapping[str, str]
    answers: tuple[tuple[float, tuple[Word, ...]], ...]
    wrong: tuple[Word, ...] = ()
    label: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawText:
    """Text without a template, as the model reads it: ids (L,) and which of them may be asked for (L,)."""

    ids: tuple[int, ...]
    free: tuple[bool, ...]


class Question(NamedTuple):
    """What is asked at a place: tokens with their shares, which add up to 1 unless they are to be unlikely.

    Attributes:
        place: where the network answers; for a causal model the place before the token.
        slot: whether it is the label that is asked for.
    """

    place: int
    tokens: tuple[tuple[int, float], ...]
    slot: bool = False


@dataclass
class Row:
    """One row of a batch.

    Attributes:
        ids: (L,) as the network reads them.
        questions: what it is asked.
        soft: place and number of each trainable row.
        role: "label"; "contrast" (words of another length are to be unlikely in the slot); "text" (raw text); "right" or
            "wrong" (label conditioning).
    """

    ids: list[int]
    questions: list[Question]
    soft: list[tuple[int, int]] = field(default_factory=list)
    role: str = "label"


class RowMaker:
    """Makes rows of clozes and raw texts for one model.

    Args:
        templates: of the clozes; a row is made with one of them.
        limit: tokens of a row at most.
        longest: tokens of the longest label word; a text is cut to what leaves room for it, whichever word is asked for.
        mlm_rate: share of the free tokens that are asked for, in [0, 1).
        causal: the model reads from left to right: nothing is masked, the answer stands in the slot.

    Trainable tokens of several templates are numbered through: the second template goes on where the first ends.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        tokenizer: Any,
        *,
        limit: int,
        longest: int = 1,
        mlm_rate: float = 0.15,
        causal: bool = False,
    ):
        self.templates, self.tokenizer, self.limit = list(templates), tokenizer, limit
        self.longest, self.mlm_rate, self.causal = longest, mlm_rate, causal
        self.first_soft = np.cumsum([0, *(template.soft for template in templates)]).tolist()
        self._ordinary = ordinary_tokens(tokenizer)
        self._prompts: dict[tuple, Prompt] = {}
        self._spares: dict[tuple, dict[str, int]] = {}
        if not causal and tokenizer.mask_token_id is None:
            raise ValueError(
                "the tokenizer has no mask token: expected one such as [MASK]. Likely its model is causal. "
                "Next: a masked language model, such as zhnlp-mlm-small"
            )

    def label_row(self, cloze: Cloze, number: int, rng: np.random.Generator) -> Row:
        """The text in template ``number`` with its slot open: the label and ``mlm_rate`` of the free tokens are asked for."""
        wanted = _drawn_words(cloze, rng)
        if self.causal:  # one text can hold one answer
            shares = [share for share, _ in wanted]
            wanted = [(1.0, wanted[rng.choice(len(wanted), p=shares)][1])]
        else:
            wanted = _of_one_length(wanted, rng)
        prompt, soft = self._prompt(cloze, number, len(wanted[0][1]))
        if self.causal:
            return Row(*self._read_on(prompt, wanted[0][1], rng), soft)
        chosen = choose_places(prompt.free, self.mlm_rate, rng)
        ids = self._corrupted(prompt.ids, chosen, rng)
        questions = [
            Question(place, tuple((word[number], share) for share, word in wanted), True)
            for number, place in enumerate(prompt.slots)
        ]
        questions += [Question(place, ((prompt.ids[place], 1.0),)) for place in chosen.tolist()]
        return Row(ids, questions, soft)

    def contrast_row(self, cloze: Cloze, number: int, length: int) -> Row | None:
        """The slot as long as words of another length than `label_row` drew: the wrong ones are to be unlikely there.

        Without it a model that saw two masks only where the word of two characters was right would always say that word.
        None where such words are likely right, and for a causal model, in which all words begin at the same place.
        """
        words = [(share, word) for share, own in cloze.answers for word in own]
        words += [(0.0, word) for word in cloze.wrong]
        words = [(share, word) for share, word in words if len(word) == length]
        if self.causal or not words or max(share for share, _ in words) > 0.5:
            return None
        prompt, soft = self._prompt(cloze, number, length)
        questions = []
        for column, place in enumerate(prompt.slots):
            away = {word[column]: 1.0 - share for share, word in words}
            questions.append(Question(place, tuple(away.items()), True))
        return Row(list(prompt.ids), questions, soft, "contrast")

    def open_row(self, cloze: Cloze, number: int, rng: np.random.Generator) -> Row:
        """The text in template ``number`` with its slot open and not asked for; a causal model is asked what stands before."""
        prompt, soft = self._prompt(cloze, number, 1)
        free = np.array(prompt.free)
        if self.causal:
            free[0], free[prompt.slots[0] :] = False, False
        chosen = choose_places(free, self.mlm_rate, rng)
        questions = [Question(place - self.causal, ((prompt.ids[place], 1.0),)) for place in chosen.tolist()]
        ids = prompt.ids if self.causal else self._corrupted(prompt.ids, chosen, rng)
        return Row(list(ids), questions, soft, "text")

    def filled_row(self, cloze: Cloze, number: int, right: bool, rng: np.random.Generator) -> Row:
        """The text with a right or a wrong word in its slot; the free tokens are asked for (ADAPET, arXiv 2103.11955)."""
        words = cloze.answers[0][1] if right else cloze.wrong
        word = words[rng.integers(len(words))]
        prompt, soft = self._prompt(cloze, number, len(word))
        free = np.array(prompt.free)
        if self.causal:
            free[: prompt.slots[0]] = False  # what stands before the word does not know it
        chosen = choose_places(free, self.mlm_rate, rng)
        ids = _filled(prompt, word)
        if not self.causal:
            ids = self._corrupted(ids, chosen, rng)
        shift = int(self.causal)
        questions = [Question(place - shift, ((prompt.ids[place], 1.0),)) for place in chosen.tolist()]
        return Row(ids, questions, soft, "right" if right else "wrong")

    def text_row(self, text: RawText, rng: np.random.Generator) -> Row:
        """Raw text: ``mlm_rate`` of its tokens, for a causal model all of them."""
        if self.causal:
            places = [place for place, free in enumerate(text.free) if free and place]
            questions = [Question(place - 1, ((text.ids[place], 1.0),)) for place in places]
            return Row(list(text.ids), questions, role="text")
        chosen = choose_places(text.free, self.mlm_rate, rng)
        ids = self._corrupted(text.ids, chosen, rng)
        questions = [Question(place, ((text.ids[place], 1.0),)) for place in chosen.tolist()]
        return Row(ids, questions, role="text")

    def _corrupted(self, ids: Sequence[int], chosen: np.ndarray, rng: np.random.Generator) -> list[int]:
        return corrupt(ids, chosen, self.tokenizer.mask_token_id, self._ordinary, rng)

    def _read_on(
        self, prompt: Prompt, word: Word, rng: np.random.Generator
    ) -> tuple[list[int], list[Question]]:
        """For a causal model: the word and all that follows it, and ``mlm_rate`` of what stands before."""
        ids, first = _filled(prompt, word), prompt.slots[0]
        if not first:
            raise ValueError(
                "the blank comes first, and the tokenizer has no token that begins a text: nothing comes before the label word. "
                "Next: put a word before {mask}"
            )
        before = np.array(prompt.free)
        before[0], before[first:] = False, False
        places = choose_places(before, self.mlm_rate, rng).tolist()
        after = [place for place in range(first, len(ids)) if place not in prompt.soft]
        questions = [Question(place - 1, ((ids[place], 1.0),), True) for place in after]
        return ids, questions + [Question(place - 1, ((ids[place], 1.0),)) for place in places]

    def _prompt(self, cloze: Cloze, number: int, masks: int) -> tuple[Prompt, list[tuple[int, int]]]:
        key = (number, masks, cloze.label, *cloze.example.items())
        if key not in self._prompts:
            (self._prompts[key],) = self.templates[number].encode(
                self.tokenizer,
                [cloze.example],
                masks=masks,
                limit=self.limit - max(0, self.longest - masks),
                label=cloze.label,
                spare=self._spare(number, cloze),
                words=[(0,) * masks]
                if self.causal
                else None,  # filled in later; such a tokenizer has no mask
            )
        prompt = self._prompts[key]
        return prompt, [(place, self.first_soft[number] + row) for row, place in enumerate(prompt.soft)]

    def _spare(self, number: int, cloze: Cloze) -> int:
        """Tokens that stay free for longer descriptions of labels."""
        if not cloze.labels:
            return 0
        key = (number, cloze.labels)
        if key not in self._spares:
            spares = spare_tokens(self.templates[number], self.tokenizer, cloze.labels)
            self._spares[key] = dict(zip(cloze.labels, spares))
        return self._spares[key][cloze.label]


def _filled(prompt: Prompt, word: Word) -> list[int]:
    ids = list(prompt.ids)
    for place, token in zip(prompt.slots, word, strict=True):
        ids[place] = token
    return ids


def _drawn_words(cloze: Cloze, rng: np.random.Generator) -> list[tuple[float, Word]]:
    """One word for each class that may be right."""
    return [(share, words[rng.integers(len(words))]) for share, words in cloze.answers]


def _of_one_length(words: list[tuple[float, Word]], rng: np.random.Generator) -> list[tuple[float, Word]]:
    """Words that fit into the same slot, their shares adding up to 1; a length is drawn by its share."""
    lengths = sorted({len(word) for _, word in words})
    shares = np.array([sum(share for share, word in words if len(word) == length) for length in lengths])
    place = int(rng.choice(len(lengths), p=shares / shares.sum())) if len(lengths) > 1 else 0
    return [(share / shares[place], word) for share, word in words if len(word) == lengths[place]]
