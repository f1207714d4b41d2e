"""Reading for answers: features of question and passages, spans from scores, votes over passages, "not found"."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Example": "examples",
        "NoAnswer": "no_answer",
        "PassageReader": "reader",
        "PassageSearch": "passage_search",
        "RULES": "votes",
        "Spans": "spans",
        "candidates": "spans",
        "cut": "spans",
        "fit_no_answer": "no_answer",
        "hand_features": "features",
        "learn_words": "word_vectors",
        "merge_windows": "long_passages",
        "n_best": "spans",
        "read_examples": "examples",
        "read_predictions": "predictions",
        "render_page": "page",
        "sigmoid_chances": "spans",
        "softmax_chances": "spans",
        "span_scores": "spans",
        "vote": "votes",
        "vote_score": "votes",
        "WordKnowledge": "word_vectors",
        "windows": "long_passages",
    },
)
