"""``--labels``: labels and their words in one argument."""

from __future__ import annotations

import json
from typing import Any

_SIGNS = str.maketrans("＝；，、", "=;,,")


def parse_labels(option: str) -> dict[str, list[str]] | list[str]:
    """Labels with their words, or labels that are their own words.

    Args:
        option: ``正面=好,满意;负面=差``, or ``体育,财经``, or a JSON object or list; full-width signs do too.

    Raises:
        ValueError: it is none of these.

    Example:
        >>> parse_labels("正面=好,满意；负面=差"), parse_labels("体育，财经")
        ({'正面': ['好', '满意'], '负面': ['差']}, ['体育', '财经'])
    """
    said = f"--labels {option!r} cannot be read: expected such as '正面=好,满意;负面=差', or '体育,财经'"
    if option.lstrip()[:1] in ("{", "["):
        try:
            found: Any = json.loads(option)
        except ValueError as error:
            raise ValueError(f"{said}, or JSON ({error})") from None
        return found
    plain = option.translate(_SIGNS)
    if "=" not in plain:
        labels = _words(plain.replace(";", ","))
        if not labels:
            raise ValueError(said)
        return labels
    described: dict[str, list[str]] = {}
    for part in filter(str.strip, plain.split(";")):
        label, sign, words = part.partition("=")
        label = label.strip()
        if not (label and sign and _words(words)) or label in described:
            raise ValueError(said + (f"; {label!r} is there twice" if label in described else ""))
        described[label] = _words(words)
    return described


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
