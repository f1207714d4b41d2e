"""The model that a classifier was trained from: how it is written down, found again and told from others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from zhnlp.few_shot.network import Network

FILE = "prompt.json"  # of a saved classifier
BASE, ADAPTED, FITTED = "base", "adapted", "fitted"  # what the weights beside it are


class Saved(NamedTuple):
    """Weights in the folder of a saved classifier.

    Attributes:
        network: reads them.
        weights: "adapted" (raw text alone) or "fitted" (they have seen labels).
        base: what `described` said of the model that they were trained from.
    """

    network: Network
    weights: str
    base: dict[str, Any]


def described(network: Network) -> dict[str, Any]:
    """Name, revision and digest of a model, so that another machine finds the same.

    The name is that of the Hub or of a shipped model, else an absolute folder; None for a model that was given as such, or with
    another tokenizer than its own.
    """
    name, revision = None, None
    if network.by_name and network.own_tokenizer:
        from zhnlp.checkpoints.catalogue import find

        folder = network.folder.resolve()
        name = network.name if find(network.name) is not None else str(folder)
        if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
            name = folder.parent.parent.name.removeprefix("models--").replace("--", "/")
            revision = folder.name
    return {"name": name, "revision": revision, "digest": digest(network)}


def place_of(base: dict[str, Any], *, needed: bool) -> str | None:
    """What ``model=`` names the base by: its name, or its folder in the Hub's cache where it has a revision.

    Args:
        needed: it is read at once, so a revision that is not in the cache is fetched.
    """
    name, revision = base["name"], base["revision"]
    if revision is None:
        return name
    from huggingface_hub import try_to_load_from_cache

    if isinstance(file := try_to_load_from_cache(name, "config.json", revision=revision), str):
        return str(Path(file).parent)
    if not needed:
        return name
    from zhnlp.checkpoints.locate import locate

    return str(locate(name, revision=revision))


def digest(network: Network) -> str:
    """SHA-256 of all weights in float32, whatever they are called and in whatever order."""
    parts = []
    for value in network.trainable().parameters():
        content = value.detach().float().cpu().contiguous().numpy()
        parts.append(sha256(str(content.shape).encode() + content.tobytes()).hexdigest())
    return sha256("".join(sorted(parts)).encode()).hexdigest()


@contextmanager
def looking_for_base(folder: str | Path) -> Iterator[None]:
    """Where a model is not found in the block, say whose base it is."""
    try:
        yield
    except (FileNotFoundError, ConnectionError) as error:
        raise type(error)(
            f"the classifier of {folder} was trained from a model that is not here: {error}. Expected the same model; where it has "
            f"moved: PromptClassifier.load({str(folder)!r}, model=…)"
        ) from None


def check_base(network: Network, base: dict[str, Any], folder: str | Path) -> None:
    """Refuse a model that is not the one that the weights of a folder were trained from.

    Raises:
        ValueError: its weights are others.
    """
    if digest(network) != base["digest"]:
        raise ValueError(
            f"the classifier of {folder} was trained from {base['name'] or 'another model'}, whose weights are not those of "
            f"{network.name}: expected the same. Next: PromptClassifier.load({str(folder)!r}, model=…) with the model that it "
            "was trained from"
        )


def fitted_folder(network: Network) -> Saved | None:
    """The network as weights that have seen labels, where it is the folder of a fitted classifier; else None."""
    if not network.by_name:
        return None
    try:
        content = json.loads((network.folder / FILE).read_text("utf-8"))
        return Saved(network, FITTED, content["base"]) if content["weights"] == FITTED else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no saved classifier


def check_unfitted(network: Network) -> None:
    """Refuse to train from weights that have seen labels, since those of the fit to come may be among them.

    Raises:
        ValueError: the model is the folder of a fitted classifier.
    """
    if (saved := fitted_folder(network)) is None:
        return
    folder, name = network.folder, saved.base["name"]
    way = (
        f"PromptClassifier.load({str(folder)!r}), whose fit begins from {name}"
        if name
        else f"PromptClassifier.load({str(folder)!r}, model=…, tokenizer=…) with the model that it was trained from"
    )
    raise ValueError(
        f"{folder} holds weights that fit has trained: a fit from there would have seen labels already, those of a test fold too. "
        f"Expected a model without labels. Next: {way}; or, to go on from these weights, model=transformers' model of that folder, "
        "tokenizer=…"
    )
