"""pipeline("domain-terms"): a professional corpus in, its ranked terms out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from zhnlp.mining.terms.miner import DomainTermMiner
from zhnlp.mining.terms.table import TermTable
from zhnlp.tasks.base import Pipeline
from zhnlp.tasks.sources import are_names, choose_source, warn_if_name


class DomainTerms(Pipeline):
    """Find the terms of a professional corpus: phrases that it has far more often than general text; no label needed.

    Args:
        reference: what the domain is compared with: an iterable of texts, a pathlib.Path (file or folder) or list of
            Paths, names of files that are there, a str (one text), a `Corpus`, a `zhnlp.mining.terms.ReferenceCounts`, a ``.npz`` file that
            `save_reference` wrote (by name or Path), or None for the counts of general text that ship.
        reference_paths: files, folders or patterns by name, or one ``.npz`` file, instead of ``reference``.
        model: another name for ``reference``, as ``pipeline(task, model)`` has it.
        **options: those of `zhnlp.mining.terms.DomainTermMiner`, listed by ``help()``.

    Call it on a list of texts, an iterator, a `Corpus`, a pathlib.Path (file or folder), or ``paths="corpus/*.txt"``.
    Returns a `TermTable`: a list of dicts sorted by score, with ``.table`` (Arrow), ``.save(path)`` and
    ``.report(path)``.  ``pipe.miner`` keeps what was learnt: ``rejected`` (candidate -> rule), ``ranking(scorer)``.
    The reference is counted once, at the first call.

    Raises:
        TypeError: both ``reference`` and ``reference_paths`` were given, or an option is not known.
        ValueError: an option is out of its range.
        FileNotFoundError: no reference of that name.

    Example:
        >>> from zhnlp import pipeline
        >>> pipe = pipeline("domain-terms", reference=["今天天气很好。"] * 9, min_count=3)
        >>> terms = pipe(["检修主变压器。", "主变压器漏油。", "主变压器发热。", "更换主变压器。"])
        >>> terms[0]["term"], terms[0]["count"], terms[0]["reference_count"]
        ('主变压器', 4, 0)

    Source: 苏剑林, https://kexue.fm/archives/6540
    """

    task = "domain-terms"

    def __init__(
        self, reference: Any = None, *, reference_paths: Any = None, model: Any = None, **options: Any
    ):
        if model is not None:
            if reference is not None:
                raise TypeError(
                    "domain-terms got both reference and model: expected one, they are the same thing"
                )
            reference = model
        if reference_paths is not None:
            if reference is not None:
                raise TypeError("domain-terms got both reference and reference_paths: expected one of them")
            reference = choose_reference(reference_paths, engine=options.get("engine", "local"))
        elif are_names(reference):
            reference = choose_reference(reference, engine=options.get("engine", "local"))
        elif not is_counts(reference):
            warn_if_name(reference, "reference_paths=…")
        self.miner = DomainTermMiner(reference, **options)

    @classmethod
    def help(cls) -> str:
        """What the task does, its options and those of the miner, and an example."""
        arguments = inspect.getdoc(DomainTermMiner).partition("\nArgs:\n")[2].partition("\n\n")[0]
        return f"{super().help()}\n\nOptions of zhnlp.mining.terms.DomainTermMiner:\n{arguments}"

    def __call__(self, texts: Any = None, *, paths: Any = None, **reading: Any) -> TermTable:
        """Mine one corpus.

        Args:
            texts: an iterable of texts, a Path or list of Paths, names of files that are there, a Corpus, a
                datasets.Dataset, a str (one text).
            paths: files, folders or patterns by name, instead of ``texts``.
            **reading: options of `Corpus.of`, such as ``text_field`` or ``unit``.
        """
        source, reading = choose_source(self.task, texts, paths, self.miner.engine, **reading)
        return self.miner.fit(source, **reading).freeze()

    def save_reference(self, path: str | Path) -> Path:
        """Write the counts of the reference as one ``.npz`` file without text, to be given as ``reference`` again.

        Raises:
            RuntimeError: nothing was mined yet.
            ValueError: the name does not end in ``.npz``.
        """
        if Path(path).suffix != ".npz":
            raise ValueError(f"{path} ends in {Path(path).suffix or 'nothing'!r}: expected .npz")
        if self.miner.reference is None:
            raise RuntimeError(
                "the reference is not counted yet: expected one call, which counts it. "
                "Next: ReferenceCounts.from_corpus(…).save(…) to count without a domain"
            )
        return self.miner.reference.save(path)


def choose_reference(paths: Any, engine: str = "local", **reading: Any) -> Any:
    """A reference by name: the corpus of ``paths``, or the one file of counts (``.npz``) among them.

    Args:
        paths: what `Corpus.from_paths` takes, or a ``.npz`` file.
        engine: for "spark" paths stay what they are, as only the cluster can read them.
        **reading: options of `Corpus.from_paths`.

    Raises:
        ValueError: counts stand beside other files.
        FileNotFoundError: nothing by that name.

    Example:
        >>> choose_reference(["general.npz"])
        'general.npz'
    """
    names = list(paths) if isinstance(paths, (list, tuple)) else [paths]
    counts = [name for name in names if is_counts(name)]
    if counts and len(names) > 1:
        raise ValueError(
            f"the reference got {counts[0]} and {len(names) - 1} more: expected one .npz file of counts, or a corpus. "
            "Next: count all the texts together"
        )
    if counts:
        return counts[0]
    return choose_source("reference", None, paths, engine, **reading)[0]


def is_counts(reference: Any) -> bool:
    """Whether a reference is the name of a file of counts."""
    return isinstance(reference, (str, Path)) and str(reference).endswith(".npz")
