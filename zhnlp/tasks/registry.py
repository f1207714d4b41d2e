"""`pipeline(task)`: from the name of a task to the object that does it."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhnlp.tasks.base import Pipeline

_TASKS = {
    "new-words": ("zhnlp.tasks.new_words", "NewWords"),
    "domain-terms": ("zhnlp.tasks.domain_terms", "DomainTerms"),
    "word-segmentation": ("zhnlp.tasks.segmentation", "WordSegmentation"),
    "keywords": ("zhnlp.tasks.keywords", "Keywords"),
    "fill-mask": ("zhnlp.tasks.fill_mask", "FillMask"),
    "title-generation": ("zhnlp.tasks.titles", "TitleGeneration"),
    "text-generation": ("zhnlp.tasks.generation", "TextGeneration"),
    "feature-extraction": ("zhnlp.tasks.features", "FeatureExtraction"),
    "sentence-similarity": ("zhnlp.tasks.similarity", "SentenceSimilarity"),
    "few-shot-classification": ("zhnlp.tasks.few_shot", "FewShotClassification"),
    "reading-comprehension": ("zhnlp.tasks.reading", "ReadingComprehension"),
    "explain": ("zhnlp.tasks.explain", "Explain"),
}


def task_class(task: str) -> type[Pipeline]:
    """The pipeline class of a task.

    Raises:
        ValueError: no task has that name; the message lists the known ones, the nearest first.
    """
    if task not in _TASKS:
        near = difflib.get_close_matches(str(task), _TASKS, n=len(_TASKS), cutoff=0)
        raise ValueError(f"task {task!r} is not known: expected one of {', '.join(map(repr, near))}")
    module, name = _TASKS[task]
    return getattr(import_module(module), name)


def pipeline(task: str, model: str | Path | None = None, **options: Any) -> Pipeline:
    """Make the pipeline of a task, ready to be called on texts.

    Args:
        task: a name of ``pipeline.tasks()``; ``pipeline.help(task)`` tells its options.
        model: a shipped name, a folder or a Hub id, where the task has a model; None for its default.
        **options: the options of the task.

    Raises:
        ValueError: the task is not known, or an option is out of its range.
        TypeError: the task has no such option.

    Example:
        >>> pipeline.tasks()
        ['new-words', 'domain-terms', 'word-segmentation', 'keywords', 'fill-mask', 'title-generation', 'text-generation',
         'feature-extraction', 'sentence-similarity', 'few-shot-classification', 'reading-comprehension', 'explain']
        >>> pipeline("word-segmentation", lexicon=["变压器", "检修"])("变压器检修")
        [{'word': '变压器', 'start': 0, 'end': 3}, {'word': '检修', 'start': 3, 'end': 5}]
    """
    chosen = task_class(task)
    return chosen(**options) if model is None else chosen(model=model, **options)


def _tasks() -> list[str]:
    """The names that `pipeline` takes."""
    return list(_TASKS)


def _help(task: str) -> str:
    """What a task does and takes."""
    return task_class(task).help()


pipeline.tasks = _tasks
pipeline.help = _help
