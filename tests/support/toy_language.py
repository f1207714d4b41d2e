"""A language of a few words whose next word depends on the last two: small enough to write down every text."""

import itertools

import torch

from zhnlp.decoding import StepOutput

END = 0


class ToyLanguage:
    """Word 0 ends a text.  The cache is the last word of each row; attention (over 3 positions) depends on the last word.

    Attributes:
        rows: how many rows each step was asked for.
    """

    def __init__(self, seed=0, words=5, sharpness=2.0):
        chance = torch.Generator().manual_seed(seed)
        self.words = words
        self.table = (
            torch.randn(words, words, words, generator=chance) * sharpness
        )  # before last, last → next
        self.shares = torch.rand(words, 3, generator=chance).softmax(-1)
        self.rows = []

    def step(self, tokens, cache):
        self.rows.append(len(tokens))
        before = tokens[:, -2] if cache is None else cache["last"]
        return StepOutput(
            self.table[before, tokens[:, -1]], {"last": tokens[:, -1]}, self.shares[tokens[:, -1]]
        )

    def log_p(self, prefix, text):
        """Sum of log p of a text, in nats."""
        whole = [*prefix, *text]
        chances = self.table.log_softmax(-1)
        return sum(
            chances[whole[at - 2], whole[at - 1], whole[at]].item() for at in range(len(prefix), len(whole))
        )

    def attended(self, prefix, text):
        """Attention (3,) summed over the words of a text."""
        whole = [*prefix, *text]
        return sum(self.shares[whole[at - 1]] for at in range(len(prefix), len(whole)))

    def texts(self, longest):
        """Every text: ended, or as long as it may be."""
        goes_on = range(1, self.words)
        for length in range(1, longest + 1):
            for words in itertools.product(goes_on, repeat=length - 1):
                yield (*words, END)
        yield from itertools.product(goes_on, repeat=longest)


def holds(text, phrase):
    """Whether the words of a phrase stand in a text one behind the other."""
    return any(tuple(text[at : at + len(phrase)]) == tuple(phrase) for at in range(len(text)))
