"""Evaluators: one a file, each returns a plain dict that names its primary metric.

Imported on first use; nothing here needs more than numpy, but for counting given terms in a corpus.
"""

from importlib import import_module

_WHERE = {
    "evaluate_segmentation": "segmentation",
    "evaluate_cws": "segmentation",
    "evaluate_language_model": "language_model",
    "evaluate_lexicon": "lexicon",
    "evaluate_masked_language_model": "language_model",
    "gold_words": "lexicon",
    "evaluate_terms": "terms",
    "occurring_terms": "terms",
}

__all__ = [
    "evaluate_cws",
    "evaluate_language_model",
    "evaluate_lexicon",
    "evaluate_masked_language_model",
    "evaluate_segmentation",
    "evaluate_terms",
    "gold_words",
    "occurring_terms",
]


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"zhnlp.metrics has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
