"""Which kind of classifier something is: the door through which every explanation goes."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from zhnlp.attribution.explainable import Explainable

_FILES = (  # what tells who wrote a folder
    ("prompt.json", "zhnlp.few_shot", "PromptClassifier"),
    ("fine_tuned.json", "zhnlp.few_shot.baselines.fine_tuned", "FineTunedClassifier"),
    ("contrastive.json", "zhnlp.few_shot.baselines.contrastive", "ContrastiveClassifier"),
)
_EXPECTED = (
    "expected a PromptClassifier or FineTunedClassifier of zhnlp.few_shot, (model, tokenizer), a text-classification pipeline of "
    "transformers, the folder or Hub id of a sequence classifier, or whatever has predict_proba over texts"
)


def network_of(classifier: Any) -> Explainable:
    """The network of a classifier, ready for attribution.

    Raises:
        TypeError: it is no classifier that can be explained.
        ValueError: the model of that name has no head that classifies.
    """
    if isinstance(classifier, Explainable):
        return classifier
    if isinstance(classifier, (str, Path)):
        return network_of(load_classifier(classifier))
    if isinstance(classifier, tuple) and len(classifier) == 2:
        return _sequence_classifier(*classifier)
    if type(classifier).__module__.startswith("zhnlp.tasks") and hasattr(classifier, "classifier"):
        return network_of(classifier.classifier)  # pipeline("few-shot-classification")
    if type(classifier).__module__.startswith("zhnlp.few_shot"):
        return _of_ours(classifier)
    if getattr(classifier, "model", None) is not None and getattr(classifier, "tokenizer", None) is not None:
        return _sequence_classifier(classifier.model, classifier.tokenizer)
    if callable(getattr(classifier, "predict_proba", None)) and not isinstance(classifier, type):
        from zhnlp.attribution.black_box import BlackBox

        return BlackBox(classifier)
    hint = ""
    if hasattr(classifier, "get_input_embeddings"):
        hint = ". Next: explain((model, tokenizer), text)"
    raise TypeError(f"explain got {type(classifier).__name__} as classifier: {_EXPECTED}{hint}")


def _of_ours(classifier: Any) -> Explainable:
    """Of `zhnlp.few_shot`."""
    from sklearn.utils.validation import check_is_fitted

    from zhnlp.attribution.contrastive import EncoderWithHead
    from zhnlp.attribution.prompt import PromptNetwork
    from zhnlp.attribution.sequence_classifier import SequenceClassifier

    if hasattr(type(classifier), "verbalizer_"):
        return PromptNetwork(classifier)
    check_is_fitted(classifier)
    if hasattr(classifier, "encoder_"):
        model = EncoderWithHead(classifier)
    elif hasattr(classifier, "model_"):
        model = classifier.model_
    else:
        raise TypeError(f"explain got {type(classifier).__name__} as classifier: {_EXPECTED}")
    return SequenceClassifier(
        model,
        classifier.tokenizer_,
        name=type(classifier).__name__,
        classes=list(classifier.classes_),
        max_length=classifier.max_length,
    )


def load_classifier(
    name_or_path: str | Path,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    device: Any = None,
) -> Any:
    """The classifier in a folder or of the Hub, in float32: what `network_of` takes.

    Raises:
        ValueError: the model has no head that classifies.
        FileNotFoundError, ConnectionError: there is no such model.
    """
    from zhnlp import tokenizers
    from zhnlp.attribution.sequence_classifier import SequenceClassifier
    from zhnlp.checkpoints.locate import locate
    from zhnlp.models.loading import load_model

    folder = locate(name_or_path, revision=revision, cache_dir=cache_dir)
    if ours := _saved_by_us(folder):
        return ours.load(folder, device=device)
    config = folder / "config.json"
    written = json.loads(config.read_text("utf-8")).get("architectures") if config.is_file() else None
    if written and not str(written[0]).endswith("ForSequenceClassification"):
        raise ValueError(
            f"{name_or_path} is {written[0]} and no classifier: expected ...ForSequenceClassification. Next: make it one with "
            "zhnlp.few_shot.PromptClassifier(model=..., labels=..., template=...), which explain takes; or zhnlp explain TEXT --labels …"
        )
    model = load_model(folder, "sequence-classification", device=device, dtype="float32", check=False)
    tokenizer = tokenizers.load(folder)
    tokenizers.repair(tokenizer, model)
    return SequenceClassifier(model, tokenizer, name=str(name_or_path))


def _saved_by_us(folder: Path) -> Any:
    """The class of `zhnlp.few_shot` that wrote a folder; None for none."""
    for file, module, name in _FILES:
        if (folder / file).is_file():
            return getattr(import_module(module), name)
    return None


def _sequence_classifier(model: Any, tokenizer: Any) -> Explainable:
    from zhnlp.attribution.sequence_classifier import SequenceClassifier

    return SequenceClassifier(model, tokenizer)
