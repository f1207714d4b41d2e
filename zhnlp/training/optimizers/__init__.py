"""Optimizers around any torch.optim one: Lookahead, lazy embeddings, two-rate ascent; parameter groups by depth."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AlternatingAscent": "ascent",
        "LazyOptimizer": "lazy",
        "Lookahead": "lookahead",
        "layer_wise_groups": "layer_rates",
        "optimizer_by_name": "by_name",
    },
)
