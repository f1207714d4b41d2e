"""Evaluators: one a file, each returns a plain dict that names its primary metric.

Imported on first use; nothing here needs more than numpy and scikit-learn, but for counting given terms in a corpus,
for drawing a confusion matrix, for trees of nltk, and for the scores of sacrebleu and rouge-chinese.
"""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "DependencyTree": "dependencies",
        "bleu_score": "bleu",
        "bootstrap_interval": "bootstrap",
        "bracket_string": "tree_drawing",
        "copied_share": "copying",
        "dependency_constituents": "dependencies",
        "distinct_n": "distinct",
        "draw_tree": "tree_drawing",
        "evaluate_classification": "classification",
        "evaluate_control": "control",
        "evaluate_cws": "segmentation",
        "evaluate_language_model": "language_model",
        "evaluate_lexicon": "lexicon",
        "evaluate_masked_language_model": "language_model",
        "evaluate_segmentation": "segmentation",
        "evaluate_terms": "terms",
        "evaluate_titles": "titles",
        "evaluate_trees": "trees",
        "gold_words": "lexicon",
        "induce_tree": "trees",
        "left_branching": "trees",
        "nltk_tree": "tree_drawing",
        "novel_share": "copying",
        "occurring_terms": "terms",
        "paired_bootstrap": "bootstrap",
        "plot_confusion": "confusion_plot",
        "random_branching": "trees",
        "read_conllu": "dependencies",
        "repetition": "distinct",
        "right_branching": "trees",
        "rouge_chinese_scores": "eval_packages",
        "rouge_scores": "rouge",
        "sacrebleu_scores": "eval_packages",
        "tree_spans": "trees",
        "tree_tokens": "trees",
        "unlabelled_f1": "trees",
    },
)
