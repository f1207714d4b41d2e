"""Vectors of the characters of a text: TF-IDF of hashed n-grams, brought to few dimensions by SVD and whitened.

No network, no words, a few seconds to learn: what a trained encoder has to beat, and what serves where none does.

N texts, V buckets, k dimensions.

Source: whitening after 苏剑林, https://kexue.fm/archives/8069
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.text.files import atomic_file, write_whole
from zhnlp.text.width import fold_characters

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT = "zhnlp character n-grams 1"
SETTINGS, WEIGHTS = "character_ngrams.json", "character_ngrams.safetensors"
_TOGETHER = 8192  # texts that are counted at a time


@dataclass
class CharacterNgramEncoder:
    """Sentence vectors from counts of characters, learnt from texts without labels.

    Full-width and half-width, capitals and small letters are the same, blanks nothing.  A text of unknown n-grams alone, or
    an empty one, is the vector of zeros.

    Args:
        dimensions: k, of the vectors.
        longest: n-grams of 1 to so many characters are counted.
        buckets: V, into which they are hashed, a power of two.
        whiten: every dimension gets the same variance on the texts that were learnt from, the rare ones included; without,
            the common ones weigh more.
        seed: of the SVD.

    Example:
        >>> texts = ["今天天气很好", "明天下雨", "股票涨了", "天气不好", "股票又跌了"]
        >>> encoder = CharacterNgramEncoder(dimensions=3).fit(texts)
        >>> query, near, far = encoder.encode(["股票跌了", "股票涨了", "明天下雨"], normalize=True)
        >>> bool(query @ near > query @ far), encoder.size
        (True, 3)
    """

    dimensions: int = 256
    longest: int = 3
    buckets: int = 2**16
    whiten: bool = False
    seed: int = 0

    def __post_init__(self):
        for name, least in (("dimensions", 1), ("longest", 1), ("buckets", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}={value!r} is not possible: expected a whole number of {least} or more")
        if self.buckets & (self.buckets - 1) or self.dimensions >= self.buckets:
            raise ValueError(
                f"buckets={self.buckets:,} with dimensions={self.dimensions:,}: expected a power of two above the dimensions"
            )
        self.idf: np.ndarray | None = None  # (V,)
        self.map: np.ndarray | None = None  # (V, k)
        self.mean: np.ndarray | None = None  # (k,)

    @property
    def size(self) -> int:
        """k."""
        return self.dimensions

    def fit(self, texts: Iterable[str], *, progress: bool | None = False) -> CharacterNgramEncoder:
        """Learn document frequencies, directions and, if so asked, variances.

        Raises:
            ValueError: the texts are too few, or too alike, for so many dimensions.
        """
        from scipy.sparse import vstack
        from sklearn.decomposition import TruncatedSVD

        bar = Progress(progress)
        with bar.stage("n-grams", None, "text"):
            parts = [self._counts(window) for window in _windows(texts)]
        counts = vstack(parts).tocsr() if parts else None
        documents = 0 if counts is None else counts.shape[0]
        if documents <= self.dimensions:
            raise ValueError(
                f"{documents:,} texts for {self.dimensions:,} dimensions: expected more texts than dimensions. Next: "
                f"CharacterNgramEncoder(dimensions={max(1, documents // 4)}), or more texts"
            )
        seen = np.bincount(counts.indices, minlength=self.buckets)
        self.idf = np.where(seen > 0, np.log((1 + documents) / (1 + seen)) + 1, 0).astype(np.float32)
        weighted = self._weighted(counts)
        with bar.stage("SVD", None, "text"):
            svd = TruncatedSVD(self.dimensions, algorithm="randomized", n_iter=4, random_state=self.seed).fit(weighted)
        axes = svd.components_.T.astype(np.float32)  # (V, k)
        vectors = weighted @ axes
        rank = int((svd.singular_values_ > svd.singular_values_[0] * 1e-5).sum())
        if rank < self.dimensions:
            raise ValueError(
                f"{documents:,} texts vary in {rank} directions: expected {self.dimensions:,} or more. Next: "
                f"CharacterNgramEncoder(dimensions={rank}) or fewer, or texts that differ"
            )
        self.map, self.mean = axes, np.zeros(self.dimensions, np.float32)
        if self.whiten:
            import torch

            from zhnlp.nn.whitening import Whitening

            learnt = Whitening().fit(torch.from_numpy(vectors))
            kernel = learnt.kernel.numpy()
            self.map = (axes @ kernel).astype(np.float32)
            self.mean = (learnt.mean.numpy() @ kernel).astype(np.float32)
        return self

    def encode(
        self, texts: str | Iterable[str], *, normalize: bool = False, progress: bool | None = False, **_: object
    ) -> np.ndarray:
        """Vectors (N, k) in float32 in the order of the texts; (k,) of a single text.

        Args:
            texts: a text, or an iterable of texts.
            normalize: vectors of length 1, zeros aside.
            progress: a bar on stderr; None for a terminal only.

        Raises:
            TypeError: what was given is no text.
            ValueError: nothing was learnt.
        """
        if isinstance(texts, str):
            return self.encode([texts], normalize=normalize)[0]
        if self.map is None:
            raise ValueError("nothing was learnt: expected fit(texts) or load(folder) before encode")
        bar, parts, blank = Progress(progress), [], 0
        known = len(texts) if isinstance(texts, (list, tuple)) else None
        with bar.stage("encode", known, "text"):
            for window in _windows(texts):
                weighted = self._weighted(self._counts(window))
                empty = np.diff(weighted.indptr) == 0
                found = weighted @ self.map - self.mean
                found[empty] = 0
                blank += int(empty.sum())
                parts.append(found.astype(np.float32))
                bar.advance(len(window))
        if blank:
            warnings.warn(
                f"{blank:,} texts have no known n-gram and are vectors of zeros: expected texts of the kind that was learnt",
                stacklevel=2,
            )
        vectors = np.concatenate(parts) if parts else np.zeros((0, self.size), np.float32)
        if normalize:
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(length > 0, length, 1)
        return vectors

    def save(self, folder: str | Path) -> Path:
        """Write ``character_ngrams.json`` and, in float16, ``character_ngrams.safetensors``."""
        from safetensors.numpy import save_file

        if self.map is None:
            raise ValueError("nothing was learnt: expected fit(texts) before save")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        used = np.flatnonzero(self.idf)
        tensors = {
            "buckets": used.astype(np.int32),
            "idf": self.idf[used],
            "map": self.map[used].astype(np.float16),
            "mean": self.mean,
        }
        with atomic_file(folder / WEIGHTS) as temporary:
            save_file(tensors, temporary)
        write_whole(folder / SETTINGS, json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> CharacterNgramEncoder:
        """What `save` wrote; its vectors are the same up to float16 (1e-3 of their length).

        Raises:
            FileNotFoundError: no such files.
            ValueError: they are something else.
        """
        from safetensors.numpy import load_file

        folder = Path(folder)
        if not (folder / SETTINGS).is_file():
            raise FileNotFoundError(f"{folder} has no {SETTINGS}: expected what CharacterNgramEncoder.save wrote")
        settings = json.loads((folder / SETTINGS).read_text("utf-8"))
        if settings.pop("format", None) != FORMAT:
            raise ValueError(f"{folder / SETTINGS} is of another kind: expected {FORMAT!r}")
        found, tensors = cls(**settings), load_file(folder / WEIGHTS)
        found.idf = np.zeros(found.buckets, np.float32)
        found.map = np.zeros((found.buckets, found.dimensions), np.float32)
        found.idf[tensors["buckets"]] = tensors["idf"]
        found.map[tensors["buckets"]] = tensors["map"]
        found.mean = tensors["mean"]
        return found

    def _counts(self, texts: list[str]) -> csr_matrix:
        """Counts (N, V) of the hashed n-grams."""
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(
            analyzer="char",
            ngram_range=(1, self.longest),
            n_features=self.buckets,
            alternate_sign=False,
            norm=None,
            lowercase=False,
            dtype=np.float32,
        )
        return hashing.transform("".join(fold_characters(text).lower().split()) for text in texts)

    def _weighted(self, counts: csr_matrix) -> csr_matrix:
        """(1 + ln count) · idf of the known buckets, each row of length 1."""
        from sklearn.preprocessing import normalize

        weighted = counts.copy()
        weighted.data = (1 + np.log(weighted.data)) * self.idf[weighted.indices]
        weighted.eliminate_zeros()
        return normalize(weighted, copy=False)


def _windows(texts: Iterable[str]) -> Iterable[list[str]]:
    if isinstance(texts, (str, bytes, dict)) or not isinstance(texts, Iterable):
        raise TypeError(f"got {type(texts).__name__}: expected an iterable of texts")
    window: list[str] = []
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"got {type(text).__name__} as text {number}: expected str")
        window.append(text)
        if len(window) == _TOGETHER:
            yield window
            window = []
    if window:
        yield window
