"""Repairs what known families of Chinese checkpoints leave unsaid or say wrongly: bos, eos, pad, lengths.

Source: the checkpoints of 苏剑林, https://kexue.fm/archives/7292, and their peers on the Hub
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_CAUSAL = [
    "gpt2",
    "gpt2-ml",
    "gptj",
    "gpt_neo",
    "gpt_neox",
    "opt",
    "bloom",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "phi",
    "xglm",
    "cpmant",
    "transfo-xl",
    "openai-gpt",
    "codegen",
    "baichuan",
    "internlm2",
    "biogpt",
]
_SEQ2SEQ = ["t5", "mt5", "bart", "mbart", "pegasus", "encoder-decoder", "umt5"]
_ROLES = {
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<cls>"),
    "sep_token": ("[SEP]", "<sep>"),
    "pad_token": ("[PAD]", "<pad>", "<|pad|>", "<|padding|>"),
    "mask_token": ("[MASK]", "<mask>"),
}
_END_OF_DOCUMENT = "<eod>"  # what CPM ends a text with; its </s> never occurs
_BARE = ("gpt2-ml",)  # never saw [CLS] or [SEP] around a text
_LENGTHS = ("max_position_embeddings", "n_positions")
_UNLIMITED = 1_000_000_000  # a model_max_length beyond is transformers' "not known"


def repair(tokenizer: PreTrainedTokenizerFast, model: Any = None) -> list[str]:
    """Repair special tokens and lengths in place, and say what was done, a sentence a repair.

    - Roles that no configuration names are taken from the vocabulary: [CLS], [SEP], [PAD], [MASK], <pad>.
    - A BERT vocabulary under a model that writes (UER GPT-2, CPM-like, BERT as a decoder, T5-PEGASUS) begins with [CLS]
      and ends with [SEP].
    - GPT2_ML, which shares that vocabulary, was trained without [CLS] and [SEP] around a text: nothing is added.
    - CPM ends with <eod>. A tokenizer without pad pads with its end.
    - bos, eos and pad ids that lie outside the vocabulary (GPT-2's 50256), in the model's own configuration and generation
      configuration, become the tokenizer's.
    - ``model_max_length`` is that of the positions.

    Args:
        tokenizer: changed in place.
        model: the model or configuration that it serves (changed in place), or a folder (read only); None: no model.

    Example:
        >>> from transformers import BertTokenizer, GPT2Config
        >>> tokenizer = BertTokenizer(vocab={token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好"])})
        >>> config = GPT2Config(vocab_size=6)
        >>> print("\\n".join(repair(tokenizer, config)))
        bos_token is [CLS]
        eos_token is [SEP]
        configuration: bos_token_id was 50256, outside the vocabulary of 6, and is 2
        configuration: eos_token_id was 50256, outside the vocabulary of 6, and is 3
        configuration: pad_token_id is 0
        model_max_length is 1,024
        >>> repair(tokenizer, config)
        []
    """
    done: list[str] = []
    vocabulary = tokenizer.get_vocab()
    config, generation = _configurations(model)
    writes = _writes(config, model)
    for role, candidates in _ROLES.items():
        if getattr(tokenizer, role) is None:
            _name(tokenizer, role, next((token for token in candidates if token in vocabulary), None), done)
    if writes and _is_bert(tokenizer):
        for role, source in (("bos_token", "cls_token"), ("eos_token", "sep_token")):
            if getattr(tokenizer, role) is None:
                _name(tokenizer, role, getattr(tokenizer, source), done)
    if _get(config, "model_type") in _BARE and tokenizer.backend_tokenizer.num_special_tokens_to_add(False):
        _leave_bare(tokenizer)
        done.append("nothing is added around a text")
    if writes and _END_OF_DOCUMENT in vocabulary and tokenizer.eos_token != _END_OF_DOCUMENT:
        _name(tokenizer, "eos_token", _END_OF_DOCUMENT, done)
    if tokenizer.pad_token is None:
        _name(tokenizer, "pad_token", tokenizer.eos_token, done)
    if not isinstance(model, (str, Path)):
        size = max(vocabulary.values(), default=-1) + 1
        for label, owner in (("configuration", config), ("generation configuration", generation)):
            if owner is not None and writes:
                done += _ids(tokenizer, owner, size, label)
    if config is not None and (tokenizer.model_max_length or _UNLIMITED) >= _UNLIMITED:
        length = _length(config)
        if length:
            tokenizer.model_max_length = length
            done.append(f"model_max_length is {length:,}")
    return done


def _name(tokenizer: PreTrainedTokenizerFast, role: str, token: str | None, done: list[str]) -> None:
    if token is not None:
        setattr(tokenizer, role, token)
        done.append(f"{role} is {token}")


def _leave_bare(tokenizer: PreTrainedTokenizerFast) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A:0", pair="$A:0 $B:1", special_tokens=[]
    )


def _ids(tokenizer: PreTrainedTokenizerFast, owner: Any, size: int, label: str) -> list[str]:
    """Give a configuration the tokenizer's ids where its own are missing or outside the vocabulary."""
    done = []
    for role in ("bos_token_id", "eos_token_id", "pad_token_id"):
        right = getattr(tokenizer, role)
        now = _get(owner, role)
        if right is None or now == right:
            continue
        if now is None:
            _set(owner, role, right)
            done.append(f"{label}: {role} is {right}")
        elif any(not 0 <= number < size for number in (now if isinstance(now, list) else [now])):
            _set(owner, role, right)
            done.append(f"{label}: {role} was {now}, outside the vocabulary of {size:,}, and is {right}")
    return done


def _is_bert(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether pieces are BERT's WordPiece with [CLS] and [SEP] (or what the tokenizer calls so)."""
    kind = type(tokenizer.backend_tokenizer.model).__name__
    return (
        kind in ("WordPiece", "WordLevel")
        and tokenizer.cls_token is not None
        and tokenizer.sep_token is not None
    )


def _writes(config: Any, model: Any) -> bool:
    """Whether the model generates text: by its architecture, or because it is a decoder."""
    if config is None:
        return False
    names = [type(model).__name__, *(_get(config, "architectures") or [])]
    return (
        _get(config, "model_type") in _CAUSAL + _SEQ2SEQ
        or bool(_get(config, "is_decoder"))
        or bool(_get(config, "is_encoder_decoder"))
        or any(name.endswith(("CausalLM", "LMHeadModel", "ConditionalGeneration")) for name in names)
    )


def _configurations(model: Any) -> tuple[Any, Any]:
    """The configuration and generation configuration of a model, configuration, mapping or folder."""
    if model is None:
        return None, None
    if isinstance(model, (str, Path)):
        file = Path(model).expanduser() / "config.json"
        return (json.loads(file.read_text("utf-8")) if file.is_file() else None), None
    if hasattr(model, "config"):
        return model.config, getattr(model, "generation_config", None)
    return model, None


def _length(config: Any) -> int | None:
    """How many tokens a text may have; RoBERTa's positions begin behind its pad."""
    length = next((value for name in _LENGTHS if isinstance(value := _get(config, name), int)), None)
    if length is None or length < 1 or _get(config, "model_type") in _SEQ2SEQ[:2]:
        return None
    if _get(config, "model_type") in ("roberta", "xlm-roberta", "camembert"):
        length -= (_get(config, "pad_token_id") or 0) + 1
    return length


def _get(owner: Any, name: str) -> Any:
    return owner.get(name) if isinstance(owner, dict) else getattr(owner, name, None)


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)
