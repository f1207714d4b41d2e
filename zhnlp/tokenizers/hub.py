"""From a name to a folder: a local folder or file, a model that ships, or what the Hub library holds or fetches."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

TOKENIZER_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)  # what is fetched from the Hub to make a tokenizer; never weights
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w][\w.-]*)?")


def locate(
    name_or_path: str | Path, *, revision: str | None = None, cache_dir: str | Path | None = None
) -> Path:
    """The folder (or single file) where the tokenizer of ``name_or_path`` lies, fetched from the Hub if need be.

    A shipped name goes first, then a local path, then a Hub id. Mirrors and offline mode are the Hub library's own
    variables, HF_ENDPOINT and HF_HUB_OFFLINE.

    Raises:
        FileNotFoundError: a path that is not there, or an id that the Hub does not know.
        ConnectionError: the Hub is needed and cannot be reached; the message says what to do.

    Example:
        >>> locate("./no-such-folder")
        Traceback (most recent call last):
        FileNotFoundError: no folder ./no-such-folder: ...
    """
    from zhnlp.checkpoints import find

    if isinstance(name_or_path, str) and (shipped := find(name_or_path)) is not None:
        return shipped
    path = Path(name_or_path).expanduser()
    if path.exists():
        return path
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or not _HUB_ID.fullmatch(name):
        raise FileNotFoundError(
            f"no folder {name}: expected a folder with a tokenizer, a Hub id such as hfl/chinese-roberta-wwm-ext, or a "
            f"shipped name ({shipped_names()}). Next: ls {path.parent}"
        )
    return _from_hub(name, revision, cache_dir)


def _from_hub(name: str, revision: str | None, cache_dir: str | Path | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(
            snapshot_download(
                name, revision=revision, cache_dir=cache_dir, allow_patterns=list(TOKENIZER_FILES)
            )
        )
    except RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{name} has no revision {revision!r}: expected a branch, a tag or a commit"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise FileNotFoundError(
            f"the Hub knows no {name}, or it is private: expected an id such as hfl/chinese-roberta-wwm-ext. "
            f"Shipped are {shipped_names()}"
        ) from error
    except (LocalEntryNotFoundError, OSError) as error:
        if isinstance(error, OSError) and error.errno == 28:  # no space left: not a matter of the net
            raise
        raise ConnectionError(offline_message(name, cache_dir, error)) from error


def offline_message(name: str, cache_dir: str | Path | None = None, error: Any = None) -> str:
    """What to say when a Hub id is neither in the cache nor to be fetched: where was looked, and the ways out."""
    from huggingface_hub import constants

    folder = Path(cache_dir) if cache_dir is not None else Path(constants.HF_HUB_CACHE)
    if constants.HF_HUB_OFFLINE:
        why = f"HF_HUB_OFFLINE={os.environ.get('HF_HUB_OFFLINE', '1')} forbids to fetch it"
    else:
        why = f"{constants.ENDPOINT} could not be reached" + (
            f" ({type(error).__name__})" if error is not None else ""
        )
    return (
        f"{name} is not in the cache {folder}, and {why}. Next: set HF_ENDPOINT to a mirror, unset HF_HUB_OFFLINE, fetch it "
        f"elsewhere (hf download {name}) and copy it here, or take a model that ships: {shipped_names()}"
    )


def shipped_names() -> str:
    """The names of the models that ship, as a list to read."""
    from zhnlp.checkpoints import shipped

    return ", ".join(model.name for model in shipped()) or "none in this installation"
