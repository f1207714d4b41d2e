"""What evaluators of answers are given: one prediction a question, one right answer or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def listed_answers(
    predictions: Iterable[str], answers: Iterable[str | Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Both as lists, of each question a list of right answers.

    Raises:
        TypeError: one str in place of a list, or a text that is no str.
        ValueError: lists of differing lengths, no question, or a question without a right answer that is not blank.

    Example:
        >>> listed_answers(["天", ""], ["天", ["地", "土地"]])
        (['天', ''], [['天'], ['地', '土地']])
    """
    for name, texts in (("predictions", predictions), ("answers", answers)):
        if isinstance(texts, (str, bytes)):
            raise TypeError(
                f"got one {type(texts).__name__} as {name}: expected a list (it would be read character by character). "
                f"Next: [{name}] for a single question"
            )
    given = list(predictions)
    right = [[one] if isinstance(one, str) else list(one or ()) for one in answers]
    if len(given) != len(right):
        raise ValueError(
            f"got {len(given)} predictions and answers of {len(right)} questions: expected as many, in the same order. "
            "Next: '' where nothing was found"
        )
    if not given:
        raise ValueError("got no prediction: expected 1 or more")
    for number, (text, texts) in enumerate(zip(given, right)):
        if not isinstance(text, str) or not all(isinstance(one, str) for one in texts):
            raise TypeError(
                f"question {number} (counted from 0) has {text!r} and {texts!r}: expected a str and a str or a list of them. "
                "Next: '' where nothing was found"
            )
        if not any(map(str.strip, texts)):
            raise ValueError(
                f"question {number} (counted from 0) has no right answer: expected a text to compare with. Next: leave it out on "
                "both sides; for 'not found' look at the AUROC of the no-answer chance"
            )
    return given, right
