"""Folders of sentence encoders, in the form of sentence-transformers: what it writes is read, what is written it reads.

``modules.json`` names the parts in order: Transformer (in the folder itself), WeightedLayerPooling (of first-last alone),
Pooling, Dense, Normalize.  Attention pooling has no class there and is named by ours.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhnlp import tokenizers
from zhnlp.checkpoints.quantized import FILE as INT8
from zhnlp.checkpoints.quantized import save as save_int8
from zhnlp.models.bars import no_bars
from zhnlp.models.gru_encoder import GRUEncoder
from zhnlp.similarity.character_ngrams import SETTINGS as CHARACTER_NGRAMS
from zhnlp.similarity.network import ACTIVATIONS, Dense, Normalize, SentenceNetwork
from zhnlp.text.files import write_whole

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

MODULES = "modules.json"
FULL = "model.safetensors"
SETTINGS = "sentence_bert_config.json"
_NAMES = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens", "last": "lasttoken"}
_MODES = {"mean": "mean", "cls": "cls", "max": "max", "lasttoken": "last"} | {
    f"pooling_mode_{theirs}": ours for ours, theirs in _NAMES.items()
}
_THEIRS = "sentence_transformers.models."
_ATTENTION = "zhnlp.nn.pooling.Pooling"
_EXPECTED = "Transformer, Pooling, Dense and Normalize, in this order"


@dataclass
class Parts:
    """What a folder says of an encoder, its transformer aside.

    Attributes:
        backbone: folder of the transformer.
        pooling: its name; None where the folder names none.
        weights: of attention pooling.
        head: layers behind the pooling.
        max_length: tokens of a text; None where the folder does not say.
        lower_case: whether texts are to be lower-cased first.
    """

    backbone: Path
    pooling: str | None = None
    weights: dict[str, Tensor] | None = None
    head: list[nn.Module] = field(default_factory=list)
    max_length: int | None = None
    lower_case: bool = False


def read_parts(folder: Path) -> Parts:
    """What the folder of a model says; one without modules.json has a backbone and nothing else.

    Raises:
        ValueError: a part that is not known here, or an order or setting that is not; the message names it.
    """
    if (folder / CHARACTER_NGRAMS).is_file():
        raise ValueError(
            f"{folder.name} is a bag of characters: expected a network. Next: load_encoder of the same name"
        )
    file = folder / MODULES
    if not file.is_file():
        return Parts(folder)
    listed = _read(file)
    if not isinstance(listed, list) or not all(isinstance(one, dict) and "type" in one for one in listed):
        raise ValueError(f"{file} is no list of modules: expected {_EXPECTED}. Next: download it again")
    prompt = _read(folder / "config_sentence_transformers.json").get("default_prompt_name")
    if prompt:
        raise ValueError(
            f"{folder} puts the prompt {prompt!r} before every text: expected an encoder without a default prompt"
        )
    parts, layered = None, False
    for number, one in enumerate(listed):
        kind, place = one["type"].rsplit(".", 1)[-1], _inside(folder, one.get("path", ""))
        if number == 0 and kind == "Transformer":
            parts = _transformer(place)
        elif parts is None:
            raise ValueError(_unknown(folder, one["type"]))
        elif kind == "WeightedLayerPooling" and parts.pooling is None and not layered:
            layered = _is_first_last(place, one["type"])
        elif one["type"] == _ATTENTION and parts.pooling is None and not layered:
            parts.pooling, parts.weights = "attention", _weights(place)
        elif kind == "Pooling" and parts.pooling is None:
            parts.pooling = _pooling(place)
            if layered and parts.pooling != "mean":
                raise ValueError(
                    f"{place} pools layers by {parts.pooling}: expected the mean of first and last layer"
                )
            parts.pooling = "first-last" if layered else parts.pooling
        elif kind == "Dense" and parts.pooling is not None:
            parts.head.append(_dense(place))
        elif kind == "Normalize" and parts.pooling is not None:
            parts.head.append(Normalize())
        else:
            raise ValueError(_unknown(folder, one["type"]))
    if parts is None or parts.pooling is None:
        raise ValueError(f"{file} names no Pooling: expected {_EXPECTED}. Next: another encoder")
    return parts


def read_tokenizer(parts: Parts, transformer: PreTrainedModel, check: bool) -> PreTrainedTokenizerFast:
    """The tokenizer of a folder, repaired for its model; ``check`` refuses one that does not fit it or knows no Chinese."""
    known = check and not isinstance(transformer, GRUEncoder)  # whose vocabulary is that of a user's texts
    tokenizer = tokenizers.load(parts.backbone, check=known)
    tokenizers.repair(tokenizer, transformer)
    if parts.lower_case:
        from tokenizers.normalizers import Lowercase, Sequence

        backend = tokenizer.backend_tokenizer
        own = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = Sequence([Lowercase(), *own])
    return tokenizer


def one_pooling(name: str, asked: str | None, found: str | None) -> str | None:
    """The pooling that was asked for or that a folder has.

    Raises:
        ValueError: both, and they differ.

    Example:
        >>> one_pooling("text2vec", None, "cls")
        'cls'
    """
    if asked and found and asked != found:
        raise ValueError(
            f"{name} pools by {found}, and pooling={asked!r} was asked for: expected its own. Next: leave pooling out, or begin "
            "from the model that the encoder was made of"
        )
    return asked or found


def save_network(
    network: SentenceNetwork,
    tokenizer: PreTrainedTokenizerFast,
    folder: str | Path,
    max_length: int,
    *,
    int8: bool = False,
) -> Path:
    """Write a network and its tokenizer, which reads ``max_length`` tokens from then on.

    Weights that the folder had before in the other form are removed.

    Raises:
        FileExistsError: ``folder`` is a file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: expected the name of a folder, which may be a new one")
    folder.mkdir(parents=True, exist_ok=True)
    config = network.transformer.config
    kept, config.output_hidden_states = config.output_hidden_states, network.pooling.layers > 1
    try:  # sentence-transformers asks the configuration
        if int8:
            save_int8(network.transformer, folder)
        else:
            with no_bars():
                network.transformer.save_pretrained(folder)
    finally:
        config.output_hidden_states = kept
    (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
    limited = copy.deepcopy(tokenizer)
    limited.model_max_length = max_length
    limited.save_pretrained(folder)
    _write_parts(network, folder, max_length)
    return folder


def _write_parts(network: SentenceNetwork, folder: Path, max_length: int) -> None:
    """Write all but the transformer and its tokenizer, which lie in ``folder`` itself."""
    pooling, listed = network.pooling, [("Transformer", "", _THEIRS + "Transformer")]
    _write(folder / SETTINGS, {"max_seq_length": max_length, "do_lower_case": False})
    versions = {"model_type": "SentenceTransformer", "prompts": {}, "default_prompt_name": None}
    _write(folder / "config_sentence_transformers.json", {**versions, "similarity_fn_name": "cosine"})

    def add(
        kind: str, settings: dict[str, Any], state: dict[str, Tensor] | None = None, name: str = ""
    ) -> None:
        place = f"{len(listed)}_{kind}"
        (folder / place).mkdir(exist_ok=True)
        _write(folder / place / "config.json", settings)
        if state is not None:
            from safetensors.torch import save_file

            state = {key: value.detach().cpu().contiguous() for key, value in state.items()}
            save_file(state, folder / place / "model.safetensors")
        listed.append((kind, place, name or _THEIRS + kind))

    if pooling.pooling == "first-last":
        layers = network.transformer.config.num_hidden_layers
        weights = torch.zeros(layers)
        weights[0] += 1
        weights[-1] += 1  # of one layer the first is the last
        settings = {"word_embedding_dimension": pooling.size, "layer_start": 1, "num_hidden_layers": layers}
        add("WeightedLayerPooling", settings, {"layer_weights": weights})
    if pooling.pooling == "attention":
        add("Pooling", {"size": pooling.size}, pooling.state_dict(), _ATTENTION)
    else:
        chosen = "mean" if pooling.pooling == "first-last" else pooling.pooling
        modes = {f"pooling_mode_{theirs}": ours == chosen for ours, theirs in _NAMES.items()}
        add("Pooling", {"word_embedding_dimension": pooling.size, **modes})
    for layer in network.head:
        if isinstance(layer, Normalize):
            add("Normalize", {})
            continue
        linear = layer.linear
        settings = {
            "in_features": linear.in_features,
            "out_features": linear.out_features,
            "bias": linear.bias is not None,
            "activation_function": _path_of(layer.activation),
        }
        add("Dense", settings, layer.state_dict())
    rows = [
        {"idx": number, "name": str(number), "path": place, "type": kind}
        for number, (_, place, kind) in enumerate(listed)
    ]
    _write(folder / MODULES, rows)


def _transformer(place: Path) -> Parts:
    settings = _read(place / SETTINGS)
    task = settings.get("transformer_task", "feature-extraction")
    text = settings.get("modality_config", {}).get("text", {})
    output = text.get("method_output_name", "last_hidden_state")
    if task != "feature-extraction" or output not in ("last_hidden_state", ["last_hidden_state"]):
        raise ValueError(
            f"{place / SETTINGS} asks for {task}, {output}: expected feature-extraction, last_hidden_state"
        )
    longest = settings.get("max_seq_length")
    return Parts(place, max_length=longest, lower_case=bool(settings.get("do_lower_case")))


def _pooling(place: Path) -> str:
    settings = _read(place / "config.json")
    chosen = settings.get("pooling_mode")
    if chosen is None:
        chosen = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value is True]
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    if len(chosen) != 1 or chosen[0] not in _MODES:
        known = ", ".join(_NAMES)
        raise ValueError(
            f"{place} pools by {' and '.join(chosen) or 'nothing'}: expected one of {known}. Next: another encoder"
        )
    return _MODES[chosen[0]]


