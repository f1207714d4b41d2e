"""Word vectors from counts of pairs: positive pointwise mutual information, then the largest singular directions.

    M_ij = max(0, ln(n_ij · Σ_k n_k^.75 / (n_i n_j^.75)) - shift),    M ≈ U S Vᵀ,    vector of i = row i of U S, at length 1

n_i is the sum of row i.  The power .75 makes rare contexts likelier than they are, since their mutual information is
overrated.  The power 1 of S keeps the similarities of the rows of M; for telling terms from other words it is better than
1/2, which is better than 0, on both development domains.  The same counts and seed give the same vectors, whatever the number of threads.

Source: Levy and Goldberg 2014, Neural Word Embedding as Implicit Matrix Factorization
Source: Levy, Goldberg and Dagan 2015, Improving Distributional Similarity with Lessons Learned from Word Embeddings
Source: Halko, Martinsson and Tropp 2011, Finding Structure with Randomness
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.text.files import atomic_file

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class TooLittleText(ValueError):
    """There are no words that stand near each other, so there are no vectors."""


class WordVectors:
    """Words and their directions.

    Args:
        words: V different words.
        rows: (V, D) numbers; each row is brought to length 1, a row of zeros stays one.

    Raises:
        ValueError: words and rows do not match, a word occurs twice, or a number is not finite.

    Example:
        >>> vectors = WordVectors(["电网", "电力", "小说"], np.array([[1.0, 0.0], [2.0, 0.5], [0.0, 3.0]]))
        >>> round(vectors.similarity("电网", "电力"), 3), vectors.nearest("电网", 1)
        (0.97, [('电力', 0.9701424837112427)])
    """

    def __init__(self, words: Sequence[str], rows: np.ndarray):
        rows = np.asarray(rows)
        if rows.ndim != 2 or rows.shape[0] != len(words):
            raise ValueError(f"rows have the shape {rows.shape}, expected ({len(words)}, D): one row a word")
        if not np.isfinite(rows).all():
            raise ValueError("rows hold a number that is not finite. Next: look for NaN in the vectors")
        self.words = list(words)
        if len(self.index) < len(self.words):
            twice = next(word for i, word in enumerate(self.words) if self.index[word] != i)
            raise ValueError(f"the word {twice!r} occurs twice: expected different words")
        self.rows = unit_rows(rows)

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @property
    def dim(self) -> int:
        """D."""
        return self.rows.shape[1]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> np.ndarray:
        """The direction of a word, (D,) float32.

        Raises:
            KeyError: the word has none.
        """
        if word not in self.index:
            near = difflib.get_close_matches(word, self.words, n=3)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise KeyError(
                f"{word!r} has no vector: it is not among the {len(self):,} units of the corpus{hint}"
            )
        return self.rows[self.index[word]]

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words, -1 to 1."""
        return float(self[first] @ self[second])

    def nearest(self, word: str | np.ndarray, topn: int = 10) -> list[tuple[str, float]]:
        """The ``topn`` words of greatest cosine with a word (itself left out) or with a vector, best first.

        Raises:
            KeyError: the word has no vector.
            ValueError: ``topn`` is below 1, or the vector has another dimension.
        """
        if topn < 1:
            raise ValueError(f"topn={topn} is not possible: expected 1 or more words")
        query = self[word] if isinstance(word, str) else np.asarray(word, np.float32)
        if query.shape != (self.dim,):
            raise ValueError(f"the vector has the shape {query.shape}, expected ({self.dim},)")
        cosine = self.rows @ (query / max(float(np.linalg.norm(query)), 1e-12))
        if isinstance(word, str):
            cosine[self.index[word]] = -np.inf
        return [(self.words[i], float(cosine[i])) for i in best_places(cosine, topn) if cosine[i] > -np.inf]

    def save(self, path: str | Path) -> Path:
        """Write words and rows as one file of safetensors.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = WordVectors(["电网"], np.ones((1, 4))).save(f"{folder}/vectors.safetensors")
            ...     WordVectors.load(path).similarity("电网", "电网")
            1.0
        """
        from safetensors.numpy import save

        words = json.dumps(self.words, ensure_ascii=False)
        with atomic_file(path) as temporary:
            temporary.write_bytes(save({"rows": np.ascontiguousarray(self.rows)}, {"words": words}))
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> WordVectors:
        """Read what `save` wrote.

        Raises:
            ValueError: the file holds no vectors of ours.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), framework="numpy") as file:
                return cls(json.loads(file.metadata()["words"]), file.get_tensor("rows"))
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{path} holds no word vectors: expected a file of WordVectors.save ({error})"
            ) from error


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows at length 1, (V, D) float32; a row of zeros stays one."""
    rows = np.asarray(rows, np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0).astype(np.float32)


