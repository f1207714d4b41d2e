"""Checkpoints of two layers, 32 wide, with random weights and a WordPiece vocabulary of common characters."""

import torch
import transformers
from transformers import PreTrainedTokenizerFast

from zhnlp.tokenizers.checks import PROBE

CHARACTERS = "".join(dict.fromkeys("电网变压器断路检修今天气很好北京大学生研究，。" + PROBE))
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *CHARACTERS,
    *"abcx12",
    *["##" + c for c in "abcx12"],
]
_SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
_WRITES = {"bos_token_id": 2, "eos_token_id": 3}
KINDS = {
    "roformer": ("RoFormerConfig", "RoFormerForMaskedLM", {"embedding_size": 32}),
    "bert": ("BertConfig", "BertForMaskedLM", {}),
    "llama": ("LlamaConfig", "LlamaForCausalLM", {"num_key_value_heads": 4, **_WRITES}),
    "gpt-neox": ("GPTNeoXConfig", "GPTNeoXForCausalLM", _WRITES),
    "gpt2": ("GPT2Config", "GPT2LMHeadModel", _WRITES),
}


def make_model(kind, seed=0, **changes):
    """A model whose outputs differ from token to token (weights are larger than usual)."""
    config_class, model_class, more = KINDS[kind]
    torch.manual_seed(seed)
    config = getattr(transformers, config_class)(**{**_SIZES, "initializer_range": 0.3, **more, **changes})
    return getattr(transformers, model_class)(config).eval()


def make_tokenizer(causal=False):
    """BERT's tokenizer over `VOCABULARY`; a causal one begins with [CLS], ends with [SEP] and adds only the first."""
    tokenizer = transformers.BertTokenizer(vocab={token: number for number, token in enumerate(VOCABULARY)})
    if not causal:
        return tokenizer
    from tokenizers.processors import TemplateProcessing

    backend = tokenizer.backend_tokenizer
    backend.post_processor = TemplateProcessing(
        single="[CLS] $A", pair="[CLS] $A $B", special_tokens=[("[CLS]", 2)]
    )
    names = {
        name: getattr(tokenizer, name)
        for name in ("unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
    }
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="[CLS]", eos_token="[SEP]", **names)


def save_checkpoint(folder, kind, **changes):
    """Model and tokenizer in a folder, as save_pretrained writes them; returns the model."""
    model = make_model(kind, **changes)
    model.save_pretrained(folder)
    make_tokenizer(causal=kind in ("llama", "gpt-neox", "gpt2")).save_pretrained(folder)
    return model
