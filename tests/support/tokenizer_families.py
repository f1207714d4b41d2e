"""Folders with tokenizers as the families of Chinese checkpoints have them, in small; made here, nothing is fetched."""

import json
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from zhnlp.tokenizers.checks import PROBE

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = list(dict.fromkeys(PROBE + "今深习语京！？：；（）“”"))
BERT = [
    *SPECIAL[:1],
    *(f"[unused{i}]" for i in range(1, 5)),
    *SPECIAL[1:],
    *CHARACTERS,
    *"0123456789",
    *LETTERS,
    *("##" + c for c in LETTERS + "0123456789"),
    *("##" + c for c in CHARACTERS[:20]),
    *(".", "hello", "##phone", "bert", "##ing", "...", "2024", "、"),
]
CASED = [*BERT, *LETTERS.upper(), *("##" + c for c in LETTERS.upper())]
TEXTS = [
    "我们今天学习深度学习，你好世界！",
    "他说的是中国的事情。",
    "Hello world, iPhone 2024 年。",
    "在北京大学学习语言",
]


def write(folder, files):
    """Write {name: text or object for JSON} to a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_text(text, "utf-8")
    return folder


def vocabulary(pieces):
    return "\n".join(pieces) + "\n"


def bert(folder):
    """bert-base-chinese as it was first published: vocab.txt and config.json."""
    return write(
        folder,
        {"vocab.txt": vocabulary(BERT), "config.json": {"model_type": "bert", "vocab_size": len(BERT)}},
    )


def roberta_wwm(folder):
    """hfl/chinese-roberta-wwm-ext: BERT's layout under another name, every file there."""
    from transformers import BertTokenizer

    roles = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL))
    tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(BERT)})
    write(
        folder,
        {
            "vocab.txt": vocabulary(BERT),
            "added_tokens.json": {},
            "special_tokens_map.json": roles,
            "tokenizer_config.json": {"init_inputs": []},
            "config.json": {
                "model_type": "bert",
                "architectures": ["BertForMaskedLM"],
                "vocab_size": len(BERT),
            },
        },
    )
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def uer_gpt2(folder, **options):
    """uer/gpt2-chinese-cluecorpussmall: BERT's vocabulary, cased, under GPT-2, whose bos and eos nobody set."""
    return write(
        folder,
        {
            "vocab.txt": vocabulary(CASED),
            "tokenizer_config.json": {"do_lower_case": False, "max_len": 1024, **options},
            "config.json": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": len(CASED),
                            "n_positions": 1024},
        },
    )  # fmt: skip


def qwen(folder):
    """Qwen: byte-level BPE, tokenizer.json and the older pair of files."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    write(
        folder,
        {
            "tokenizer_config.json": {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>",
                                      "pad_token": "<|endoftext|>", "model_max_length": 32768},
            "config.json": {"model_type": "qwen2", "vocab_size": 384},
        },
    )  # fmt: skip
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def unigram(pieces, added=()):
    tokenizer = Tokenizer(models.Unigram([(piece, score) for piece, score in pieces], unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", *(AddedToken(token) for token in added)])
    return tokenizer


def _scores():
    characters = [*CHARACTERS, *LETTERS, *LETTERS.upper(), *"0123456789,.!?:;()"]
    words = ["我们", "学习", "深度", "▁hello", "▁我们", "你好", "世界"]
    return [
        ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((word, -4.0) for word in words),
        *((character, -6.0) for character in dict.fromkeys(characters)),
    ]  # fmt: skip


def t5(folder):
    """mT5: a Unigram model with a normaliser that folds width, sentinels behind it, padded rows."""
    tokenizer = unigram(_scores(), added=["<extra_id_0>", "<extra_id_1>"])
    end = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", end)]
    )
    size = tokenizer.get_vocab_size()
    roles = {
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "tokenizer_class": "T5Tokenizer",
    }
    padded = -(-size // 128) * 128
    write(
        folder, {"tokenizer_config.json": roles, "config.json": {"model_type": "mt5", "vocab_size": padded}}
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def cpm(folder):
    """CPM: a Unigram model under GPT-2 that ends a text with <eod>, and says so nowhere."""
    tokenizer = unigram(_scores(), added=["<sep>", "<cls>", "<eod>"])
    write(
        folder,
        {"config.json": {"model_type": "gpt2", "vocab_size": tokenizer.get_vocab_size(), "n_positions": 512}},
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


FAMILIES = {
    "bert": bert,
    "roberta-wwm": roberta_wwm,
    "uer-gpt2": uer_gpt2,
    "qwen": qwen,
    "t5": t5,
    "cpm": cpm,
}
