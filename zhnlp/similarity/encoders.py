"""Which encoder a name or a folder means."""

from __future__ import annotations

from pathlib import Path

from zhnlp.similarity.faq_texts import TextEncoder


def load_encoder(name: str | Path | None = None) -> TextEncoder:
    """The encoder of a name: "characters" for `HashedNgrams`, else what `SentenceEncoder` takes, or a saved folder of either.

    Args:
        name: None for "characters", which needs no model.

    Raises:
        FileNotFoundError, ConnectionError: no such model.

    Example:
        >>> type(load_encoder()).__name__
        'HashedNgrams'
    """
    from zhnlp.similarity.hashed_ngrams import HashedNgrams

    if name is None or name == "characters":
        return HashedNgrams()
    if (Path(name) / "hashed_ngrams.json").is_file():
        return HashedNgrams.load(name)
    from zhnlp.similarity.encoder import SentenceEncoder

    return SentenceEncoder(name)
