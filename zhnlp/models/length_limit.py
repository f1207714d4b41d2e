"""How many tokens a model reads: the least of its positions, its tokenizer's limit and what the user asks for."""

from __future__ import annotations

from typing import Any

UNLIMITED = 8192  # tokens of a text where neither model nor tokenizer knows a limit
_UNKNOWN = 10**9  # a model_max_length from here on is transformers' "not known"
_AFTER_PADDING = frozenset(
    [
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "layoutlmv3",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    ]
)  # count their positions from behind the id of the padding, so 514 positions are 512 tokens


def length_limit(tokenizer: Any, config: Any = None, max_length: int | None = None) -> int:
    """Tokens that a text may have, special ones included; 8,192 where nobody knows a limit.

    Args:
        tokenizer: gives ``model_max_length``.
        config: of the model, gives its positions; None for none.
        max_length: what the user asks for; None for as many as the model takes.

    Raises:
        ValueError: ``max_length`` is no whole number of 1 or more.

    Example:
        >>> from types import SimpleNamespace
        >>> from transformers import BertConfig, RobertaConfig
        >>> tokenizer = SimpleNamespace(model_max_length=10**30)
        >>> length_limit(tokenizer, BertConfig()), length_limit(tokenizer, BertConfig(), 100)
        (512, 100)
        >>> length_limit(tokenizer, RobertaConfig(max_position_embeddings=514, pad_token_id=1)), length_limit(tokenizer)
        (512, 8192)
    """
    check_max_length(max_length)
    known = [max_length, tokenizer.model_max_length, None if config is None else _positions(config)]
    return min([value for value in known if value and value < _UNKNOWN], default=UNLIMITED)


def check_max_length(max_length: Any) -> None:
    """Refuse a limit that no text could have.

    Raises:
        ValueError: it is neither None nor a whole number of 1 or more.
    """
    if max_length is None:
        return
    if isinstance(max_length, bool) or not hasattr(max_length, "__index__") or max_length < 1:
        raise ValueError(
            f"max_length={max_length!r} is not possible: expected a whole number of tokens, 1 or more, or None for as many as "
            "the model takes"
        )


def _positions(config: Any) -> int | None:
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    places = getattr(text, "max_position_embeddings", None)
    if not places or getattr(text, "model_type", None) not in _AFTER_PADDING:
        return places
    padding = 1 if text.model_type == "mpnet" else text.pad_token_id
    return places if padding is None else places - padding - 1
