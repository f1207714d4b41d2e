"""zhnlp: Chinese NLP for raw text, few labels and no cluster of GPUs.

Example:
    >>> from zhnlp import pipeline
    >>> words = pipeline("new-words", min_count=2)(["深度学习很好"] * 3 + ["深度学习真好"] * 3)
    >>> words[0]["word"], words[0]["count"]
    ('深度学习', 6)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhnlp.lazy import exports

__version__ = "0.1.0"

if TYPE_CHECKING:
    from zhnlp.mining.discoverer import WordDiscoverer as WordDiscoverer
    from zhnlp.tasks.registry import pipeline as pipeline
    from zhnlp.text import Corpus as Corpus

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Corpus": "text",
        "WordDiscoverer": "mining.discoverer",
        "pipeline": "tasks.registry",
    },
)
__all__ += ["__version__"]
