"""The networks that write titles, one a file; `base.py` says what an engine is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhnlp.seq2seq.engines.base import Engine

_ENGINES = {
    "unilm": ("zhnlp.seq2seq.engines.unilm", "UniLMEngine"),
    "lstm": ("zhnlp.seq2seq.engines.lstm", "LSTMEngine"),
    "encoder-decoder": ("zhnlp.seq2seq.engines.encoder_decoder", "EncoderDecoderEngine"),
}


def engine_class(name: str) -> type[Engine]:
    """The class of an engine by its name."""
    module, kind = _ENGINES[name]
    return getattr(import_module(module), kind)
