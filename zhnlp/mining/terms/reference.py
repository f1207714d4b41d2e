"""Reference counts: how often any n-gram occurs in general text, from a corpus of the user's or as shipped."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, RUN_MODES, Alphabet
from zhnlp.mining.engines import Job, make_engine
from zhnlp.mining.lookup import Counted, find_texts, match_counts
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import thread_count
from zhnlp.text.files import atomic_file

MIN_COUNT = 5  # occurrences below which an n-gram of a reference corpus counts as absent
_FORMAT = "zhnlp reference counts 1"
_SHIPPED = "general.npz"
_DAMAGE = (  # what numpy and zipfile raise for a file that is something else or damaged
    *(ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


class NgramCounts(NamedTuple):
    """The columns of a `Trie` that counts are looked up in, level by level."""

    alphabet: Alphabet
    max_length: int
    min_count: int
    symbol: np.ndarray
    count: np.ndarray
    first_child: np.ndarray
    children: np.ndarray

    @classmethod
    def of(cls, trie: Counted) -> NgramCounts:
        """A copy with the nodes in the order of their length, so that the children follow from their numbers."""
        levels, children = [np.arange(len(trie.alphabet))], trie.children.astype(np.int64)
        first = trie.first_child.astype(np.int64)
        while levels[-1].size:
            parents = levels[-1][children[levels[-1]] > 0]
            sizes = children[parents]
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            levels.append(np.repeat(first[parents], sizes) + within)
        order = np.concatenate(levels)
        columns = trie.symbol[order], trie.count[order], trie.children[order]
        return cls.linked(trie.alphabet, trie.max_length, trie.min_count, *columns)

    @classmethod
    def linked(cls, alphabet, max_length, min_count, symbol, count, children) -> NgramCounts:
        """Columns in the order of length; the children of each node follow those of the one before."""
        sizes = children.astype(np.int64)
        first = len(alphabet) + np.cumsum(sizes) - sizes
        return cls(alphabet, max_length, min_count, symbol, count, first, children)


@dataclass(eq=False)
class ReferenceCounts:
    """Counts of the n-grams of a reference corpus; no text of it is kept.

    Attributes:
        ngrams: the counted n-grams; a rarer one than their ``min_count`` counts as 0.
        source: where the counts are from, in words.
        report: what was read, repaired and skipped.

    Example:
        >>> general = ReferenceCounts.from_corpus(["变压器很重", "变压器很轻"], min_count=1)
        >>> general.count(["变压器", "很重", "绕组"]).tolist(), general.total
        ([2, 1, 0], 10)
    """

    ngrams: Counted
    source: str
    report: dict[str, Any]

    @classmethod
    def from_corpus(
        cls,
        corpus: Any,
        *,
        min_count: int = MIN_COUNT,
        max_length: int = 8,
        threads: int | None = None,
        **options: Any,
    ) -> ReferenceCounts:
        """Count a reference corpus.

        Args:
            corpus: whatever `Corpus.of` takes: texts, Paths, an iterator, a Corpus …
            min_count: occurrences below which an n-gram counts as absent (1 or more).
            max_length: longest n-gram, in symbols (1-12).
            threads: workers; None takes all processors.
            **options: further fields of `zhnlp.mining.engines.Job`, such as ``memory``.

        Raises:
            ValueError: the corpus is empty, or a limit is out of range.
        """
        job = Job(max_length=max_length, min_count=min_count, threads=thread_count(threads), **options)
        engine = make_engine("local", job)
        engine.add(corpus)
        _, trie = engine.count()
        return cls.of(trie, "a reference corpus", engine.report)

    @classmethod
    def of(cls, trie: Trie, source: str, report: dict[str, Any]) -> ReferenceCounts:
        """The counts of a corpus that an engine has counted.

        Raises:
            ValueError: the corpus is empty.
        """
        if trie.total == 0:
            raise ValueError(
                f"the reference corpus has no text (the report: {report}): expected general text to compare with. "
                "Next: check its path and text field, or reference=None for the counts that ship"
            )
        return cls(trie, source, report)

    @classmethod
    def builtin(cls) -> ReferenceCounts:
        """The counts that ship with the package: general modern Chinese, see ``data/README.md`` beside them."""
        return _builtin()

    @property
    def total(self) -> int:
        """Symbols of the reference corpus that are not separators."""
        return self.ngrams.alphabet.total

    def count(self, texts: Sequence[str]) -> np.ndarray:
        """How often each of ``texts`` occurs, (M,) int64; 0 where it is rarer than ``min_count`` or too long."""
        nodes = find_texts(self.ngrams, texts)
        return np.where(nodes >= 0, self.ngrams.count[nodes], 0).astype(np.int64)

    def count_nodes(self, trie: Trie) -> np.ndarray:
        """How often each n-gram of ``trie`` occurs, (nodes,) int64; 0 where it is rarer than ``min_count``.

        One that is longer than any that was counted has the count of the rarest of its parts that were: 中华人民共和国 must
        not look absent where six symbols are the most.
        """
        counts = match_counts(trie, self.ngrams)
        for length in range(self.ngrams.max_length + 1, trie.max_length + 1):
            longer = np.flatnonzero(trie.depth == length)
            counts[longer] = np.minimum(counts[trie.parent[longer]], counts[trie.suffix[longer]])
        return counts

    def save(self, path: str | Path) -> Path:
        """Write the counts as one compressed ``.npz`` file, without pickle and without text."""
        ngrams = NgramCounts.of(self.ngrams)
        facts = {
            "format": _FORMAT,
            "max_length": int(ngrams.max_length),
            "min_count": int(ngrams.min_count),
            "source": self.source,
            "runs": ngrams.alphabet.runs,
            "dropped": int(ngrams.alphabet.dropped),
            "report": self.report,
        }
        path = Path(path)
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                facts=_bytes(json.dumps(facts, ensure_ascii=False)),
                symbols=_bytes("\n".join(ngrams.alphabet.texts)),
                symbol_counts=ngrams.alphabet.counts,
                symbol=ngrams.symbol,
                count=ngrams.count,
                children=ngrams.children,
            )
        return path

    @classmethod
    def load(cls, path: str | Path) -> ReferenceCounts:
        """Read counts that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is something else, or damaged.
        """
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as file:
                columns = {name: file[name] for name in file.files}
            facts = json.loads(columns["facts"].tobytes())
            if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
                raise ValueError(f"its format is not {_FORMAT!r}")
            texts = columns["symbols"].tobytes().decode("utf-8").split("\n")
            alphabet = Alphabet(texts, columns["symbol_counts"], facts["runs"], dropped=facts["dropped"])
            limits = facts["max_length"], facts["min_count"]
            ngrams = NgramCounts.linked(
                alphabet, *limits, columns["symbol"], columns["count"], columns["children"]
            )
            _check(ngrams)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path} is not there: expected a file of reference counts. Next: ReferenceCounts.from_corpus(…).save({str(path)!r})"
            ) from None
        except _DAMAGE as error:
            raise ValueError(
                f"{path} holds no reference counts ({error}): expected a file that ReferenceCounts.save wrote. "
                "If it is a corpus, give it as a Path without the ending .npz"
            ) from error
        return cls(ngrams, facts["source"], facts["report"])


@cache
def _builtin() -> ReferenceCounts:
    with as_file(files("zhnlp.mining.terms") / "data" / _SHIPPED) as path:
        return ReferenceCounts.load(path)


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def _check(ngrams: NgramCounts) -> None:
    """Refuse columns that compiled code must not walk."""
    alphabet, size = ngrams.alphabet, ngrams.symbol.size
    for column in (ngrams.symbol, ngrams.count, ngrams.children, alphabet.counts):
        if column.ndim != 1 or column.dtype.kind not in "iu" or (column.size and int(column.min()) < 0):
            raise ValueError("its columns are not whole numbers of 0 or more")
    if not size == ngrams.count.size == ngrams.children.size:
        raise ValueError("its columns differ in length")
    parents = np.flatnonzero(ngrams.children)
    if (
        len(alphabet) + int(ngrams.children.sum(dtype=np.int64)) != size
        or (ngrams.first_child[parents] <= parents).any()
    ):
        raise ValueError("its n-grams are not whole")
    if (
        len(alphabet) < FIRST_SYMBOL
        or alphabet.counts.size != len(alphabet)
        or int(ngrams.symbol.max()) >= len(alphabet)
    ):
        raise ValueError("its symbols are not whole")
    limits = ngrams.max_length, ngrams.min_count
    if not all(isinstance(limit, int) and limit >= 1 for limit in limits) or alphabet.runs not in RUN_MODES:
        raise ValueError("its facts are not those of a count")
