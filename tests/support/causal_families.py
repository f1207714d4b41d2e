"""Chinese causal checkpoints of each family in small: tokenizer, config.json and weights that know one sentence by heart."""

import json

import torch
from tokenizer_families import BERT, CASED, SPECIAL, TEXTS, uer_gpt2, vocabulary, write
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertTokenizer, GPT2Config, GPT2LMHeadModel

SENTENCE = "今天我们学习中国的事，你们看看。"
PLACES = 48
_SIZES = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": PLACES}
_ROLES = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL))


def uer(folder):
    """uer/gpt2-chinese-cluecorpussmall: a cased vocab.txt, bos and eos 50256 outside of it."""
    uer_gpt2(folder, tokenizer_class="BertTokenizer")
    return _finish(folder, CASED, bos_token_id=50256, eos_token_id=50256)


def clue(folder):
    """CLUE's vocabulary: vocab.txt alone, fewer entries than rows, no bos and no eos anywhere."""
    write(folder, {"vocab.txt": vocabulary(BERT)})
    rows = -(-len(BERT) // 64) * 64
    return _finish(folder, BERT, rows, bos_token_id=None, eos_token_id=None)


def ckip(folder):
    """ckiplab/gpt2-base-chinese: BertTokenizerFast with every file, bos and eos of config.json the defaults of GPT-2."""
    write(
        folder,
        {
            "vocab.txt": vocabulary(BERT),
            "special_tokens_map.json": _ROLES,
            "tokenizer_config.json": {
                "tokenizer_class": "BertTokenizerFast",
                "do_lower_case": False,
                **_ROLES,
            },
        },
    )
    tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(BERT)}, do_lower_case=False)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return _finish(folder, BERT)


def wenzhong(folder):
    """IDEA-CCNL/Wenzhong-GPT2: vocab.json and merges.txt of bytes, two or three tokens a character, bos = eos = <|endoftext|>."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=264, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([*TEXTS, SENTENCE], trainer)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    end, size = tokenizer.token_to_id("<|endoftext|>"), tokenizer.get_vocab_size()
    stored = json.loads(tokenizer.to_str())["model"]
    write(
        folder,
        {
            "vocab.json": stored["vocab"] | {"<|endoftext|>": end},
            "merges.txt": "#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in stored["merges"]),
        },
    )
    ids = [*tokenizer.encode(SENTENCE).ids, end]
    return _write_model(folder, ids, size, n_positions=2 * PLACES, bos_token_id=end, eos_token_id=end)


FAMILIES = {"uer": uer, "clue": clue, "ckip": ckip, "wenzhong": wenzhong}


def _finish(folder, pieces, rows=None, **options):
    ids = [pieces.index(piece) for piece in ("[CLS]", *SENTENCE, "[SEP]")]
    return _write_model(folder, ids, rows or len(pieces), **options)


def _write_model(folder, ids, rows, **options):
    """GPT-2 that has learnt ``ids`` and nothing else, with the configuration as the family has it."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=rows, **{**_SIZES, **options}))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    rows_of_ids = [torch.tensor([ids])]
    if model.config.bos_token_id == ids[-1]:  # documents in a row, and one without the end before it
        rows_of_ids.append(torch.tensor([[ids[-1], *ids]]))
    for _ in range(60):
        optimizer.zero_grad()
        sum(model(row, labels=row).loss for row in rows_of_ids).backward()
        optimizer.step()
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)  # older folders have none
    return folder
