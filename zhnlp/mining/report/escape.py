"""Values on their way into a page: JSON that no HTML parser can misread, and numbers that JSON can write."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from typing import Any

_RISKY = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def clean_text(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot write, as U+FFFD.

    Example:
        >>> clean_text("深" + chr(0xD800) + "度")
        '深�度'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(value: Any) -> Any:
    """The value as dicts, lists, text, numbers, booleans and None; NaN and infinity become None.

    Args:
        value: anything; numpy scalars, paths, sets, counters and objects with ``as_dict`` are understood.

    Example:
        >>> plain({"pmi": float("inf"), "files": ("a", "b")})
        {'pmi': None, 'files': ['a', 'b']}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "as_dict"):
        value = value.as_dict()
    if isinstance(value, Mapping):
        return {clean_text(str(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, Set):
        return sorted(map(plain, value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return plain(value.tolist())
    return clean_text(str(value))


def script_json(value: Any) -> str:
    """Compact JSON that can stand inside ``<script type="application/json">``.

    Args:
        value: what `plain` returns.

    Example:
        >>> print(script_json({"word": "</script><b>"}))
        {"word":"\\u003c/script\\u003e\\u003cb\\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_RISKY)
