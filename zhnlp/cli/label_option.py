"""``--labels``: labels and the words that stand for them."""

from __future__ import annotations

from collections.abc import Sequence


def parse_labels(given: Sequence[str] | None) -> dict[str, list[str]] | None:
    """Label → words of ``--labels 正面=好,满意 --labels 负面=差``, or of ``--labels 体育,财经``, whose labels are their own words.

    Args:
        given: the option, as often as it is there; None or empty for none.

    Raises:
        ValueError: a label without words, or one that is there twice.

    Example:
        >>> parse_labels(["正面=好,满意", "负面=差"]), parse_labels(["体育，财经"])
        ({'正面': ['好', '满意'], '负面': ['差']}, {'体育': ['体育'], '财经': ['财经']})
    """
    labels: dict[str, list[str]] = {}
    for one in given or ():
        name, equals, words = one.partition("=")
        parts = [part.strip() for part in (words if equals else one).replace("，", ",").split(",")]
        parts = [part for part in parts if part]
        found = {name.strip(): parts} if equals else {part: [part] for part in parts}
        if not parts or not all(found):
            raise ValueError(
                f"--labels {one!r} has no label or no word: expected 正面=好,满意, or 体育,财经,娱乐"
            )
        if twice := next((label for label in found if label in labels), None):
            raise ValueError(f"--labels has {twice!r} twice: expected all its words in one, {twice}=…,…")
        labels |= found
    return labels or None
