"""The networks that read for answers, one a file; `base.py` says what an engine is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def check_options(name: str, options: dict[str, Any]) -> None:
    """Refuse options that an engine does not have.

    Raises:
        TypeError: there is one; the message names those there are.
    """
    if not options:
        return
    own = engine_class(name).options()
    if unknown := sorted(options.keys() - own):
        raise TypeError(
            f"the engine {name!r} has no option {', '.join(unknown)}: expected {', '.join(sorted(own))}, seed, device or progress"
        )
