"""One door for models: shipped name, local folder or Hub id in, a transformers model out.

What could hurt silently is refused: pickles, truncated files, a vocabulary that does not fit, a head that the checkpoint
never learnt, code of strangers.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from zhnlp.checkpoints.header import read_header
from zhnlp.checkpoints.hub import refuse_pickles
from zhnlp.checkpoints.locate import locate
from zhnlp.checkpoints.quantized import FILE as INT8_FILE
from zhnlp.checkpoints.quantized import load_state
from zhnlp.models.bars import no_bars
from zhnlp.models.sparse_layers import restore

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HEADS = {
    "masked-lm": "AutoModelForMaskedLM",
    "causal-lm": "AutoModelForCausalLM",
    "seq2seq-lm": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModel",
    "sequence-classification": "AutoModelForSequenceClassification",
}
_LAYERS = {
    "num_hidden_layers",
    "num_layers",
    "n_layer",
    "n_layers",
}  # who gives one of them wants fewer layers
_OURS = {
    "gpt2-ml": "zhnlp.models.gpt2_ml",
    "gru-encoder": "zhnlp.models.gru_encoder",
}  # networks that transformers lacks
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


def load_model(
    name_or_path: str | Path,
    head: str,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    check: bool = True,
    **config: Any,
) -> PreTrainedModel:
    """A model of transformers in evaluation mode, from a shipped name, a local folder or a Hub id.

    Args:
        name_or_path: shipped names go first, then folders, then the Hub.
        head: "masked-lm", "causal-lm", "seq2seq-lm" (encoder and decoder), "encoder" (hidden states, no head) or
            "sequence-classification".
        revision: branch, tag or commit of the Hub.
        cache_dir: of the Hub library; None for its own choice.
        device: such as "cpu" or "cuda:0"; None for the GPU where there is one.
        dtype: such as "float32" or torch.bfloat16; "auto" for that of the file; None for float32 on a CPU, whatever the
            file has, and that of the file elsewhere.
        check: refuse a tokenizer that does not fit the embedding.
        **config: values that replace those of config.json, such as ``num_labels``.

    Raises:
        ValueError: the head is not known, the checkpoint has no such head, its file is truncated, has the wrong shapes, is
            a pickle or needs code of its own; or the vocabulary does not fit.
        FileNotFoundError: no such folder or Hub checkpoint, or no config.json in it.
        ConnectionError: the Hub is needed and cannot be reached.

    Example:
        >>> load_model("zhnlp-mlm-small", "masked")
        Traceback (most recent call last):
        ...
        ValueError: head 'masked' is not known: expected one of 'masked-lm', 'encoder', ...
    """
    if head not in HEADS:
        near = difflib.get_close_matches(str(head), HEADS, n=len(HEADS), cutoff=0)
        raise ValueError(f"head {head!r} is not known: expected one of {', '.join(map(repr, near))}")
    folder = locate(name_or_path, revision=revision, cache_dir=cache_dir)
    chosen = choose_device(device)
    if dtype is None:
        dtype = torch.float32 if chosen.type == "cpu" else "auto"
    if isinstance(dtype, str) and dtype != "auto":
        dtype = dtype_of(dtype)
    settings = _read_config(folder, str(name_or_path), **config)
    _check_head(settings, head, str(name_or_path))
    state = _check_weights(folder, str(name_or_path))
    if check and any(any(folder.glob(pattern)) for pattern in _TOKENIZERS):
        from zhnlp import tokenizers

        tokenizers.load(folder)
    model, report = _build(folder, head, settings, state, dtype, str(name_or_path))
    _check_shapes(report, str(name_or_path))
    if not _LAYERS & config.keys():
        _check_layers(model, report, str(name_or_path))
    _check_complete(model, report, head, str(name_or_path))
    if head == "seq2seq-lm":
        _keep_untied(model)
    return restore(model).to(chosen).eval()


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device meant, or the best there is: CUDA, else Apple's MPS, else the CPU.

    Raises:
        ValueError: no such device here.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    if device is not None:
        return _existing(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _existing(device: str | torch.device) -> torch.device:
    try:
        found = torch.device(device)
        if found.type != "meta":  # holds no numbers
            torch.empty(0, device=found)
            return found
        reason = "it holds no numbers"
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ImportError) as error:
        reason = _first_line(error)
    count = torch.cuda.device_count()
    there = ["cpu", *(f"cuda:{number}" for number in range(count))]
    there += ["mps"] if torch.backends.mps.is_available() else []
    hint = "" if count else ". Without CUDA here: likely no GPU, no driver, or a torch built for CPUs"
    raise ValueError(
        f"device {str(device)!r} cannot be used ({reason}): expected {' or '.join(there)}{hint}. Next: device=None"
    )


def dtype_of(name: str) -> torch.dtype:
    """The floating dtype of a name.

    Raises:
        ValueError: no such dtype.

    Example:
        >>> dtype_of("bfloat16")
        torch.bfloat16
    """
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ValueError(f"dtype {name!r} is not known: expected 'float32', 'bfloat16' or 'float16'")
    return found


def _read_config(folder: Path, name: str, **changes: Any) -> Any:
    from transformers import AutoConfig

    file = folder / "config.json"
    if not file.is_file():
        inside = ", ".join(sorted(path.name for path in folder.iterdir())[:6]) or "nothing"
        raise FileNotFoundError(
            f"{name} has no config.json, but {inside}: expected the folder of save_pretrained"
        )
    _register(file)
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, **changes)
    except (ValueError, KeyError, OSError) as error:
        own = "auto_map" in file.read_text(encoding="utf-8", errors="replace")
        reason = "it needs Python code of its own, which is never run" if own else _first_line(error)
        raise ValueError(
            f"{name} cannot be loaded: {reason}. Expected an architecture that transformers has. Next: another checkpoint"
        ) from None


def _register(file: Path) -> None:
    """Make the network of a config.json known to transformers, where it is one of ours."""
    try:
        kind = json.loads(file.read_text("utf-8")).get("model_type")
    except (ValueError, AttributeError):  # transformers says what is wrong with it
        return
    if isinstance(kind, str) and kind in _OURS:
        import_module(_OURS[kind]).register()


def _check_head(config: Any, head: str, name: str) -> None:
    """Refuse a head that transformers would put there, untrained or with the wrong mask."""
    written = (getattr(config, "architectures", None) or [""])[0]
    masked = written.endswith(("ForMaskedLM", "ForPreTraining")) and not getattr(config, "is_decoder", False)
    if head == "causal-lm" and masked:
        raise ValueError(
            f"{name} is a masked model ({written}), which sees both sides and cannot write on: expected a causal one. "
            "Next: pipeline('fill-mask'), or zhnlp-gpt-small"
        )


def _check_weights(folder: Path, name: str) -> dict[str, torch.Tensor] | None:
    """Check the files of weights; the state dict of an int8 checkpoint, None where transformers is to read the files."""
    if (folder / INT8_FILE).is_file():
        return load_state(folder)
    files = sorted(path.name for path in folder.iterdir())
    refuse_pickles(name, files)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        wanted = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        if absent := [file for file in wanted if not (folder / file).is_file()]:
            raise ValueError(
                f"{name} lacks {', '.join(absent[:3])}{' and more' if len(absent) > 3 else ''} of {len(wanted)} files that "
                "its index names. A download was likely cut off. Next: download it again"
            )
    else:
        wanted = [file for file in files if file.endswith(".safetensors")]
        if "model.safetensors" not in wanted:
            raise ValueError(
                f"{name} has {', '.join(wanted)}: expected model.safetensors. Next: rename it if it is the model"
            )
    for file in wanted:
        read_header(folder / file)
    return None


def _build(
    folder: Path, head: str, config: Any, state: dict | None, dtype: Any, name: str
) -> tuple[PreTrainedModel, dict[str, Any]]:
    import transformers

    factory = getattr(transformers, HEADS[head])
    if type(config) not in factory._model_mapping:
        raise ValueError(
            f"{name} is of the kind {config.model_type}, for which transformers has no {head} model: expected another "
            f"head ({', '.join(one for one in HEADS if one != head)}) or another checkpoint"
        )
    options = {"config": config, "dtype": dtype, "output_loading_info": True}
    try:
        with _quiet():
            if state is None:
                options["ignore_mismatched_sizes"] = True  # `_check_shapes` names them
                return factory.from_pretrained(
                    folder, trust_remote_code=False, use_safetensors=True, **options
                )
            model = factory._model_mapping[type(config)]
            model = model[0] if isinstance(model, tuple) else model
            _check_shapes({"mismatched_keys": _mismatched(model, config, state)}, name)
            options["dtype"] = torch.float32 if dtype == "auto" else dtype
            return model.from_pretrained(None, state_dict=state, **options)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"{name} does not fit its config.json: {_first_line(error)}. Files of two checkpoints were likely mixed. "
            "Next: download it again"
        ) from error


def _check_shapes(report: dict[str, Any], name: str) -> None:
    """Refuse weights of other shapes than config.json says."""
    wrong = sorted(report["mismatched_keys"])
    if wrong:
        key, found, expected = wrong[0]
        more = f", and {len(wrong) - 1:,} more tensors differ" if len(wrong) > 1 else ""
        raise ValueError(
            f"{name} does not fit its config.json: {key} is {tuple(found)} in the file, expected {tuple(expected)}{more}. "
            "Likely config.json was changed (vocab_size, hidden_size …), or files of two checkpoints were mixed. "
            "Next: download it again"
        )


def _mismatched(kind: type[PreTrainedModel], config: Any, state: dict[str, torch.Tensor]) -> list[tuple]:
    """Name, shape and expected shape of what does not fit; transformers fails on tied weights of a state dict."""
    with torch.device("meta"):
        model = kind(config)
    prefix = model.base_model_prefix + "."
    expected = {key.removeprefix(prefix): value.shape for key, value in model.state_dict().items()}
    found = ((key, value.shape, expected.get(key.removeprefix(prefix))) for key, value in state.items())
    return [(key, shape, wanted) for key, shape, wanted in found if wanted not in (None, shape)]


def _check_layers(model: PreTrainedModel, report: dict[str, Any], name: str) -> None:
    """Refuse a file with layers that config.json does not count and that would be dropped."""
    prefix = model.base_model_prefix + "."
    known = {key.removeprefix(prefix) for key in model.state_dict()}
    for key in sorted(report["unexpected_keys"]):
        parts = key.removeprefix(prefix).split(".")
        for place, part in enumerate(parts):
            if part.isdecimal() and ".".join([*parts[:place], "0", *parts[place + 1 :]]) in known:
                raise ValueError(
                    f"{name} has more layers in its file than config.json says: {key} has no place. Likely num_hidden_layers "
                    "was changed, or files of two checkpoints were mixed. Next: download it again, or load_model(..., "
                    "num_hidden_layers=...) for the first layers only"
                )


def _check_complete(model: PreTrainedModel, report: dict[str, Any], head: str, name: str) -> None:
    """Refuse weights that were not in the file and would be random; only a pooler or a new classifier may be.

    What is computed, buffers and tables of sinusoids, need not be in a file.
    """
    learnt = {
        f"{path}.{key}" if path else key
        for path, module in model.named_modules(remove_duplicate=False)
        if "Sinusoid" not in type(module).__name__
        for key, _ in module.named_parameters(recurse=False, remove_duplicate=False)
    }
    missing = sorted(key for key in learnt.intersection(report["missing_keys"]) if "pooler" not in key)
    if missing and head == "sequence-classification":
        missing = [key for key in missing if not key.startswith(("classifier", "score"))]
    if missing:
        raise ValueError(
            f"{name} holds no weights for {', '.join(missing[:3])}{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}, "
            f"which {head} needs: they would be random. Next: head='encoder', or a checkpoint saved with that head"
        )


def _keep_untied(model: PreTrainedModel) -> None:
    """Say so where the file has a head apart from the embedding; transformers' T5 would else tie the two at the next resize."""
    head = model.get_output_embeddings()
    names = [f"{name}.weight" for name, module in model.named_modules() if module is head]
    if names and not any(name in model.all_tied_weights_keys for name in names):
        model.config.tie_word_embeddings = False


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers without its bars and tables; what they would say is checked and said here."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with no_bars():
            yield
    finally:
        logging.set_verbosity(level)


def _first_line(error: Exception) -> str:
    return " ".join((str(error).strip().splitlines() or [type(error).__name__])[:3])