def best_places(values: np.ndarray, number: int) -> np.ndarray:
    """Places of the ``number`` greatest values, best first; ties go by place."""
    if number < values.size:
        least = np.partition(values, values.size - number)[values.size - number]
        places = np.flatnonzero(values >= least)
    else:
        places = np.arange(values.size)
    return places[np.argsort(-values[places], kind="stable")][:number]


def positive_pmi(counts: csr_matrix, *, smoothing: float = 0.75, shift: float = 0.0) -> csr_matrix:
    """Positive pointwise mutual information of symmetric counts, in nats, (V, V) float32.

    Args:
        counts: (V, V), of `PairCounts.matrix`.
        smoothing: power of the counts of contexts (0-1); 1 for none.
        shift: nats taken off; ln k for k negative samples.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> positive_pmi(csr_matrix([[0, 3], [3, 2]]), smoothing=1.0).toarray().round(3)  # ln(3 · 8 / (3 · 5))
        array([[0.  , 0.47],
               [0.47, 0.  ]], dtype=float32)
    """
    from scipy.sparse import csr_matrix

    counts = counts.tocsr()
    total = np.asarray(counts.sum(axis=1), np.float64).ravel()
    context = total**smoothing
    context /= max(context.sum(), 1e-300)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    values = np.log(counts.data / (total[row] * context[counts.indices])) - shift
    values = np.maximum(values, 0.0).astype(np.float32)
    result = csr_matrix((values, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
    result.eliminate_zeros()
    return result


def train_vectors(
    words: Sequence[str],
    counts: csr_matrix,
    *,
    dim: int = 100,
    smoothing: float = 0.75,
    shift: float = 0.0,
    power: float = 1.0,
    rounds: int = 2,
    seed: int = 0,
) -> WordVectors:
    """Vectors of ``words`` from their counts of pairs.

    Args:
        words: V words, one a row of ``counts``.
        counts: (V, V) symmetric, of `PairCounts.matrix`.
        dim: length of a vector; lowered to V - 1 where there are fewer words.
        smoothing, shift: see `positive_pmi`.
        power: of the singular values (0-1); less lets small directions count more.
        rounds: power iterations of the randomised decomposition (1 or more); more are closer to the exact one.
        seed: of the decomposition's random start.

    Raises:
        ValueError: an argument is out of its range, or ``counts`` does not match ``words`` or is empty.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    if dim < 1 or rounds < 1:
        raise ValueError(f"dim={dim}, rounds={rounds} is not possible: expected 1 or more of both")
    if counts.shape != (len(words), len(words)):
        raise ValueError(
            f"counts have the shape {counts.shape}, expected ({len(words)}, {len(words)}): one row a word"
        )
    if len(words) < 2 or counts.nnz == 0:
        raise TooLittleText(
            f"{len(words)} words with {counts.nnz} pairs give no vectors: expected 2 words or more that stand near each "
            "other. Next: give more text, or lower min_count"
        )
    matrix = positive_pmi(counts, smoothing=smoothing, shift=shift)
    dim = min(dim, len(words) - 1)
    with threadpool_limits(1):  # sums of threads would differ in the last bits
        left, values, _ = randomized_svd(
            matrix, dim, n_oversamples=20, n_iter=rounds, power_iteration_normalizer="QR", random_state=seed
        )
    sign = np.sign(left[np.abs(left).argmax(axis=0), np.arange(dim)])
    return WordVectors(words, left * (sign * values**power))
