"""Texts with an asked property: a causal language model with conditional norms, learnt from labelled texts."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Attributes": "attributes",
        "ConditionalGenerator": "generator",
        "ConditionalTraining": "training",
        "Writing": "writing",
        "is_conditional": "files",
        "load_conditional": "files",
    },
)
