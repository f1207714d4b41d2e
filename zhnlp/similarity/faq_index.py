"""`FAQIndex`: known questions (N) with their answers, and the nearest of them to new ones (Q); vectors of D dimensions.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.mining.progress import Progress
from zhnlp.similarity import faq_folder
from zhnlp.similarity.backends.base import Backend, approximate_search, check_backend, open_backend
from zhnlp.similarity.entry_store import EntryStore
from zhnlp.similarity.exact_search import Nearest, exact_search
from zhnlp.similarity.faq_texts import (
    Hit,
    TextEncoder,
    check_texts,
    chosen_answers,
    chosen_ids,
    encode,
    listed,
)
from zhnlp.similarity.faq_threshold import (
    FAQCalibration,
    calibrate_groups,
    calibrate_pairs,
    chosen_threshold,
    group_scores,
    pair_scores,
    statement,
)
from zhnlp.similarity.grouping import first_of_each, packed
from zhnlp.similarity.vector_store import VectorStore

_SLICE = 8_192  # questions encoded at a time
_TOGETHER = 512  # queries searched at a time


class FAQIndex:
    """Questions that can be searched by meaning, added to and removed from, saved and loaded.

    Args:
        encoder: anything with ``encode(texts) -> (N, D)``, such as a `SentenceEncoder` or a model of sentence-transformers; or
            a name that `load_encoder` knows; None for what ships, which knows characters and no synonyms.
        backend: "exact", or the graphs "faiss" and "usearch", which miss a few of the nearest and answer large indexes sooner.
        dtype: of the vectors: "float32", "float16", "int8" or "int8+float32", see `VectorStore`.
        max_characters: of a question; longer ones are refused, as an encoder reads the beginning alone.
        progress: a bar while many are added; None on a terminal only.
        **graph: ``connections``, ``effort_to_add`` and ``effort`` of an approximate backend.

    An index that was loaded leaves vectors and texts on disk, where the system reads and forgets them as memory allows; figures
    in docs/faq-search.md.

    Example:
        >>> index = FAQIndex()
        >>> index.add(["怎么退款", "如何修改密码"], ["在订单页申请。", "在设置里修改。"])
        2
        >>> hit = index.search("怎么才能退款", k=1, threshold=0.4)[0]
        >>> hit["question"], hit["answer"], hit["above"]
        ('怎么退款', '在订单页申请。', True)

    Source: 苏剑林, https://kexue.fm/archives/5743
    """

    def __init__(
        self,
        encoder: TextEncoder | str | Path | None = None,
        backend: str = "exact",
        dtype: str = "float32",
        *,
        max_characters: int = 2_000,
        progress: bool | None = None,
        **graph: int,
    ):
        check_backend(backend)
        if graph and backend == "exact":
            raise TypeError(
                f"got {', '.join(graph)} for the exact backend, which has no graph: expected none"
            )
        if encoder is None or isinstance(encoder, (str, Path)):
            from zhnlp.similarity.loading import load_encoder

            encoder = load_encoder(encoder)
        if not callable(getattr(encoder, "encode", None)):
            raise TypeError(
                f"got {type(encoder).__name__} as the encoder: expected an object with encode(texts), or a name"
            )
        self.encoder, self.backend, self.graph = encoder, backend, graph
        self.max_characters, self.progress = max_characters, progress
        self.vectors, self.entries = VectorStore(dtype), EntryStore()
        self.keep = np.empty(0, bool)  # (N,); False where removed
        self.calibration: FAQCalibration | None = None
        self.ann: Backend | None = None
        self.encoder_folder: Path | None = None  # where it was loaded from with an index
        self.uncalibrated = False  # and it was said

    def __len__(self) -> int:
        return int(self.keep.sum())

    @property
    def dtype(self) -> str:
        """Of the vectors."""
        return self.vectors.dtype

    @property
    def ids(self) -> list[Any]:
        """The ids, in the order in which they came."""
        firsts = self.entries.firsts
        first = np.flatnonzero((firsts == np.arange(len(firsts))) & self.keep)
        return [self.entries[row]["id"] for row in first]

    def add(
        self,
        questions: str | Sequence[str],
        answers: str | Sequence[str | None] | None = None,
        ids: Sequence[Hashable] | None = None,
        *,
        extend: bool = False,
    ) -> int:
        """Add questions, all or none of them; returns how many the index then has.

        Args:
            questions: texts.
            answers: one a question, each a text or None; None for none.
            ids: one a question, str or int; questions with the same id are a group that means the same and has one answer.
                None numbers them.
            extend: ids that are there already get further questions; without it they are refused.

        Raises:
            TypeError: a question or an answer is no text, or an id neither str nor int.
            ValueError: differing numbers, a blank or very long question, an id that is there already, two answers of one id,
                or a vector with NaN, of length 0 or of another width.
        """
        single = isinstance(questions, str)
        questions = listed(questions)
        answers = (
            [None] * len(questions)
            if answers is None
            else [answers]
            if single and isinstance(answers, str)
            else list(answers)
        )
        check_texts(questions, "question", self.max_characters)
        new = chosen_ids(ids, len(questions), self.entries, extend)
        if len(answers) != len(questions) or len(new) != len(questions):
            raise ValueError(
                f"got {len(questions)} questions, {len(answers)} answers and {len(new)} ids: expected as many, in the same order"
            )
        answers = chosen_answers(new, answers, self.entries)
        before = len(self.entries)
        bar = Progress(self.progress)
        try:
            with bar.stage("encode", len(questions), "question"):
                for begin in range(0, len(questions), _SLICE):
                    rows = slice(begin, begin + _SLICE)
                    self.vectors.append(encode(self.encoder, questions[rows], self.vectors.width))
                    for row in zip(new[rows], questions[rows], answers[rows]):
                        self.entries.append(*row)
                    bar.advance(len(questions[rows]))
        except BaseException:
            self.vectors.truncate(before)
            self.entries.truncate(before)
            raise
        self.keep = np.append(self.keep, np.ones(len(questions), bool))
        self.build_graph(before)
        self._forget_groups()
        return len(self)

    def remove(self, ids: Hashable | Sequence[Hashable]) -> int:
        """Remove ids with all their questions; returns how many questions went.  Saving gives their room back.

        Raises:
            KeyError: an id is not there; nothing is removed then.
        """
        wanted = [ids] if isinstance(ids, (str, int)) else list(ids)
        firsts = {id: self.entries.row_of(id) for id in wanted}
        if missing := [id for id, row in firsts.items() if row is None]:
            raise KeyError(
                f"{len(missing)} ids are not in the index, the first is {missing[0]!r}. Next: index.ids has them all"
            )
        gone = np.isin(self.entries.firsts, list(firsts.values())) & self.keep
        self.keep[gone] = False
        for id in firsts:
            self.entries.forget(id)
        self._forget_groups()
        return int(gone.sum())

    def search(
        self,
        text: str | Sequence[str],
        k: int = 5,
        threshold: str | float | None = "auto",
        *,
        grouped: bool = True,
    ) -> list[Hit] | list[list[Hit]]:
        """The k nearest questions of a text, or of each of several texts, the nearest first.

        Args:
            text: a str, or a list of them, which is much quicker than one after the other.
            k: hits, fewer only where the index has fewer.
            threshold: a cosine; "auto" for that of `calibrate`, or else one from the index's own groups, with a warning that says
                what it rests on, or, where they are too few, that there is none; None for none.  Nothing is dropped: ``above``
                says whether a hit reaches it.
            grouped: each id once, with its nearest question.

        Raises:
            ValueError: the index is empty, a text is blank or very long, its vector has NaN or another width, or an option is
                out of range.
            TypeError: something is no text.
        """
        texts = listed(text)
        if not len(self):
            raise ValueError(
                "the index is empty: expected questions in it. Next: index.add(questions, answers)"
            )
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise ValueError(f"got k={k!r}: expected a whole number of 1 or more")
        check_texts(texts, "query", self.max_characters)
        limit = chosen_threshold(self, threshold)
        found: list[list[Hit]] = []
        bar = Progress(self.progress if len(texts) > _TOGETHER else False)
        with bar.stage("search", len(texts), "query"):
            for begin in range(0, len(texts), _TOGETHER):
                some = texts[begin : begin + _TOGETHER]
                near = self.nearest(encode(self.encoder, some, self.vectors.width), k, grouped=grouped)
                found += [self._hits(*row, limit) for row in zip(*near)]
                bar.advance(len(some))
        return found[0] if isinstance(text, str) else found

    def nearest(self, queries: np.ndarray, k: int, *, grouped: bool = True) -> Nearest:
        """The same for vectors (Q, D) of length 1: scores and rows of the index; a row is -1 where nothing was found."""
        firsts = self.entries.firsts_of
        size, wanted = len(self), k
        while True:
            wanted = min(wanted, size)
            found = self._search(queries, wanted)
            if not grouped or not self.entries.grouped:
                return Nearest(*(array[:, :k] for array in found))
            groups = np.where(found.places >= 0, firsts(np.maximum(found.places, 0)), -1)
            new = first_of_each(groups) & (found.places >= 0)
            if new.sum(1).min(initial=k) >= k or wanted == size:
                return packed(found, new, k)
            wanted *= 4

    def calibrate(
        self, pairs: Sequence[tuple[str, str]], labels: Sequence[bool], precision: float = 0.95
    ) -> FAQCalibration:
        """Take the threshold from held-out pairs, with the share of same ones that users will bring.

        Args:
            pairs: of texts, most usefully a query and the question that the index finds for it.
            labels: True or 1 where both mean the same.
            precision: share of right ones among the accepted that is asked for, in (0, 1].

        Returns:
            The calibration, which `search` then uses and `save` keeps; `statement` puts it in a sentence, which is also
            printed to stderr on a terminal.

        Raises:
            ValueError: differing numbers, no same pair, no threshold has that precision, or a text that cannot be encoded.
        """
        scores = pair_scores(self, pairs)
        self.calibration = calibrate_pairs(scores, labels, precision)
        Progress(self.progress).say(statement(self.calibration))
        return self.calibration

    def calibrate_from_groups(self, precision: float = 0.95, *, seed: int = 0) -> FAQCalibration:
        """Take the threshold from the index itself: questions that share an id mean the same, others do not.

        At most 1,000 questions of groups are asked, as `faq_threshold.calibrate_groups` says.

        Raises:
            ValueError: fewer than 30 questions stand in groups, all in one, or no threshold has that precision.
        """
        own, other = group_scores(self, seed)
        self.calibration = calibrate_groups(own, other, precision)
        return self.calibration

    def save(self, folder: str | Path, *, encoder: bool = True) -> Path:
        """Write a folder that `load` reads, in the place of an index that is there; removed questions are left out.

        Args:
            folder: made where it is not there.
            encoder: also save the encoder, if it can be saved, so that the folder is complete.

        Raises:
            ValueError: the folder holds something else.
            FileExistsError: it is a file.
        """
        return faq_folder.save(self, Path(folder), encoder=encoder)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        encoder: TextEncoder | str | Path | None = None,
        *,
        progress: bool | None = None,
    ) -> FAQIndex:
        """The index that `save` wrote; vectors and texts stay on disk, and only what is needed is read.

        Args:
            folder: of `save`.
            encoder: as in the constructor; None for the one that was saved.
            progress: as in the constructor.

        Raises:
            FileNotFoundError: there is no index.
            ValueError: its files do not belong together, or the encoder is another than the one that made the vectors.
        """
        return faq_folder.load(cls, Path(folder), encoder, progress)

    def build_graph(self, begin: int = 0) -> None:
        """Put the vectors from row ``begin`` on into the graph of an approximate backend; from 0 on into a new one."""
        if self.backend == "exact" or begin == len(self.vectors):
            return
        if begin == 0 or self.ann is None:
            self.ann, begin = open_backend(self.backend, self.vectors.width, **self.graph), 0
        bar = Progress(self.progress)
        with bar.stage("graph", len(self.vectors) - begin, "question"):
            for first in range(begin, len(self.vectors), _SLICE):
                rows = np.arange(first, min(first + _SLICE, len(self.vectors)))
                self.ann.add(self.vectors.exact(rows).astype(np.float32))
                bar.advance(len(rows))

    def _search(self, queries: np.ndarray, k: int) -> Nearest:
        keep = None if self.keep.all() else self.keep
        if self.ann is not None:
            return approximate_search(self.ann, self.vectors, queries, k, keep)
        return exact_search(queries, self.vectors.parts(), k, keep=keep)

    def _hits(self, scores: np.ndarray, places: np.ndarray, limit: float | None) -> list[Hit]:
        hits: list[Hit] = []
        for score, place in zip(scores.tolist(), places.tolist()):
            if place >= 0:
                above = None if limit is None else score >= limit
                hits.append({**self.entries[place], "score": score, "rank": len(hits) + 1, "above": above})
        return hits

    def _forget_groups(self) -> None:
        if self.calibration is not None and self.calibration["source"] == "groups":
            self.calibration = None
        self.encoder_folder: Path | None = None  # where it was loaded from with an index
        self.uncalibrated = False
