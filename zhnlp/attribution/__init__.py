"""Why a classifier decided so, and what surprised a language model: scores of characters, checks, pages that show them.

Everything is imported at its first use: ``import zhnlp.attribution`` does not load torch.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Explainer": "explainer",
        "Explanation": "explanation",
        "Explainable": "explainable",
        "Surprise": "surprisal",
        "TellingWords": "report",
        "deletion_curve": "faithfulness",
        "explain": "explainer",
        "measure_faithfulness": "faithfulness",
        "gradient_x_input": "gradients",
        "insertion_curve": "faithfulness",
        "integrated_gradients": "path_integral",
        "render_page": "page",
        "render_surprise": "surprise_page",
        "surprise": "surprisal",
        "telling_words": "report",
    },
)
