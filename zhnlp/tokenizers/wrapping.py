"""A tokenizer of the tokenizers library as transformers wraps it, with the roles that its special tokens name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

_ROLES = ("pad", "unk", "cls", "sep", "mask")


def roles(core: Tokenizer) -> dict[str, str]:
    """Which of ``pad_token``, ``unk_token``, ``cls_token``, ``sep_token`` and ``mask_token`` are among the added tokens.

    Example:
        >>> from tokenizers import Tokenizer, models
        >>> core = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        >>> _ = core.add_special_tokens(["[UNK]"])
        >>> roles(core)
        {'unk_token': '[UNK]'}
    """
    added = {token.content for token in core.get_added_tokens_decoder().values()}
    return {f"{role}_token": f"[{role.upper()}]" for role in _ROLES if f"[{role.upper()}]" in added}


def wrap(core: Tokenizer, **options: Any) -> PreTrainedTokenizerFast:
    """The same tokenizer for transformers: roles by name, decoded text left as the decoder made it.

    Args:
        **options: for ``PreTrainedTokenizerFast``, such as ``model_max_length`` or ``bos_token``.
    """
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=core, **{"clean_up_tokenization_spaces": False, **roles(core), **options}
    )
