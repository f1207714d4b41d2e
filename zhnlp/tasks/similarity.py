"""pipeline("sentence-similarity"): how alike two texts are, and which of many is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.tasks.base import Pipeline

if TYPE_CHECKING:
    import torch

    from zhnlp.similarity import CharacterNgramEncoder, SentenceEncoder

_WINDOW = 4096  # pairs that are scored together


class SentenceSimilarity(Pipeline):
    """Score pairs of texts, or rank candidates for a query: the cosine of their vectors, -1 to 1.

    Args:
        model: shipped name, folder (also of sentence-transformers, or of `CharacterNgramEncoder`) or Hub id; or an encoder.
            None for what ships.
        pooling, max_length, revision, cache_dir, device: see ``zhnlp.similarity.SentenceEncoder``.
        batch_size: texts of a batch at most.
        token_budget: positions of a batch, padding included.
        dtype: numbers that the network runs in, such as "bfloat16"; None for its own.
        progress: bars on stderr; None for a terminal only.

    A pair gives ``{"score"}``, a list of pairs a list, an iterator of pairs a generator.  With ``candidates`` a query gives a list
    of ``{"text", "index", "score"}``, the nearest first, equals in the order of the candidates; a list of queries a list of such
    lists.  The model is loaded at the first call.

    Example:
        >>> from zhnlp import pipeline
        >>> from zhnlp.similarity import CharacterNgramEncoder
        >>> texts = ["怎么重置密码", "密码忘了怎么办", "如何申请退款", "退款几天到账", "发票开错了"]
        >>> pipe = pipeline("sentence-similarity", CharacterNgramEncoder().fit(texts))
        >>> [found["index"] for found in pipe("忘记密码了", candidates=texts, top_k=2)]
        [1, 0]
        >>> pipe(("退款多久到账", "退款几天到账"))["score"] > pipe(("退款多久到账", "发票开错了"))["score"]
        True

    Source: 苏剑林, https://kexue.fm/archives/5743
    """

    task = "sentence-similarity"

    def __init__(
        self,
        model: Any = None,
        *,
        pooling: str | None = None,
        max_length: int | None = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        device: str | torch.device | None = None,
        batch_size: int | None = None,
        token_budget: int | None = None,
        dtype: str | torch.dtype | None = None,
        progress: bool | None = None,
    ):
        self._given = model
        self._options = {
            "pooling": pooling,
            "max_length": max_length,
            "revision": revision,
            "cache_dir": cache_dir,
            "device": device,
        }
        self._reading = {"batch_size": batch_size, "token_budget": token_budget, "dtype": dtype}
        self._reading["progress"] = progress
        if model is not None:
            self.encoder  # noqa: B018  a wrong name is said at once

    @cached_property
    def encoder(self) -> SentenceEncoder | CharacterNgramEncoder:
        """What makes the vectors."""
        from zhnlp.similarity import load_encoder

        return load_encoder(self._given, **self._options)

    def __call__(
        self, texts: Any, candidates: Sequence[str] | None = None, *, top_k: int | None = None
    ) -> Any:
        """Scores of pairs, or ranked candidates.

        Args:
            texts: a pair (a, b), or many pairs; with ``candidates`` a query, or a list of queries.
            candidates: texts to rank; None for pairs.
            top_k: candidates of each query at most; None for all.

        Raises:
            TypeError: what was given are no pairs of texts, or no candidates.
            ValueError: ``top_k`` is below 1, or there are no candidates.
        """
        if candidates is not None:
            return self._ranked(texts, candidates, top_k)
        if top_k is not None:
            raise TypeError("top_k is for ranking: expected candidates=[...] with it")
        if _is_pair(texts) and isinstance(texts, tuple):
            return self._scores([texts])[0]
        if isinstance(texts, (str, bytes, dict, Path)) or not isinstance(texts, Iterable):
            raise TypeError(_expected(type(texts).__name__))
        if isinstance(texts, (list, tuple)):
            for number, pair in enumerate(texts):
                if not _is_pair(pair):
                    raise TypeError(_expected(f"{type(pair).__name__} as pair {number}"))
            return self._scores(texts)
        return self._stream(texts)

    def save(self, folder: str | Path) -> Path:
        """Write the encoder; ``pipeline("sentence-similarity", folder)`` loads it again."""
        return self.encoder.save(folder)

    def _stream(self, pairs: Iterable[Any]) -> Iterator[dict[str, float]]:
        from zhnlp.similarity.windows import windows_of

        for window in windows_of(pairs, _WINDOW):
            for pair in window:
                if not _is_pair(pair):
                    raise TypeError(_expected(f"{type(pair).__name__} as a pair"))
            yield from self._scores(window)

    def _scores(self, pairs: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        if not pairs:
            return []
        vectors = self.encoder.encode(
            [text for pair in pairs for text in pair], normalize=True, **self._reading
        )
        return [{"score": float(score)} for score in (vectors[::2] * vectors[1::2]).sum(1).clip(-1, 1)]

    def _ranked(self, queries: Any, candidates: Any, top_k: int | None) -> Any:
        import numpy as np

        single = isinstance(queries, str)
        asked, known = [queries] if single else queries, candidates
        for name, given in (("queries", asked), ("candidates", known)):
            if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
                raise TypeError(
                    f"{name} are no list of texts: expected a list of str, got {type(given).__name__}"
                )
        if not known:
            raise ValueError("candidates are empty: expected one text or more")
        if top_k is not None and (isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1):
            raise ValueError(f"top_k={top_k!r} is not possible: expected 1 or more, or None for all")
        vectors = self.encoder.encode([*asked, *known], normalize=True, **self._reading)
        scores = (vectors[: len(asked)] @ vectors[len(asked) :].T).clip(-1, 1)  # (Q, N)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
        found = [
            [{"text": known[i], "index": int(i), "score": float(row[i])} for i in places]
            for row, places in zip(scores, order)
        ]
        return found[0] if single else found


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _expected(got: str) -> str:
    return (
        f"sentence-similarity got {got}: expected a pair (a, b), a list of pairs, or a query with candidates=[...]. "
        "Next: pipe((a, b))"
    )
