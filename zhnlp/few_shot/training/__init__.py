"""All that learns from a few labels: one idea a file, `fit.py` puts them together."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Recipe": "recipe",
        "adapt": "adaptation",
        "adapt_model": "adaptation",
        "choose_by_folds": "selection",
        "fit_choices": "choice",
        "fit_prompts": "fit",
    },
)
