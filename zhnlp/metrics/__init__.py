"""Evaluators: one a file, each returns a plain dict that names its primary metric.

Imported on first use; nothing here needs more than numpy and scikit-learn, but for counting given terms in a corpus and
for drawing a confusion matrix.
"""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "evaluate_classification": "classification",
        "evaluate_cws": "segmentation",
        "evaluate_language_model": "language_model",
        "evaluate_lexicon": "lexicon",
        "evaluate_masked_language_model": "language_model",
        "evaluate_segmentation": "segmentation",
        "evaluate_terms": "terms",
        "gold_words": "lexicon",
        "occurring_terms": "terms",
        "plot_confusion": "confusion_plot",
    },
)
