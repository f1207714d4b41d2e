"""Attention to some of the keys, computed without a matrix of all pairs; one pattern or one step of the way a file."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Atrous": "patterns",
        "Local": "patterns",
        "LocalGlobal": "patterns",
        "Pattern": "patterns",
        "Sparse": "patterns",
        "mask_mod": "flex",
        "pattern_from_dict": "patterns",
        "pattern_mask": "dense",
        "sparse_attention": "attend",
    },
)
