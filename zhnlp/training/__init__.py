"""Everything that changes how a model learns: the trainer, optimizers, callbacks and regularizers."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "LengthGroupedBatches": "length_grouped",
        "SeededLoader": "loading",
        "ShuffledBatches": "loading",
        "StreamedBatches": "streams",
        "TokenBudgetBatches": "length_grouped",
        "Trainer": "trainer",
        "newest_complete": "resumable",
        "seed_everything": "seeds",
    },
)
