"""Beam search, greedy search and sampling over any step function.  `generate` is the door; `step.py` says what a model gives."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CausalStep": "causal",
        "Conditioned": "conditioned",
        "DecodingOptions": "options",
        "Guided": "guided",
        "Hypothesis": "hypotheses",
        "PerRow": "options",
        "Step": "step",
        "StepOutput": "step",
        "Verse": "constraints.verse",
        "generate": "generation",
        "select_rows": "step",
    },
)
