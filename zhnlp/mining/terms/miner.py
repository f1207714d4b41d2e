"""Domain terms from a professional corpus and a reference: learn (`fit`, `partial_fit`), then `freeze`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.mining.count import check_limits
from zhnlp.mining.learner import CorpusLearner, new_job
from zhnlp.mining.terms.lexicon import Lexicon, domain_lexicon
from zhnlp.mining.terms.meaning import Semantics, cluster_terms, meaning_of_terms
from zhnlp.mining.terms.reference import MIN_COUNT, ReferenceCounts
from zhnlp.mining.terms.rows import make_rows
from zhnlp.mining.terms.rules import Rule, RuleSet, chinese_rules
from zhnlp.mining.terms.scorers import LogLikelihood, Scorer, checked_scores, make_scorer
from zhnlp.mining.terms.scorers.log_odds import features
from zhnlp.mining.terms.selection import Selection, select
from zhnlp.mining.terms.semantic import add_meaning, term_rows, train_unit_vectors
from zhnlp.mining.terms.statistics import TermCandidates, find_candidates
from zhnlp.mining.terms.supervision import learn_from_known
from zhnlp.mining.terms.table import TermTable
from zhnlp.mining.terms.vectors import TooLittleText, WordVectors
from zhnlp.mining.terms.word_classes import word_classes
from zhnlp.mining.workers import thread_count

SHORTLIST = 30_000  # candidates, best by contrast, of which vectors and known terms are asked
ENOUGH = 200_000  # symbols of a domain from which vectors are worth training
SIGNIFICANT = 3.84  # G² beyond which a difference is hardly chance (p < 0.05, one degree of freedom)


class DomainTermMiner(CorpusLearner):
    """Rank the terms of a professional corpus by contrast with general text; no labels, no dictionary of the domain.

    Args:
        reference: what the domain is compared with: a corpus (whatever `Corpus.of` takes), a `ReferenceCounts` or a file
            of one, or None for the counts of general text that ship with the package.
        scorer: "log_odds" (default), "ratio" (post 6540), "log_likelihood", "weirdness", "c_value", "tf_idf", or a
            `Scorer`.
        rules: what cannot be a term: a `RuleSet` or rules; None takes `chinese_rules()`, an empty list none.
        max_length: longest term, in symbols (2-12); a Latin or digit run is one symbol.
        min_count: occurrences below which an n-gram is never a term (1 or more).
        top: terms in the table at most; None for all that the rules let pass.
        min_score: least score; None for no bound.
        vectors: whether word vectors of the domain, trained on the spot, correct the ranking and group the terms; None:
            where there is enough text (200,000 symbols).
        seeds: terms that are known to be right, for the vectors to go by; None takes those of the best contrast.
        known_terms: some hundred terms that are known; a model that tells them from the other candidates then scores all.
        clustering: "louvain" (communities of neighbours among the best 5,000 terms), "growth" (connected parts of the
            growing cluster of post 6540), or None.
        seed: of all that is random (vectors, communities, map).
        examples: read the corpus again, where it can be, for a line of context a term and for full-width spellings.
        runs: what becomes of Latin and digit runs: "symbol", "token" or "drop".
        threads: workers; None takes all processors.  The table does not depend on it.
        memory: ceiling such as "2GB"; a corpus that needs more is counted out of core in ``workdir``.
        workdir: folder for counting out of core; with it, a killed run resumes.
        engine: "local", or "spark" for a corpus on a cluster.
        spark: the Spark session; None takes the active one, or starts one.
        progress: True, False, or None for bars where stderr is a terminal.

    Raises:
        ValueError: an argument is out of its range, or the reference is empty.

    Source: 苏剑林, https://kexue.fm/archives/6540

    Example:
        >>> miner = DomainTermMiner(["今天天气很好。"] * 9, min_count=3)
        >>> table = miner.fit(["检修主变压器。", "主变压器漏油。", "主变压器发热。", "更换主变压器。"]).freeze()
        >>> table[0]["term"], table[0]["count"], table[0]["reference_count"]
        ('主变压器', 4, 0)
    """

    _part = "domain"

    def __init__(
        self,
        reference: Any = None,
        *,
        scorer: str | Scorer = "log_odds",
        rules: RuleSet | Iterable[Rule] | None = None,
        max_length: int = 8,
        min_count: int = 5,
        top: int | None = 30_000,
        min_score: float | None = None,
        vectors: bool | None = None,
        seeds: Sequence[str] | None = None,
        known_terms: Sequence[str] | None = None,
        clustering: str | None = "louvain",
        seed: int = 0,
        examples: bool = True,
        runs: str = "symbol",
        threads: int | None = None,
        memory: str | int | None = None,
        workdir: str | Path | None = None,
        engine: str = "local",
        spark: Any = None,
        progress: bool | None = None,
    ):
        check_limits(max_length, min_count)
        if max_length < 2:
            raise ValueError(
                f"max_length={max_length} is not possible: expected 2 to 12, a term has 2 symbols or more"
            )
        if top is not None and (not isinstance(top, Integral) or top < 1):
            raise ValueError(f"top={top!r} is not possible: expected 1 or more terms, or None for all")
        if min_score is not None and not min_score < np.inf:
            raise ValueError(
                f"min_score={min_score} is not possible: expected a number below infinity, or None"
            )
        self.scorer = make_scorer(scorer)
        self.rules = chinese_rules() if rules is None else RuleSet(rules)
        self.top, self.min_score, self.examples = top, min_score, examples
        self.semantics = Semantics(seeds, clustering, seed=seed)
        if known_terms is not None and not len(known_terms):
            raise ValueError("known_terms is empty: expected some hundred terms of the domain, or None")
        self._vectors, self.known_terms = vectors, known_terms
        if seeds is not None and vectors is False:
            raise ValueError("seeds need word vectors: leave vectors=False out, or seeds")
        job = new_job(
            max_length=max_length,
            min_count=min_count,
            runs=runs,
            threads=thread_count(threads),
            memory=memory,
            workdir=workdir,
            progress=progress,
        )
        self._given = reference
        self.reference: ReferenceCounts | None = None
        super().__init__(job, engine=engine, spark=spark)

    def _forget(self) -> None:
        super()._forget()
        self.candidates: TermCandidates | None = None
        self.scores = np.empty(0)
        self.selection: Selection | None = None
        self.vectors: WordVectors | None = None
        self._stands_out = False  # whether anything is significantly more frequent here than in the reference

    def partial_fit(self, source: Any, **reading: Any) -> DomainTermMiner:
        """Learn from one more part of the domain; the reference is counted before the first.

        Raises:
            RuntimeError: the miner is frozen.
        """
        if self._open and self.reference is None:
            self.reference = self._read_reference()
        return super().partial_fit(source, **reading)

    def _read_reference(self) -> ReferenceCounts:
        given = self._given
        if given is None:
            return ReferenceCounts.builtin()
        if isinstance(given, ReferenceCounts):
            return given
        if isinstance(given, (str, Path)) and str(given).endswith(".npz"):
            return ReferenceCounts.load(given)
        few = min(self.job.min_count, MIN_COUNT)  # what the reference has must not look absent
        engine = self._make_engine("reference", min_count=few)
        with self.stages("reference"):
            engine.add(given)
            _, trie = engine.count()
        return ReferenceCounts.of(trie, "a reference corpus", engine.report)

    def freeze(self, keep: bool = False) -> TermTable:
        """Count, find candidates, score, ask the rules and rank.

        Args:
            keep: stay open for more `partial_fit`, at the price of memory; not for a corpus counted out of core.

        Raises:
            RuntimeError: nothing was learnt yet.
        """
        self._count(keep)
        lexicon = self._find_candidates()
        with self.stages("score"):
            self._score()
        rows = self._correct(lexicon)
        counts = self.candidates.statistics.count
        self.selection = self.selection.ranked(self.scores, counts, top=self.top, min_score=self.min_score)
        return self._table(rows)

    def _find_candidates(self) -> Lexicon:
        symbols, trie = self.symbols, self.trie
        shown = {"threads": self.job.threads, "progress": self.progress}
        with self.stages("lexicon"):
            known = word_classes(trie)
            lexicon = domain_lexicon(symbols, trie, known.listed, **shown)
        with self.stages("candidates"):
            self.candidates = find_candidates(symbols, trie, lexicon, known.classes, self.reference, **shown)
        return lexicon

    def _score(self) -> None:
        """Score all candidates, and choose those that are worth a closer look."""
        statistics = self.candidates.statistics
        self._stands_out = bool((LogLikelihood().score(statistics) > SIGNIFICANT).any())
        self.scores = checked_scores(self.scorer, statistics)
        self.selection = self._select(self.scores, None if self.top is None else max(self.top, SHORTLIST))

    def _correct(self, lexicon: Lexicon) -> dict[str, np.ndarray]:
        """Correct the scores of the chosen candidates by what they mean, and by known terms; returns the vector of each."""
        chosen, terms = self.selection.kept[:SHORTLIST], self.selection.terms[:SHORTLIST]
        rows = np.empty((chosen.size, 0))
        if terms and self._wants_vectors():
            with self.stages("vectors"):
                rows = self._term_vectors(lexicon)
                if rows.size:
                    contrast = self.scores[chosen]
                    meaning = meaning_of_terms(terms, rows, contrast, self.semantics)
                    self.scores[chosen] = add_meaning(contrast, meaning)
        if terms and self.known_terms is not None:
            with self.stages("known terms"):
                columns = features(self.candidates.statistics.of(chosen)).values()
                matrix = np.hstack([np.stack([*columns, self.scores[chosen]], axis=1), rows])
                self.scores[chosen] = learn_from_known(matrix, terms, self.known_terms).scores
        return dict(zip(terms, rows)) if rows.size else {}

    def _term_vectors(self, lexicon: Lexicon) -> np.ndarray:
        words, weights = lexicon
        nodes = self.candidates.nodes[self.selection.kept[:SHORTLIST]]
        try:
            units = train_unit_vectors(
                self.symbols,
                self.trie,
                words,
                weights,
                seed=self.semantics.seed,
                threads=self.job.threads,
                progress=self.progress,
            )
        except TooLittleText:
            if self._vectors or self.semantics.seeds is not None:
                raise
            return np.empty((nodes.size, 0))  # no words stand near each other, and nobody asked for vectors
        self.vectors = units.vectors
        return term_rows(self.trie, nodes, words, weights, units)

    def _wants_vectors(self) -> bool:
        if self._vectors is not None:
            return self._vectors
        return self.trie.total >= ENOUGH or self.semantics.seeds is not None

    def _select(self, scores: np.ndarray, top: int | None) -> Selection:
        nodes, statistics = self.candidates.nodes, self.candidates.statistics
        if not self._stands_out:
            return Selection(np.empty(0, np.int64), [], {}, nodes.size)
        return select(self.trie, nodes, scores, statistics, self.rules, top=top)

    def _table(self, vectors: dict[str, np.ndarray]) -> TermTable:
        terms = self.selection.terms
        clusters = None
        if vectors and terms:
            with self.stages("clusters"):
                none = np.zeros_like(next(iter(vectors.values())))
                stacked = np.stack([vectors.get(term, none) for term in terms])
                clusters = cluster_terms(terms, stacked, self.semantics)
        with self.stages("table"):
            rows = make_rows(self.trie, self.candidates, self.selection, self.scores, clusters)
        if self.examples and rows:
            first = self.candidates.first[self.selection.kept]
            for row, example in zip(rows, self._engine.examples(terms, first)):
                row["example"] = example
            for row, spellings in zip(rows, self._engine.spellings(terms)):
                row["variants"] += spellings
        if not rows:
            warnings.warn(self._why_empty(), stacklevel=3)
        return TermTable(rows, corpus=self.corpus_report(), settings=self.settings())

    def _why_empty(self) -> str:
        size = (
            f"{self.trie.total:,} symbols, {len(self.candidates.nodes):,} candidates; "
            f"{self.reference.total:,} symbols in the reference"
        )
        if self.candidates.nodes.size == 0:
            return (
                f"no candidate was found ({size}): no phrase of two symbols or more (Han characters, or runs of letters beside "
                f"them; no numbers) occurs {self.job.min_count} times. Next: lower min_count, give more text, or look whether it is Chinese"
            )
        if not self._stands_out:
            return (
                f"nothing is a term ({size}): nothing is significantly more frequent in the domain than in the reference "
                "(G² > 3.84). The likely cause is a reference of the same kind as the domain, the same files, or one far too small. "
                "Next: another reference, or reference=None for the general counts that ship"
            )
        rejected = ", ".join(f"{name!r} {rule['count']:,}" for name, rule in self.selection.summary().items())
        bound = ""
        if self.min_score is not None:
            bound = f"; the best score is {self.scores.max():.2f}, min_score={self.min_score:g}"
        return (
            f"no candidate was kept ({size}; rejected: {rejected or 'none'}{bound}). "
            "Next: fewer rules, or a lower min_score"
        )

    def ranking(self, scorer: str | Scorer, top: int | None = None) -> list[str]:
        """The terms as another scorer ranks the same candidates, under the same rules.

        Raises:
            RuntimeError: nothing is frozen yet.
        """
        if self.candidates is None:
            raise RuntimeError("nothing is frozen yet: expected fit(corpus) and freeze() first")
        return self._select(checked_scores(make_scorer(scorer), self.candidates.statistics), top).terms

    @property
    def rejected(self) -> dict[str, str]:
        """Candidates that a rule rejected, best first -> its name; only the best are asked, until ``top`` or 30,000 are kept."""
        return {} if self.selection is None else self.selection.rejected

    def corpus_report(self) -> dict[str, Any]:
        """What was read, repaired and skipped in the domain, and in the reference."""
        return {
            **super().corpus_report(),
            "reference": None if self.reference is None else self.reference.report,
        }

    def settings(self) -> dict[str, Any]:
        """The parameters and the seconds of each stage, for reports.

        Raises:
            RuntimeError: nothing is frozen yet.
        """
        if self.selection is None:
            raise RuntimeError("nothing is frozen yet: expected fit(corpus) and freeze() first")
        job = self.job
        return {
            "scorer": self.scorer.name,
            "rules": self.rules.names,
            "max_length": job.max_length,
            "min_count": job.min_count,
            "runs": job.runs,
            "threads": job.threads,
            "symbols": self.trie.total,
            "reference_symbols": self.reference.total,
            "reference": self.reference.source,
            "n-grams": len(self.trie),
            "candidates": len(self.candidates.nodes),
            "vectors": None if self.vectors is None else f"{len(self.vectors):,} units",
            "clustering": None if self.vectors is None else self.semantics.clustering,
            "seed": self.semantics.seed,
            "top": self.top,
            "min_score": self.min_score,
            "memory": job.memory,
            "engine": self.engine,
            "rejected": self.selection.summary(),
            "not asked": self.selection.unread,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }
