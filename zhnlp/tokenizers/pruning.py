"""``prune``: a smaller vocabulary, and the same model on it.  V old ids, K kept ones.

The post keeps 13,584 of BERT's 21,128 pieces; what the others held was never read. Source: 苏剑林,
https://kexue.fm/archives/6933
"""

from __future__ import annotations

import copy
import json
import logging
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.tokenizers.keep import keep_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

_LISTS = ("suppress_tokens", "begin_suppress_tokens", "bad_words_ids")


def prune(
    tokenizer: PreTrainedTokenizerFast,
    model: PreTrainedModel | None,
    what: str | Callable[[str], bool] | Sequence[int] | Iterable[str] | Path = "keep_tokens",
    *,
    min_count: int = 1,
    special_tokens: Sequence[str] | None = None,
) -> tuple[PreTrainedTokenizerFast, Any]:
    """A new tokenizer with the pieces that stay and a new model with their rows; neither of the old ones changes.

    Input and output embeddings (tied or not), the bias of the masked-LM head and the ids in the configuration are
    re-mapped. On a text made of kept pieces the new model computes what the old one did, and its logits are those of
    the kept ids. Both are saved by ``save_pretrained`` as any checkpoint; ``AutoModel`` and ``AutoTokenizer`` load them.

    Args:
        tokenizer: WordPiece, Unigram or BPE, of the tokenizers library.
        model: any model of transformers with one vocabulary; None prunes the tokenizer alone.
        what: "keep_tokens" (the rule of the post, WordPiece only), a function of a piece, a list of ids, or a corpus:
            texts, a `Corpus`, a `Path`; see `keep_ids`.
        min_count: occurrences in the corpus below which a piece goes.
        special_tokens: these stay, in this order; None: all (the four of the post for "keep_tokens": no [MASK]).

    Raises:
        ValueError: the tokenizer does not fit the model, the rule does not fit the tokenizer, the model has parts of
            the size of the vocabulary that are not understood, or nothing would stay.

    Example:
        >>> from transformers import BertConfig, BertForMaskedLM, BertTokenizer
        >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "我", "们", "##我", "你"]
        >>> tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)})
        >>> model = BertForMaskedLM(BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1))
        >>> small, smaller = prune(tokenizer, model, ["我们", "们我"])
        >>> len(small), smaller.config.vocab_size, small.tokenize("我们")
        (7, 7, ['我', '们'])
    """
    ids = keep_ids(tokenizer, what, min_count=min_count, special_tokens=special_tokens)
    new_tokenizer = select_pieces(tokenizer, ids)
    lost = [token for token in tokenizer.all_special_tokens if token not in new_tokenizer.get_vocab()]
    if lost:
        logger.warning("%s will not be there; special_tokens= keeps them", ", ".join(lost))
    new_model = None if model is None else select_rows(model, ids, len(tokenizer))
    logger.info("%s of %s pieces stay", f"{len(ids):,}", f"{len(tokenizer):,}")
    return new_tokenizer, new_model


def select_pieces(tokenizer: PreTrainedTokenizerFast, ids: Sequence[int]) -> PreTrainedTokenizerFast:
    """The tokenizer with the pieces ``ids`` alone, numbered in that order.

    Normaliser, pre-tokenizer, decoder and template stay; a special token that goes leaves the template too.
    """
    from transformers import PreTrainedTokenizerFast

    new_id = {old: new for new, old in enumerate(ids)}
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        stored, options = Path(folder, "tokenizer.json"), Path(folder, "tokenizer_config.json")
        state = _renumber(json.loads(stored.read_text("utf-8")), tokenizer.get_vocab(), new_id)
        names = {token for token, number in tokenizer.get_vocab().items() if number in new_id}
        settings = _settings(json.loads(options.read_text("utf-8")), names)
        complete = set(tokenizer.all_special_tokens) <= names
        if not complete:  # a class of its own would put its missing tokens back
            settings["tokenizer_class"] = "PreTrainedTokenizerFast"
            settings["model_input_names"] = list(tokenizer.model_input_names)
        stored.write_text(json.dumps(state, ensure_ascii=False), "utf-8")
        options.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
        made = (type(tokenizer) if complete else PreTrainedTokenizerFast).from_pretrained(folder)
    made.name_or_path = tokenizer.name_or_path
    return made


def select_rows(model: PreTrainedModel, ids: Sequence[int], entries: int | None = None) -> PreTrainedModel:
    """The model with the rows ``ids`` of everything that is as long as the vocabulary.

    Raises:
        ValueError: ``ids`` or the vocabulary (``entries``) go beyond the embedding, or the model's class has parts that
            depend on the vocabulary in another way.
    """
    import torch

    rows = model.get_input_embeddings().weight.shape[0]
    if max(ids) >= rows or (entries or 0) > rows:
        raise ValueError(
            f"vocabulary has {max(entries or 0, max(ids) + 1):,} entries, the embedding {rows:,} rows: expected no more "
            "entries than rows. Next: prune with the tokenizer of this checkpoint"
        )
    config = copy.deepcopy(model.config)
    if getattr(config, "vocab_size", None) != rows:
        raise ValueError(
            f"{type(model).__name__} has vocab_size {getattr(config, 'vocab_size', None)} and {rows:,} rows: expected a "
            "model with one vocabulary"
        )
    new_id = {old: new for new, old in enumerate(ids)}
    config.vocab_size = len(ids)
    _renumber_configuration(config, new_id)
    new = type(model)(config).to(device=model.device, dtype=model.dtype)
    index = torch.tensor(list(ids), device=model.device)
    old_state, new_shapes = model.state_dict(), {name: part.shape for name, part in new.state_dict().items()}
    if old_state.keys() != new_shapes.keys():
        odd = sorted(old_state.keys() ^ new_shapes.keys())
        raise ValueError(
            f"{type(model).__name__} holds parts that its configuration does not: {', '.join(odd[:5])}"
        )
    state = {name: _select(name, part, new_shapes[name], rows, index) for name, part in old_state.items()}
    new.load_state_dict(state)
    new.tie_weights()
    if getattr(model, "generation_config", None) is not None:
        new.generation_config = copy.deepcopy(model.generation_config)
        _renumber_configuration(new.generation_config, new_id)
    return new.train(model.training)


