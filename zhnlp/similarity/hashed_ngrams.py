"""Vectors without a model: character n-grams, hashed to places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from zhnlp.text.files import write_whole
from zhnlp.text.width import fold_characters

COMMON = frozenset("怎么样如何为什哪里多少几吗呢的了是在我你您请问可以能不有会要吧啊把和与到就都也还想一个")
"""Characters of questions in general: an n-gram weighs by the share of others in it, a tenth at least."""
FILE, FORMAT = "hashed_ngrams.json", "zhnlp hashed ngrams 1"


class HashedNgrams:
    """An encoder that learnt nothing: texts are near when they share characters and runs of characters.

    Each n-gram adds ± (1 + ln count) · weight to a place that its hash names, in lower case and half width; blanks are
    left out, and question words weigh little.

    Args:
        width: D; more places, fewer n-grams that share one.
        longest: of the n-grams, in characters.

    Example:
        >>> vectors = HashedNgrams().encode(["怎么退款", "怎么才能退款", "明天下雨"])
        >>> [round(float(cosine), 2) for cosine in vectors @ vectors[0]]
        [1.0, 0.64, 0.0]

    References:
        Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009, arXiv 0902.2206
    """

    @property
    def size(self) -> int:
        """D."""
        return self.width

    def __init__(self, width: int = 512, longest: int = 3):
        if width < 1 or longest < 1:
            raise ValueError(f"got width={width}, longest={longest}: expected 1 or more of both")
        self.width, self.longest = width, longest

    def encode(self, texts: Sequence[str], **options: object) -> np.ndarray:
        """(N, D) in float32 of length 1; zeros for a text of blanks.  Options of other encoders change nothing here."""
        vectors = np.zeros((len(texts), self.width), np.float32)
        for vector, text in zip(vectors, texts):
            plain = "".join(fold_characters(text).lower().split())
            grams = Counter(
                plain[begin : begin + n]
                for n in range(1, self.longest + 1)
                for begin in range(len(plain) - n + 1)
            )
            for gram, count in grams.items():
                code = crc32(gram.encode("utf-8", "surrogatepass"))
                weight = (1 + np.log(count)) * max(sum(c not in COMMON for c in gram) / len(gram), 0.1)
                vector[(code >> 1) % self.width] += weight if code & 1 else -weight
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)

    def save(self, folder: str | Path) -> None:
        """Write ``hashed_ngrams.json`` into a folder."""
        settings = {"format": FORMAT, "width": self.width, "longest": self.longest}
        write_whole(Path(folder) / FILE, json.dumps(settings) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> HashedNgrams:
        """What `save` wrote.  Raises ValueError where it is something else."""
        path = Path(folder) / FILE
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
            if settings["format"] != FORMAT:
                raise ValueError(settings["format"])
            return cls(int(settings["width"]), int(settings["longest"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not one of HashedNgrams.save ({error!r:.80})") from error
