"""What a training goes through: labelled texts, texts with a guessed label, raw text; and the clozes they become.

C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.few_shot.training.rows import Cloze, RawText, Row, RowMaker, Word

if TYPE_CHECKING:
    from zhnlp.few_shot.training.entailment import Entailment
    from zhnlp.few_shot.verbalizer import Verbalizer


@dataclass(frozen=True)
class Labelled:
    """A text with the share (C,) of each class: one 1.0 for a label, several shares for a soft label.

    Attributes:
        words: ids of the words of each class, where they are this text's own (choice tasks).
        descriptions: what may stand at ``{label}`` for each class, where it is this text's own.
    """

    example: Mapping[str, str]
    shares: tuple[float, ...]
    words: tuple[tuple[Word, ...], ...] = ()
    descriptions: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Unlabelled:
    """A text whose label is not known, read inside the template: what P-tuning does with it."""

    example: Mapping[str, str]


def labelled(examples: Sequence[Mapping[str, str]], targets: Sequence[int], classes: int) -> list[Labelled]:
    """Texts with the numbers of their classes.

    Example:
        >>> labelled([{"text": "好"}], [1], 3)[0].shares
        (0.0, 1.0, 0.0)
    """
    rows = np.eye(classes)[np.asarray(targets, np.int64)]
    return [Labelled(example, tuple(row)) for example, row in zip(examples, rows.tolist(), strict=True)]


class ClassWords:
    """Clozes whose slot wants a word of the right class (PET).

    Args:
        words: of each class, in ids; those of a sample of its own go first.
    """

    def __init__(self, words: Sequence[Sequence[Word]] = ()):
        self.words = tuple(tuple(own) for own in words)

    @classmethod
    def of(cls, verbalizer: Verbalizer) -> ClassWords:
        """The label words of a verbalizer."""
        return cls(
            [
                [ids for owner, _, ids in verbalizer.words if owner == number]
                for number in range(len(verbalizer.classes))
            ]
        )

    @property
    def longest(self) -> int:
        """Tokens of the longest word."""
        return max(len(word) for own in self.words for word in own)

    def clozes(self, sample: Labelled, rng: np.random.Generator) -> list[Cloze]:
        """One cloze: the classes that may be right with their shares, the words of the others as wrong."""
        own = list(zip(sample.shares, sample.words or self.words, strict=True))
        answers = tuple((share, words) for share, words in own if share > 0)
        wrong = tuple(word for share, words in own if share == 0 for word in words)
        return [Cloze(sample.example, answers, wrong)]


class Draw:
    """The rows of a sample, made anew at each call: callable for `PromptCollator`.

    Args:
        maker: of rows; one of its templates is drawn each time.
        words: clozes of templates without ``{label}``.
        entailment: clozes of templates with it.
        conditioning: a labelled text also comes once more with a word filled in, the right one or a wrong one by a fair
            coin.
    """

    def __init__(
        self,
        maker: RowMaker,
        words: ClassWords | None = None,
        entailment: Entailment | None = None,
        *,
        conditioning: bool = False,
    ):
        self.maker, self.words, self.entailment, self.conditioning = maker, words, entailment, conditioning

    def __call__(self, sample: Labelled | Unlabelled | RawText, rng: np.random.Generator) -> list[Row]:
        if isinstance(sample, RawText):
            return [self.maker.text_row(sample, rng)]
        number = int(rng.integers(len(self.maker.templates)))
        if isinstance(sample, Unlabelled):
            described = self.maker.templates[number].has_label
            cloze = (
                self.entailment.open_cloze(sample.example, rng) if described else Cloze(sample.example, ())
            )
            return [self.maker.open_row(cloze, number, rng)]
        source = self.entailment if self.maker.templates[number].has_label else self.words
        clozes = source.clozes(sample, rng)
        rows = [self.maker.label_row(cloze, number, rng) for cloze in clozes]
        rows += [row for cloze, made in zip(clozes, rows) for row in self._contrast(cloze, number, made, rng)]
        if self.conditioning:
            sure = [cloze for cloze in clozes if len(cloze.answers) == 1 and cloze.wrong]
            rows += [self.maker.filled_row(cloze, number, bool(rng.random() < 0.5), rng) for cloze in sure]
        return rows

    def _contrast(self, cloze: Cloze, number: int, made: Row, rng: np.random.Generator) -> list[Row]:
        """Where words have several lengths: the text once more, with a slot of another length than was asked for."""
        words = [*cloze.wrong, *(word for _, own in cloze.answers for word in own)]
        others = sorted({len(word) for word in words} - {sum(question.slot for question in made.questions)})
        if not others or self.maker.causal:
            return []
        row = self.maker.contrast_row(cloze, number, others[rng.integers(len(others))])
        return [] if row is None else [row]
