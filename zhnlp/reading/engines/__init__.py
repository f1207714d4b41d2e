"""The networks that read for answers, one a file; `base.py` says what an engine is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhnlp.reading.engines.base import Engine

_ENGINES = {
    "dgcnn": ("zhnlp.reading.engines.dgcnn", "DGCNNEngine"),
    "encoder": ("zhnlp.reading.engines.encoder", "EncoderEngine"),
}


def engine_class(name: str) -> type[Engine]:
    """The class of an engine by its name."""
    module, kind = _ENGINES[name]
    return getattr(import_module(module), kind)
