"""One door for encoders of sentences: trained networks, and bags of character n-grams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.checkpoints.catalogue import find
from zhnlp.similarity.character_ngrams import SETTINGS, CharacterNgramEncoder

if TYPE_CHECKING:
    from zhnlp.similarity.encoder import SentenceEncoder

DEFAULT = "zhnlp-sentence-small"  # what ships: single characters, weighed by open text
_ANYWHERE = ("revision", "cache_dir", "device")  # options that change nothing where there is no network


def load_encoder(model: Any = None, **options: Any) -> SentenceEncoder | CharacterNgramEncoder:
    """The encoder of a name or folder, or the one that was given.

    Args:
        model: shipped name, folder or Hub id; an encoder, which is handed back; None for what ships.
        **options: of `zhnlp.similarity.encoder.SentenceEncoder`, for a network; those that are None are left out.

    Raises:
        TypeError: what was given encodes nothing, or n-grams were given options of a network.
        FileNotFoundError, ConnectionError, ValueError: as of the encoders.

    Example:
        >>> query, near, far = load_encoder().encode(["怎么才能退款", "怎么退款", "明天下雨"], normalize=True)
        >>> bool(query @ near > 0.5 > query @ far)
        True
    """
    model = DEFAULT if model is None else model
    chosen = {name: value for name, value in options.items() if value is not None}
    if isinstance(model, (str, Path)):
        folder = find(str(model)) or Path(model).expanduser()
        if not (folder / SETTINGS).is_file():
            from zhnlp.similarity.encoder import SentenceEncoder

            return SentenceEncoder(model, **chosen)
        model = CharacterNgramEncoder.load(folder)
        chosen = {name: value for name, value in chosen.items() if name not in _ANYWHERE}
    if not callable(getattr(model, "encode", None)) or not hasattr(model, "size"):
        raise TypeError(
            f"the model is {type(model).__name__}: expected a shipped name, a folder, a Hub id or an encoder"
        )
    if chosen:
        raise TypeError(
            f"{type(model).__name__} got {', '.join(chosen)}: expected a network for that, or an encoder without options. Next: "
            'model="zhnlp-mlm-small", or any encoder of the Hub'
        )
    return model
