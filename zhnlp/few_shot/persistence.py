"""A classifier in a folder: ``prompt.json``, beside it model and tokenizer, or the trained soft rows alone.

No pickle anywhere: numbers are safetensors, the rest is JSON.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.few_shot.base_model import (
    ADAPTED,
    BASE,
    FILE,
    FITTED,
    Saved,
    check_base,
    looking_for_base,
    place_of,
)
from zhnlp.few_shot.classifier_state import ClassifierState, base_network, templates_of
from zhnlp.few_shot.network import FittedWeights
from zhnlp.few_shot.verbalizer import describe
from zhnlp.models.bars import no_bars

ROWS = "prompt.safetensors"
FORMAT = 2
_ELSEWHERE = (
    "model",
    "tokenizer",
    "labels",
    "device",
    "dtype",
    "progress",
)  # of the machine, or written apart


def save(classifier: Any, folder: str | Path) -> Path:
    """`PromptClassifier.save`."""
    from safetensors.torch import save_file

    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: expected the name of a folder, which may be a new one")
    state = classifier._state()
    network, fitted = state.scorer.network, state.fitted
    rows = None if fitted is None else fitted.soft_rows
    rows_only = rows is not None and state.weights == BASE
    if not rows_only and state.base.by_name and _same_folder(state.base.name, folder):
        raise ValueError(
            f"{folder} is where the model was loaded from: expected another folder, so that it is not lost half-way"
        )
    folder.mkdir(parents=True, exist_ok=True)
    content = _content(classifier, state)
    content["weights"] = None if rows_only else state.weights
    if content["weights"] != BASE:
        content["base"] = state.origin()
    if rows_only:
        for stale in ("model.safetensors", "config.json"):
            (folder / stale).unlink(missing_ok=True)
    else:
        with no_bars():
            network.trainable().save_pretrained(folder)
        network.tokenizer.save_pretrained(folder)
    if rows is not None:
        save_file({"soft_rows": rows.detach().float().cpu().contiguous()}, folder / ROWS)
    else:
        (folder / ROWS).unlink(missing_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text + "\n", "utf-8")
    return folder


def load(cls: type, folder: str | Path, parameters: dict[str, Any]) -> Any:
    """`PromptClassifier.load`."""
    folder = Path(folder)
    content = _read(folder)
    given = dict(content["parameters"])
    labels = None if content["labels"] is None else dict(content["labels"])
    given["labels"] = labels if content["labels_given"] else None
    given["model"] = _model_for(cls, folder, content, parameters)
    classifier = cls(**{**given, **parameters})
    labels, weights, base = (
        None if classifier.labels is not None else labels,
        content["weights"],
        content["base"],
    )
    saved = None
    if weights in (ADAPTED, FITTED):
        saved = Saved(base_network(classifier, folder), weights, base)
    with looking_for_base(folder) if weights is None else nullcontext():
        state = classifier._made = ClassifierState(classifier, labels, saved=saved)
    if weights is None:
        check_base(state.base, base, folder)
    elif saved is not None and "model" in parameters:
        check_base(base_network(classifier), base, folder)
    if content["fitted"]:
        state.fit(FittedWeights(soft_rows=_rows(folder)))
    state.prior = None if content["prior"] is None else np.array(content["prior"])
    return classifier


def _model_for(cls: type, folder: Path, content: dict[str, Any], parameters: dict[str, Any]) -> Any:
    """The parameter ``model``, from which a next fit begins: the base of trained weights, else the folder."""
    rows_only, base = content["weights"] is None, content["base"]
    if content["weights"] == BASE:
        if "model" in parameters:
            raise ValueError(
                f"{folder} holds a whole model that was not trained: expected load without model=. Next: {cls.__name__}(model=…)"
            )
        return str(folder)
    if "model" in parameters:
        return parameters["model"]
    place = place_of(base, needed=rows_only)
    if place is None and rows_only:
        raise ValueError(
            f"{folder} holds soft rows of a model that was given as such and has no name. Next: "
            f"{cls.__name__}.load({str(folder)!r}, model=…, tokenizer=…) with that model"
        )
    return str(folder) if place is None else place


def _content(classifier: Any, state: Any) -> dict[str, Any]:
    import transformers

    import zhnlp

    parameters = {
        name: value for name, value in classifier.get_params(deep=False).items() if name not in _ELSEWHERE
    }
    sources = [template.source for template in templates_of(classifier.template)]
    parameters["template"] = sources[0] if len(sources) == 1 else sources
    parameters["entailment_words"] = list(classifier.entailment_words)
    if not isinstance(classifier.random_state, (int, type(None))):
        parameters["random_state"] = None  # a generator cannot be written down
    labels = (
        None
        if state.labels is None
        else [[_plain(one), words] for one, words in describe(state.labels).items()]
    )
    return {
        "format": FORMAT,
        "weights": None,  # what model.safetensors is; None for soft rows alone
        "base": None,
        "zhnlp": zhnlp.__version__,
        "transformers": transformers.__version__,
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "labels": labels,
        "labels_given": classifier.labels is not None,
        "fitted": state.fitted is not None,
        "prior": None if state.prior is None else state.prior.tolist(),
    }


def _plain(value: Any) -> Any:
    """Numbers of numpy as numbers of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _read(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    if not file.is_file():
        raise FileNotFoundError(
            f"{folder} holds no {FILE}: expected a folder that PromptClassifier.save wrote"
        )
    try:
        content = json.loads(file.read_text("utf-8"))
        version = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file} is no {FILE} of a PromptClassifier ({error}). Next: save it again"
        ) from None
    if version != FORMAT:
        raise ValueError(
            f"{file} has format {version!r}: expected {FORMAT}. Likely another version of zhnlp wrote it. Next: pip install -U zhnlp, "
            "or save it again with this one"
        )
    return content


def _rows(folder: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(folder / ROWS)["soft_rows"] if (folder / ROWS).is_file() else None


def _same_folder(name: str, folder: Path) -> bool:
    place = Path(name).expanduser()
    return place.is_dir() and place.resolve() == folder.resolve()
