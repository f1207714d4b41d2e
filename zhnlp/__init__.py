"""zhnlp: Chinese NLP for raw text, few labels and no cluster of GPUs.

Example:
    >>> from zhnlp import pipeline
    >>> words = pipeline("new-words", min_count=2)(["深度学习很好"] * 3 + ["深度学习真好"] * 3)
    >>> words[0]["word"], words[0]["count"]
    ('深度学习', 6)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from zhnlp.mining.discoverer import WordDiscoverer
    from zhnlp.tasks.registry import pipeline
    from zhnlp.text import Corpus

_HOMES = {
    "pipeline": "zhnlp.tasks.registry",
    "Corpus": "zhnlp.text",
    "WordDiscoverer": "zhnlp.mining.discoverer",
}

__all__ = ["Corpus", "WordDiscoverer", "__version__", "pipeline"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zhnlp' has no attribute {name!r}: it has {', '.join(sorted(__all__))}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
