"""Networks of the baselines from folders: our own, and sequence classifiers of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import transformers

from zhnlp.few_shot.baselines.networks import MeanPooledClassifier
from zhnlp.models.loading import load_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def read_network(folder: Path, name: str, settings: str) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The network in a folder and what ``settings`` (a file in it) says; of a foreign classifier what config.json says.

    Raises:
        ValueError: it is no classifier, or weights are missing.
    """
    if (folder / settings).is_file():
        kept = json.loads((folder / settings).read_text(encoding="utf-8"))
        if kept["pooling"] == "mean":
            return _mean_pooled(folder, name), kept
        return load_model(folder, "sequence-classification", device="cpu", dtype="float32"), kept
    network = load_model(folder, "sequence-classification", device="cpu", dtype="float32")
    written = (network.config.architectures or ["none"])[0]
    if not written.endswith("ForSequenceClassification"):
        raise ValueError(
            f"{name} holds {written}, which has no head for classes: it would be random. Expected a sequence classifier. "
            f"Next: FineTunedClassifier({name!r}).fit(texts, labels)"
        )
    labels = network.config.id2label
    return network, {
        "pooling": "cls",
        "max_length": None,
        "classes": [labels[number] for number in sorted(labels)],
    }


def _mean_pooled(folder: Path, name: str) -> MeanPooledClassifier:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    network = MeanPooledClassifier(config)
    try:
        state = load_file(folder / "model.safetensors")
        network.load_state_dict(state)
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{name} cannot be read: {reason}. Expected the folder that save() wrote. Likely a file is missing, cut off or of "
            "another model. Next: save it again"
        ) from None
    return network
