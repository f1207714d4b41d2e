"""Approximate indexes of the extra ``[search]``: one a file, behind the four methods of `base.Backend`."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {"BACKENDS": "base", "Backend": "base", "approximate_search": "base", "open_backend": "base"},
)
