"""The ids of a text that a model is to go on with: its start token where it has one, its end token never."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhnlp.text.characters import replace_surrogates

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def encode_prompt(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """The ids of a prompt: as the tokenizer encodes it, without the end ([SEP], </s>) that it may append.

    UER's GPT-2 models were trained on ``[CLS] text [SEP]``; with the [SEP] in the prompt they believe the text is over.
    An empty prompt gives the start token alone.

    Raises:
        ValueError: the prompt is empty, and the tokenizer has no start token to begin from.

    Example:
        >>> from transformers import BertTokenizer
        >>> tokenizer = BertTokenizer(vocab={token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好"])})
        >>> tokenizer("好")["input_ids"], encode_prompt(tokenizer, "好")
        ([2, 5, 3], [2, 5])
    """
    text = replace_surrogates(text)
    whole = tokenizer(text, add_special_tokens=True)["input_ids"]
    own = tokenizer(text, add_special_tokens=False)["input_ids"]
    ends = {tokenizer.eos_token_id, tokenizer.sep_token_id} - {tokenizer.bos_token_id}
    ids = list(whole)
    while ids and ids[-1] in ends and (not own or ids[-len(own) :] != own):
        ids.pop()
    if ids:
        return ids
    if (start := tokenizer.bos_token_id) is None:
        start = tokenizer.cls_token_id
    if start is None:
        raise ValueError(
            "the prompt is empty and the tokenizer has neither bos nor [CLS]: expected a character or more to go on with"
        )
    return [start]
