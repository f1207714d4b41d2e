"""Classify with few labels or none: a language model fills the blank of a template with label words.

Everything is imported at its first use: ``import zhnlp.few_shot`` loads neither torch nor transformers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FittedWeights": "network",
        "Prompt": "prompt",
        "PromptClassifier": "classifier",
        "Template": "template",
        "Verbalizer": "verbalizer",
        "check_head": "head_check",
        "suggest_templates": "suggest",
    },
)
