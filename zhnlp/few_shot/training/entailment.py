"""EFL: a label is a sentence about the text, and the slot says yes or no.

Source: Wang et al. 2021, https://arxiv.org/abs/2104.14690
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.few_shot.training.rows import Cloze, Word
from zhnlp.few_shot.training.samples import Labelled

if TYPE_CHECKING:
    from zhnlp.few_shot.verbalizer import Verbalizer

NEGATIVES = 1  # wrong labels a text and pass


class Entailment:
    """Clozes with ``{label}``: a right description wants yes, sampled wrong ones want no.

    Args:
        yes, no: ids of the words for each.
        descriptions: of each class what may stand at ``{label}``, one of which is drawn; those of a sample of its own go
            first.
        negatives: wrong classes for each text and pass; with as many as there are, all of them.

    Example:
        >>> pairs = Entailment([(5,)], [(6,)], [["体育"], ["财经"], ["科技"]], negatives=5)
        >>> found = pairs.clozes(Labelled({"text": "进球"}, (1.0, 0.0, 0.0)), np.random.default_rng(0))
        >>> [(cloze.label, cloze.answers[0][1], cloze.wrong) for cloze in found][:2]
        [('体育', ((5,),), ((6,),)), ('财经', ((6,),), ((5,),))]
    """

    def __init__(
        self,
        yes: Sequence[Word],
        no: Sequence[Word],
        descriptions: Sequence[Sequence[str]] = (),
        *,
        negatives: int = NEGATIVES,
    ):
        if negatives < 1:
            raise ValueError(f"negatives is {negatives}: expected 1 wrong label a text, or more")
        self.yes, self.no, self.negatives = tuple(yes), tuple(no), negatives
        self.descriptions = tuple(tuple(own) for own in descriptions)

    @classmethod
    def of(cls, entailment: Verbalizer, verbalizer: Verbalizer | None = None) -> Entailment:
        """From the verbalizer of no (class 0) and yes (class 1), and the one whose words describe the labels."""
        no, yes = ([ids for owner, _, ids in entailment.words if owner == number] for number in (0, 1))
        words = [] if verbalizer is None else verbalizer.words
        classes = range(0 if verbalizer is None else len(verbalizer.classes))
        return cls(yes, no, [[word for owner, word, _ in words if owner == number] for number in classes])

    def clozes(self, sample: Labelled, rng: np.random.Generator) -> list[Cloze]:
        """The right description (of a soft label, one drawn by its share), then wrong ones."""
        descriptions = sample.descriptions or self.descriptions
        shares = np.asarray(sample.shares)
        right = int(rng.choice(len(shares), p=shares / shares.sum()))
        others = rng.permutation([number for number in range(len(shares)) if number != right])
        chosen = [right, *np.sort(others[: self.negatives]).tolist()]
        return [
            Cloze(
                sample.example,
                ((1.0, self.yes if number == right else self.no),),
                self.no if number == right else self.yes,
                descriptions[number][rng.integers(len(descriptions[number]))],
                tuple(word for own in descriptions for word in own),
            )
            for number in chosen
        ]

    def open_cloze(self, example: Mapping[str, str], rng: np.random.Generator) -> Cloze:
        """A text with the description of any label and no answer."""
        words = tuple(word for own in self.descriptions for word in own)
        return Cloze(example, (), (), words[rng.integers(len(words))], words)
