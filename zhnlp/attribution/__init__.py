"""Why a classifier decided so: scores of characters and words, their checks, and pages that show them.

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
        "TellingWords": "report",
        "deletion_curve": "faithfulness",
        "explain": "explainer",
        "measure_faithfulness": "faithfulness",
        "gradient_x_input": "gradients",
        "insertion_curve": "faithfulness",
        "integrated_gradients": "path_integral",
        "render_page": "page",
        "telling_words": "report",
    },
)
