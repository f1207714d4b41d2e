"""Folders with encoder-decoders of two layers, random weights and the tokenizers that their families have."""

import numpy as np
import torch
import transformers
from small_models import VOCABULARY, make_tokenizer
from tokenizer_families import qwen, t5
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

T5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "dropout_rate": 0.0}
BART = {
    "d_model": 32,
    "max_position_embeddings": 40,
    "dropout": 0.0,
    "init_std": 0.3,
    "forced_eos_token_id": None,
}
BART |= {f"{side}_{name}": value for side in ("encoder", "decoder")
         for name, value in {"layers": 2, "attention_heads": 4, "ffn_dim": 48}.items()}  # fmt: skip


def t5_tied(folder):
    return _t5(folder, "T5")


def mt5(folder):
    """As google/mt5 has it: the head apart from the embedding."""
    return _t5(folder, "MT5", feed_forward_proj="gated-gelu")


def _t5(folder, name, **changes):
    """A SentencePiece Unigram; texts end with </s>, the decoder begins with <pad>; the embedding has rows to spare."""
    t5(folder)
    rows = transformers.AutoConfig.from_pretrained(folder).vocab_size
    config = getattr(transformers, f"{name}Config")(
        vocab_size=rows, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, **T5, **changes
    )
    return _save(getattr(transformers, f"{name}ForConditionalGeneration"), config, folder)


def t5_pegasus(folder):
    """WordPiece under mT5, whose configuration still says that texts begin with padding."""
    make_tokenizer().save_pretrained(folder)
    config = transformers.MT5Config(
        vocab_size=len(VOCABULARY), pad_token_id=0, eos_token_id=3, decoder_start_token_id=0, **T5
    )
    return _save(transformers.MT5ForConditionalGeneration, config, folder)


def bart(folder):
    """fnlp/bart-base-chinese: WordPiece; the decoder begins with [SEP] and then [CLS]."""
    make_tokenizer().save_pretrained(folder)
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3}
    config = transformers.BartConfig(vocab_size=len(VOCABULARY), **ids, **BART)
    return _save(transformers.BartForConditionalGeneration, config, folder)


def byte_bart(folder):
    """A tokenizer of bytes, which knows everything: no [UNK], no special tokens around a text."""
    bytewise = Tokenizer.from_file(str(qwen(folder) / "tokenizer.json"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.save_pretrained(folder)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    ids = {"pad_token_id": pad, "bos_token_id": pad, "eos_token_id": end, "decoder_start_token_id": end}
    config = transformers.BartConfig(vocab_size=len(tokenizer), **ids, **BART)
    return _save(transformers.BartForConditionalGeneration, config, folder)


def _save(kind, config, folder):
    torch.manual_seed(4)
    model = kind(config)
    if config.model_type == "mt5":
        model.lm_head = torch.nn.Linear(config.d_model, config.vocab_size, bias=False)
        del model.all_tied_weights_keys["lm_head.weight"]
    model.save_pretrained(folder)
    return folder


SEQ2SEQ = {"t5": t5_tied, "mt5": mt5, "t5-pegasus": t5_pegasus, "bart": bart, "byte-bart": byte_bart}


def copies(count, letters="的一是不", seed=0):
    """Texts to be copied, of two or three characters."""
    drawn = torch.randint(len(letters), (count, 3), generator=torch.Generator().manual_seed(seed))
    return [
        "".join(letters[number] for number in row[: 2 + place % 2])
        for place, row in enumerate(drawn.tolist())
    ]


def learn_to_copy(engine, steps=200, rows=32):
    """Some two seconds of one core."""
    texts = copies(960)
    pairs = engine.pairs(texts, texts)
    rate = 3e-3 if engine.module.config.model_type == "bart" else 1e-2
    optimizer = torch.optim.Adam(engine.module.parameters(), lr=rate)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 20, steps)
    engine.module.train()
    torch.manual_seed(0)
    np.random.seed(0)
    for step in range(steps):
        begin = step * rows % len(pairs)
        optimizer.zero_grad()
        engine.module(**engine.collate(pairs[begin : begin + rows]))["loss"].backward()
        optimizer.step()
        schedule.step()
    engine.module.eval()
    return engine
