"""One door for encoders of sentences: trained networks, and bags of character n-grams, learnt or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.similarity.character_ngrams import SETTINGS, CharacterNgramEncoder
from zhnlp.similarity.hashed_ngrams import FILE, HashedNgrams

if TYPE_CHECKING:
    from zhnlp.similarity.encoder import SentenceEncoder

CHARACTERS = "characters"


def load_encoder(model: Any = None, **options: Any) -> SentenceEncoder | CharacterNgramEncoder | HashedNgrams:
    """The encoder of a name or folder, or the one that was given.

    Args:
        model: shipped name, folder or Hub id; "characters" for `HashedNgrams`, which needs no model; an encoder, which is handed
            back; None for what ships.
        **options: of `zhnlp.similarity.encoder.SentenceEncoder`, for a network; those that are None are left out.

    Raises:
        TypeError: what was given encodes nothing, or n-grams were given options of a network.
        FileNotFoundError, ConnectionError, ValueError: as of the encoders.

    Example:
        >>> load_encoder(3)
        Traceback (most recent call last):
        ...
        TypeError: the model is int: expected a shipped name, a folder, a Hub id or an encoder
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    if isinstance(model, (str, Path)):
        folder = Path(model).expanduser()
        if model == CHARACTERS:
            model = HashedNgrams()
        elif (folder / SETTINGS).is_file():
            model = CharacterNgramEncoder.load(folder)
        elif (folder / FILE).is_file():
            model = HashedNgrams.load(folder)
    if model is None or isinstance(model, (str, Path)):
        from zhnlp.similarity.encoder import SentenceEncoder

        return SentenceEncoder(model, **chosen)
    if not callable(getattr(model, "encode", None)) or not hasattr(model, "size"):
        raise TypeError(
            f"the model is {type(model).__name__}: expected a shipped name, a folder, a Hub id or an encoder"
        )
    if chosen:
        raise TypeError(
            f"{type(model).__name__} got {', '.join(chosen)}: expected an encoder that has been made, without options of a network"
        )
    return model
