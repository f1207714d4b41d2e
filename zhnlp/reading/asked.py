"""One question or many, with a context or with passages: what a caller may give, as one form."""

from __future__ import annotations

from typing import Any


def asked(question: Any, context: Any = None, passages: Any = None) -> tuple[list[str], list[list[str]]]:
    """Questions, and of each its passages.

    Args:
        question: a str, or several.
        context: the passage; of several questions one for all, or one for each.
        passages: of a question a list of texts; of several a list of such lists.

    Raises:
        TypeError: a question or passage is no str.
        ValueError: both or neither of context and passages, other numbers of them, or a blank question.

    Example:
        >>> asked(["谁写的？", "写了什么？"], context="他写的。")
        (['谁写的？', '写了什么？'], [['他写的。'], ['他写的。']])
    """
    if (context is None) == (passages is None):
        raise ValueError("got both context and passages, or neither: expected one of them")
    single = isinstance(question, str)
    questions = [question] if single else list(question)
    texts = (
        _of_passages(passages, single) if context is None else _of_context(context, single, len(questions))
    )
    if len(texts) != len(questions):
        raise ValueError(
            f"got {len(questions):,} questions and passages for {len(texts):,}: expected as many, in the same order"
        )
    for one, of_question in zip(questions, texts):
        if not isinstance(one, str) or not all(isinstance(text, str) for text in of_question):
            raise TypeError(f"question {one!r:.60} or one of its passages is no str: expected texts")
        if not one.strip():
            raise ValueError("a question is blank: expected some text")
    return questions, texts


def _of_context(context: Any, single: bool, count: int) -> list[list[str]]:
    if isinstance(context, str):
        return [[context]] * count
    if single:
        raise TypeError("context is a list for one question: expected a str. Next: passages=[…]")
    return [[one] for one in context]


def _of_passages(passages: Any, single: bool) -> list[list[str]]:
    if isinstance(passages, str):
        raise TypeError("passages is one str: expected a list. Next: context=…")
    if single:
        return [list(passages)]
    passages = list(passages)
    if any(isinstance(one, str) for one in passages):
        raise TypeError(
            "passages is a list of str for a list of questions: expected a list of lists, one for each question"
        )
    return [list(one) for one in passages]
