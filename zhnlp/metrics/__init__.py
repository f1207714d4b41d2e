"""Evaluators: one a file, each returns a plain dict that names its primary metric.

Imported on first use; nothing here needs more than numpy and scikit-learn, but for counting given terms in a corpus,
for drawing a confusion matrix, and for the scores of sacrebleu and rouge-chinese.
"""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "bleu_score": "bleu",
        "bootstrap_interval": "bootstrap",
        "copied_share": "copying",
        "distinct_n": "distinct",
        "evaluate_classification": "classification",
        "evaluate_control": "control",
        "evaluate_cws": "segmentation",
        "evaluate_factoids": "factoids",
        "evaluate_language_model": "language_model",
        "evaluate_lexicon": "lexicon",
        "evaluate_masked_language_model": "language_model",
        "evaluate_reading": "reading",
        "evaluate_segmentation": "segmentation",
        "evaluate_terms": "terms",
        "evaluate_titles": "titles",
        "gold_words": "lexicon",
        "novel_share": "copying",
        "occurring_terms": "terms",
        "paired_bootstrap": "bootstrap",
        "plot_confusion": "confusion_plot",
        "read_synonyms": "factoids",
        "repetition": "distinct",
        "rouge_chinese_scores": "eval_packages",
        "rouge_scores": "rouge",
        "sacrebleu_scores": "eval_packages",
    },
)
