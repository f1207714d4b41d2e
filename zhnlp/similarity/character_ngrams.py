"""Vectors of the characters of a text: TF-IDF of hashed n-grams, brought to few dimensions.

No network, no words, a few seconds to learn: what a trained encoder has to beat, and what serves where none does.

N texts, V buckets, k dimensions.

Source: whitening after 苏剑林, https://kexue.fm/archives/8069
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.similarity.windows import windows_of
from zhnlp.text.files import atomic_file, write_whole
from zhnlp.text.width import fold_characters

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT = "zhnlp character n-grams 2"
SETTINGS, WEIGHTS = "character_ngrams.json", "character_ngrams.safetensors"
_TOGETHER = 8192  # texts that are counted at a time


@dataclass
class CharacterNgramEncoder:
    """Sentence vectors from counts of characters, learnt from texts without labels.

    Full-width and half-width, capitals and small letters are the same, blanks nothing.  An n-gram that was not learnt weighs as
    much as the rarest; an SVD knows no direction for it.  A text without a known n-gram is the vector of zeros.

    Args:
        dimensions: k, of the vectors.
        longest: n-grams of 1 to so many characters are counted.
        buckets: V, into which they are hashed, a power of two.
        projection: "signs" adds each bucket to one dimension, with a drawn sign: cosines stay those of the TF-IDF vectors, off
            by k^(-1/2) or so; "svd" takes the k directions in which the learnt texts vary most.
        whiten: mean 0 and the same variance in every dimension on the texts that were learnt from.
        seed: of the signs and of the SVD.

    Example:
        >>> texts = ["今天天气很好", "明天下雨", "股票涨了", "天气不好", "股票又跌了"]
        >>> encoder = CharacterNgramEncoder().fit(texts)
        >>> query, near, far = encoder.encode(["股票跌了", "股票涨了", "明天下雨"], normalize=True)
        >>> bool(query @ near > query @ far), encoder.size
        (True, 1024)
    """

    dimensions: int = 1024
    longest: int = 3
    buckets: int = 2**16
    projection: str = "signs"
    whiten: bool = False
    seed: int = 0

    def __post_init__(self):
        for name, least in (("dimensions", 1), ("longest", 1), ("buckets", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number of {least} or more"
                )
        if self.buckets & (self.buckets - 1) or self.dimensions >= self.buckets:
            raise ValueError(
                f"buckets={self.buckets:,} with dimensions={self.dimensions:,}: expected a power of two above the dimensions"
            )
        if self.projection not in ("signs", "svd"):
            raise ValueError(f"projection={self.projection!r} is not known: expected 'signs' or 'svd'")
        self.idf: np.ndarray | None = None  # (V,), that of the rarest where nothing was learnt
        self.map: np.ndarray | None = None  # (V, k) of an SVD; (V,) of signs, ±(dimension + 1)
        self.mean: np.ndarray | None = None  # (k,), of a whitening
        self.kernel: np.ndarray | None = None  # (k, k), of a whitening

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

        bar = Progress(progress)
        with bar.stage("n-grams", None, "text"):
            parts = [self._counts(window) for window in windows_of(_checked(texts), _TOGETHER)]
        counts = vstack(parts).tocsr() if parts else None
        documents = 0 if counts is None else counts.shape[0]
        if not documents:
            raise ValueError("there is no text to learn from: expected some hundreds or more")
        least = self.dimensions if self.projection == "svd" or self.whiten else 0
        if documents <= least:
            raise ValueError(
                f"{documents:,} texts for {least:,} dimensions: expected more texts than that. Next: "
                f"CharacterNgramEncoder(dimensions={max(1, documents // 4)}), or more texts"
            )
        seen = np.bincount(counts.indices, minlength=self.buckets)
        self.idf = (np.log((1 + documents) / (1 + seen)) + 1).astype(np.float32)
        self.mean = self.kernel = None
        if self.projection == "signs":
            self.map = self._signs()
        else:
            with bar.stage("SVD", None, "text"):
                self.map = self._directions(self._weighted(counts))
        if self.whiten:
            import torch

            from zhnlp.nn.whitening import Whitening

            learnt = Whitening().fit(torch.from_numpy(self._projected(self._weighted(counts))))
            self.mean, self.kernel = learnt.mean.float().numpy(), learnt.kernel.float().numpy()
        return self

    def _signs(self) -> np.ndarray:
        """±(dimension + 1) of each bucket (V,), drawn with the seed."""
        chance = np.random.default_rng(self.seed)
        places = chance.integers(self.dimensions, size=self.buckets)
        return ((places + 1) * chance.choice((-1, 1), self.buckets)).astype(np.int32)

    def _directions(self, weighted: csr_matrix) -> np.ndarray:
        """The first right singular vectors (V, k)."""
        from sklearn.decomposition import TruncatedSVD

        svd = TruncatedSVD(self.dimensions, algorithm="randomized", n_iter=4, random_state=self.seed).fit(
            weighted
        )
        rank = int((svd.singular_values_ > svd.singular_values_[0] * 1e-5).sum())
        if rank < self.dimensions:
            raise ValueError(
                f"{weighted.shape[0]:,} texts vary in {rank} directions: expected {self.dimensions:,} or more. Next: "
                f"CharacterNgramEncoder(dimensions={rank}) or fewer, or texts that differ"
            )
        return svd.components_.T.astype(np.float32)

    def _projected(self, weighted: csr_matrix) -> np.ndarray:
        """(N, k) in float32 of TF-IDF vectors (N, V)."""
        if self.projection == "svd":
            return (weighted @ self.map).astype(np.float32)
        from scipy.sparse import csr_matrix

        rows = np.arange(self.buckets)
        signs = np.sign(self.map).astype(np.float32)
        shape = (self.buckets, self.dimensions)
        return (weighted @ csr_matrix((signs, (rows, np.abs(self.map) - 1)), shape=shape)).toarray()

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        normalize: bool = False,
        progress: bool | None = False,
        **_: object,
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
            for window in windows_of(_checked(texts), _TOGETHER):
                weighted = self._weighted(self._counts(window))
                found = self._projected(weighted)
                empty = ~found.any(1)
                if self.kernel is not None:
                    found = (found - self.mean) @ self.kernel
                found[empty] = 0
                blank += int(empty.sum())
                parts.append(found)
                bar.advance(len(window))
        if blank:
            warnings.warn(
                f"{blank:,} texts are empty or have no known n-gram, and are vectors of zeros: expected texts of the kind that was learnt",
                stacklevel=2,
            )
        vectors = np.concatenate(parts) if parts else np.zeros((0, self.size), np.float32)
        if normalize:
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(length > 0, length, 1)
        return vectors

    def save(self, folder: str | Path) -> Path:
        """Write ``character_ngrams.json`` and ``character_ngrams.safetensors``, the directions of an SVD in float16."""
        from safetensors.numpy import save_file

        if self.map is None:
            raise ValueError("nothing was learnt: expected fit(texts) before save")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rarest = self.idf.max()
        used = np.flatnonzero(self.idf < rarest)
        tensors = {"buckets": used.astype(np.int32), "idf": self.idf[used], "rarest": rarest[None]}
        if self.projection == "svd":
            used = np.flatnonzero(self.map.any(1))
            tensors |= {"rows": used.astype(np.int32), "map": self.map[used].astype(np.float16)}
        if self.kernel is not None:
            tensors |= {"mean": self.mean, "kernel": self.kernel}
        with atomic_file(folder / WEIGHTS) as temporary:
            save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, temporary)
        write_whole(folder / SETTINGS, json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> CharacterNgramEncoder:
        """What `save` wrote; its vectors are the same, those of an SVD up to float16 (1e-3 of their length).

        Raises:
            FileNotFoundError: no such files.
            ValueError: they are something else.
        """
        from safetensors.numpy import load_file

        folder = Path(folder)
        if not (folder / SETTINGS).is_file():
            raise FileNotFoundError(
                f"{folder} has no {SETTINGS}: expected what CharacterNgramEncoder.save wrote"
            )
        settings = json.loads((folder / SETTINGS).read_text("utf-8"))
        if settings.pop("format", None) != FORMAT:
            raise ValueError(f"{folder / SETTINGS} is of another kind: expected {FORMAT!r}")
        found, tensors = cls(**settings), load_file(folder / WEIGHTS)
        found.idf = np.full(found.buckets, tensors["rarest"][0], np.float32)
        found.idf[tensors["buckets"]] = tensors["idf"]
        if found.projection == "signs":
            found.map = found._signs()
        else:
            found.map = np.zeros((found.buckets, found.dimensions), np.float32)
            found.map[tensors["rows"]] = tensors["map"]
        found.mean, found.kernel = tensors.get("mean"), tensors.get("kernel")
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
        """(1 + ln count) · idf, each row of length 1."""
        from sklearn.preprocessing import normalize

        weighted = counts.copy()
        weighted.data = (1 + np.log(weighted.data)) * self.idf[weighted.indices]
        return normalize(weighted, copy=False)


def _checked(texts: Iterable[str]) -> Iterator[str]:
    if isinstance(texts, (str, bytes, dict)) or not isinstance(texts, Iterable):
        raise TypeError(f"got {type(texts).__name__}: expected an iterable of texts")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"got {type(text).__name__} as text {number}: expected str")
        yield text