def _is_first_last(place: Path, kind: str) -> bool:
    settings, weights = _read(place / "config.json"), _weights(place)["layer_weights"]
    expected = torch.zeros_like(weights)
    expected[0] += 1
    expected[-1] += 1
    if settings.get("layer_start") != 1 or not torch.equal(
        weights / weights.sum(), expected / expected.sum()
    ):
        raise ValueError(f"{place} ({kind}) weighs layers: expected the first and the last alone, alike")
    return True


def _dense(place: Path) -> Dense:
    settings, state = _read(place / "config.json"), _weights(place)
    activation = settings.get("activation_function", "torch.nn.modules.activation.Tanh")
    name = activation.rsplit(".", 1)[-1]
    odd = settings.get("module_input_name", "sentence_embedding") != "sentence_embedding"
    if (
        not activation.startswith("torch.nn.")
        or name not in ACTIVATIONS
        or settings.get("use_residual")
        or odd
    ):
        raise ValueError(
            f"{place} has the activation {activation}{', a residual' if settings.get('use_residual') else ''}"
            f"{', another input' if odd else ''}: expected a dense layer of sentence vectors with one of {', '.join(ACTIVATIONS)}"
        )
    layer = Dense(
        settings["in_features"], settings["out_features"], bias=settings.get("bias", True), activation=name
    )
    layer.load_state_dict(state)
    return layer


def _weights(place: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    file = place / "model.safetensors"
    if not file.is_file():
        found = ", ".join(sorted(path.name for path in place.glob("*"))) or "nothing"
        raise ValueError(
            f"{place} has {found}: expected model.safetensors; pickles (.bin) are never opened. Next: an encoder that was "
            "saved as safetensors"
        )
    return load_file(file)


def _inside(folder: Path, path: str) -> Path:
    place = folder / path
    if not place.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{folder / MODULES} names the path {path!r}: expected one inside the folder")
    return place


def _path_of(activation: nn.Module) -> str:
    return f"{type(activation).__module__}.{type(activation).__name__}"


def _unknown(folder: Path, kind: str) -> str:
    return f"{folder / MODULES} names {kind} in this place: expected {_EXPECTED}. Next: another encoder"


def _read(file: Path) -> Any:
    if not file.is_file():
        return {}
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON ({error}). Next: download it again") from None


def _write(file: Path, content: Any) -> None:
    write_whole(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
