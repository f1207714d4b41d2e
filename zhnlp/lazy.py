"""Names of a package that are imported at their first use (PEP 562), so that importing the package is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package whose names live in its modules.

    Args:
        package: ``__name__`` of the package.
        homes: name → module inside the package.

    Example:
        >>> get, names, all_names = exports("zhnlp.text", {"is_han": "characters"})
        >>> get("is_han")("电"), names(), all_names
        (True, ['is_han'], ['is_han'])
        >>> get("is_hen")
        Traceback (most recent call last):
        AttributeError: module 'zhnlp.text' has no attribute 'is_hen': it has is_han
    """
    names = sorted(homes)

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}: it has {', '.join(names)}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get, lambda: list(names), names