def _select(name: str, part: Any, shape: Any, rows: int, index: Any) -> Any:
    """The part of a state as the new model wants it: whole, or its axis of ``rows`` at ``index``."""
    if part.shape == shape:
        return part
    axes = [axis for axis, (old, new) in enumerate(zip(part.shape, shape)) if old != new]
    if len(axes) != 1 or part.shape[axes[0]] != rows or shape[axes[0]] != len(index):
        raise ValueError(
            f"{name} is {tuple(part.shape)} and would be {tuple(shape)}: expected one axis of {rows:,}, the vocabulary. "
            "This architecture cannot be pruned"
        )
    return part.index_select(axes[0], index.to(part.device))


def _renumber(state: dict[str, Any], vocabulary: dict[str, int], new_id: dict[int, int]) -> dict[str, Any]:
    """A tokenizer.json with the pieces of ``new_id`` alone."""
    model = state["model"]
    if isinstance(model["vocab"], list):  # Unigram: a list of (piece, log-probability)
        size = len(model["vocab"])
        model["vocab"] = [model["vocab"][old] for old in new_id if old < size]
        if model.get("unk_id") is not None:
            model["unk_id"] = new_id[model["unk_id"]]
    else:
        pieces = {piece: new_id[old] for piece, old in model["vocab"].items() if old in new_id}
        model["vocab"] = dict(sorted(pieces.items(), key=lambda item: item[1]))
    if "merges" in model:
        pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        model["merges"] = [
            [left, right]
            for left, right in pairs
            if left in model["vocab"] and right in model["vocab"] and left + right in model["vocab"]
        ]
    added = [token for token in state["added_tokens"] if token["id"] in new_id]
    state["added_tokens"] = sorted(
        (token | {"id": new_id[token["id"]]} for token in added), key=lambda token: token["id"]
    )
    names = {token: new_id[old] for token, old in vocabulary.items() if old in new_id}
    state["post_processor"] = _renumber_template(state.get("post_processor"), names)
    state["padding"] = state["truncation"] = None
    return state


def _renumber_template(part: dict[str, Any] | None, names: dict[str, int]) -> dict[str, Any] | None:
    """A post-processor with new ids, and without the tokens that went."""
    if part is None:
        return None
    if part["type"] == "Sequence":
        parts = [_renumber_template(inner, names) for inner in part["processors"]]
        return part | {"processors": [inner for inner in parts if inner is not None]}
    if part["type"] == "TemplateProcessing":

        def stays(item: dict[str, Any]) -> bool:
            return "SpecialToken" not in item or item["SpecialToken"]["id"] in special

        special = {
            name: token | {"ids": [names[inner] for inner in token["tokens"]]}
            for name, token in part["special_tokens"].items()
            if all(inner in names for inner in token["tokens"])
        }
        return part | {
            "single": [item for item in part["single"] if stays(item)],
            "pair": [item for item in part["pair"] if stays(item)],
            "special_tokens": special,
        }
    if "sep" in part and "cls" in part:  # BertProcessing, RobertaProcessing
        if part["sep"][0] not in names or part["cls"][0] not in names:
            return None
        return part | {side: [part[side][0], names[part[side][0]]] for side in ("sep", "cls")}
    return part


def _settings(options: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """tokenizer_config.json without roles of tokens that went; ids are in tokenizer.json alone."""
    options.pop("added_tokens_decoder", None)
    kept = {}
    for key, value in options.items():
        token = value.get("content") if isinstance(value, dict) and "content" in value else value
        if key.endswith("_token") and isinstance(token, str) and token not in names:
            continue
        if key in ("additional_special_tokens", "extra_special_tokens") and isinstance(value, list):
            value = [
                token for token in value if (token["content"] if isinstance(token, dict) else token) in names
            ]
        kept[key] = value
    return kept


def _renumber_configuration(config: Any, new_id: dict[int, int]) -> None:
    """Give every ``…_token_id`` its new number; one that went becomes None."""
    for name, value in list(vars(config).items()):
        if name.endswith("_token_id") and isinstance(value, int):
            setattr(config, name, new_id.get(value))
        elif name.endswith(("_token_id", "_token_ids", *_LISTS)) and isinstance(value, list):
            setattr(config, name, _renumber_list(value, new_id) or None)


def _renumber_list(numbers: list[Any], new_id: dict[int, int]) -> list[Any]:
    """The list with new numbers; a sequence of which one went can no longer occur, and goes."""
    if numbers and isinstance(numbers[0], list):
        return [[new_id[old] for old in row] for row in numbers if all(old in new_id for old in row)]
    return [new_id[old] for old in numbers if old in new_id]
