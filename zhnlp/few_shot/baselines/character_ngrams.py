"""The floor of every table: TF-IDF of character n-grams and logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.baselines.rows import texts_of

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def bag_of_characters(
    *, ngram_range: tuple[int, int] = (1, 2), C: float = 30.0, random_state: int | None = 0
) -> Pipeline:
    """TF-IDF of the character n-grams of a text, then logistic regression: a scikit-learn Pipeline.

    The two texts of a pair are joined by a sign that no text has.

    Args:
        ngram_range: shortest and longest n-gram, in characters.
        C: inverse strength of the L2 penalty.

    Example:
        >>> classifier = bag_of_characters().fit(["很好看", "真好", "太差了", "差劲"], [1, 1, 0, 0])
        >>> classifier.predict(["好的", "差的"]).tolist(), classifier.classes_.tolist()
        ([1, 0], [0, 1])
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(
        FunctionTransformer(joined),
        TfidfVectorizer(analyzer="char", ngram_range=ngram_range, sublinear_tf=True),
        LogisticRegression(C=C, max_iter=2000, random_state=random_state),
    )


def joined(X: Any) -> list[str]:
    """Each example as one text."""
    return ["\x1f".join(texts) for texts in texts_of(X)]
