"""Checkpoints of the Hugging Face Hub: the cache where it can serve, one short question to the Hub where not.

The Hub library's own variables hold: HF_ENDPOINT (a mirror), HF_HUB_OFFLINE, HF_HOME, HF_HUB_CACHE, HF_TOKEN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATTERNS = ("*.json", "*.safetensors", "vocab.txt", "merges.txt", "*.model", "README.md")
SENTENCE_PATTERNS = (
    *PATTERNS,
    "[0-9]*/*.json",
    "[0-9]*/*.safetensors",
)  # with the parts of a sentence encoder
PATIENCE = 5.0  # seconds that the Hub has to answer at all
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_COMMIT = re.compile("[0-9a-f]{40}")
_TRANSPORT = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "requests",
    "urllib3",
)  # what the Hub library talks through


def fetch(
    name: str,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    patterns: Sequence[str] = PATTERNS,
) -> Path:
    """The folder of a Hub checkpoint in the local cache, downloaded if need be: configuration, safetensors, tokenizer.

    A commit that the cache has whole is served without a question to the Hub, and so is anything in offline mode.

    Args:
        name: "owner/name".
        revision: branch, tag or commit; None for the main branch.
        cache_dir: of the Hub library; None for its own choice.
        patterns: of the files that are wanted; without "*.safetensors" a tokenizer is enough.

    Raises:
        FileNotFoundError: the Hub has no such checkpoint or revision, or asks for a login.
        ConnectionError: the Hub cannot be reached, or offline mode is on, and the cache has no copy.
        ValueError: ``name`` cannot be the name of a Hub checkpoint, or its weights are pickles only.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    wanted = {"revision": revision, "cache_dir": cache_dir, "allow_patterns": list(patterns)}
    offline = constants.is_offline_mode()
    try:
        if not offline and _COMMIT.fullmatch(revision or "") and (folder := _cached(name, wanted, both=True)):
            return folder
        reason = "HF_HUB_OFFLINE is set" if offline else _unreachable()
        try:
            if not reason:
                return _download(name, wanted)
        except Exception as error:
            if not _is_transport(error):
                raise
            reason = f"{constants.ENDPOINT} failed ({_first_line(error) or type(error).__name__})"
        if folder := _cached(name, wanted):
            return folder
    except HFValidationError as error:
        raise ValueError(f"{name!r} is no name of a Hub checkpoint ({error}): expected owner/name") from None
    except HfHubHTTPError as error:
        raise FileNotFoundError(
            f"{name!r}{f' at {revision}' if revision else ''} is not on the Hub, or not for you: {_first_line(error)}. "
            f"Expected a shipped name ({_shipped()}), a folder or a Hub id. Next: check the spelling, or hf auth login"
        ) from None
    raise ConnectionError(_offline(name, reason, cache_dir))


def _download(name: str, wanted: dict[str, Any]) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    if "*.safetensors" in wanted["allow_patterns"]:
        found = HfApi().model_info(name, revision=wanted["revision"], timeout=2 * PATIENCE).siblings
        refuse_pickles(name, [file.rfilename for file in found])
    return Path(snapshot_download(name, ignore_patterns=_ignored(wanted["allow_patterns"]), **wanted))


def _cached(name: str, wanted: dict[str, Any], *, both: bool = False) -> Path | None:
    """The folder in the cache if it has the weights or, where none are wanted, a tokenizer; ``both``: weights and that."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                name, local_files_only=True, ignore_patterns=_ignored(wanted["allow_patterns"]), **wanted
            )
        )
    except LocalEntryNotFoundError:
        return None
    reads = any(any(folder.glob(pattern)) for pattern in _TOKENIZERS)
    if "*.safetensors" not in wanted["allow_patterns"]:
        return folder if reads else None
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        whole = all(
            (folder / file).is_file() for file in json.loads(index.read_text("utf-8"))["weight_map"].values()
        )
    else:
        whole = any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "*.bin"))
    return folder if whole and (reads or not both) else None


def _ignored(patterns: Sequence[str]) -> list[str]:
    """Patterns of what is not wanted: folders; where some are wanted, those that do not begin with a digit (``onnx/``).

    Example:
        >>> _ignored(PATTERNS), _ignored(SENTENCE_PATTERNS)
        (['*/*'], ['[!0-9]*/*'])
    """
    return ["[!0-9]*/*"] if any("/" in pattern for pattern in patterns) else ["*/*"]


def _is_transport(error: Exception) -> bool:
    """Whether the way to the Hub failed, or the Hub itself (5xx, too many requests), not what was asked for."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, HfHubHTTPError):
        status = getattr(error.response, "status_code", 500)
        return status >= 500 or status == 429
    own = (ConnectionError, TimeoutError, LocalEntryNotFoundError)
    return isinstance(error, own) or type(error).__module__.partition(".")[0] in _TRANSPORT


def refuse_pickles(name: str | Path, files: list[str]) -> None:
    """Raise unless there are safetensors among ``files`` (names of one checkpoint).

    Raises:
        ValueError: the weights are pickles, which can run code when they are read; or there are none.

    Example:
        >>> refuse_pickles("me/bert", ["config.json", "pytorch_model.bin"])
        Traceback (most recent call last):
        ...
        ValueError: me/bert has its weights as pytorch_model.bin only: a pickle can run code when it is read...
    """
    if any(file.endswith((".safetensors", ".safetensors.index.json")) and "/" not in file for file in files):
        return
    pickles = [file for file in files if file.endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl"))]
    if not pickles:
        raise ValueError(
            f"{name} holds no weights: expected model.safetensors, got {', '.join(sorted(files)[:6]) or 'nothing'}. "
            "Next: model.save_pretrained(folder)"
        )
    raise ValueError(
        f"{name} has its weights as {pickles[0]} only: a pickle can run code when it is read, expected safetensors. "
        'Next: convert it once, in a place you trust: python -c "from transformers import AutoModelForPreTraining as M; '
        f"M.from_pretrained('{name}', use_safetensors=False).save_pretrained('converted')\" and copy the tokenizer's "
        "files beside; for a Hub checkpoint https://huggingface.co/spaces/safetensors/convert makes a revision to load "
        "with revision='refs/pr/…'"
    )


def _unreachable() -> str:
    """Why the Hub cannot be asked, or nothing; asks once and waits `PATIENCE` seconds at most."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except Exception as error:  # what is raised depends on the HTTP library that the Hub library has chosen
        return f"{constants.ENDPOINT} does not answer ({_first_line(error) or type(error).__name__})"
    return ""


def _offline(name: str, reason: str, cache_dir: str | Path | None) -> str:
    from huggingface_hub import constants

    return (
        f"{name!r} is no shipped model and no local folder; {reason}, and the cache {cache_dir or constants.HF_HUB_CACHE} has "
        f"no whole copy. Expected a network, a mirror or a copy. Next: HF_ENDPOINT=https://hf-mirror.com for a mirror; "
        f"HF_HUB_OFFLINE=1 once the cache has it (hf download {name} where there is a network); or a model that ships: "
        f"{_shipped()}"
    )


def _shipped() -> str:
    from zhnlp.checkpoints.catalogue import shipped

    return ", ".join(model.name for model in shipped()) or "none in this installation"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
