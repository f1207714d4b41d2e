"""What prompting is measured against: fine-tuning, contrastive vectors, and a bag of characters, as scikit-learn classifiers."""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ContrastiveClassifier": "contrastive",
        "FineTunedClassifier": "fine_tuned",
        "bag_of_characters": "character_ngrams",
    },
)
