"""What the recipe of ON-LSTM's trees does once: choose text, read UD, train a language model, score its trees."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import chain
from pathlib import Path
from typing import Any

from few_shot_jobs import sample

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

import pretrain
from public_data import data_folder, stop

from zhnlp.metrics import dependency_constituents, evaluate_trees, induce_tree, read_conllu
from zhnlp.metrics.dependencies import DependencyTree
from zhnlp.text import held_out
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab

TEXTS = ("pretrain/open.txt.xz", "pretrain/open_general.txt.xz")
TREES = {part: f"segmentation/ud_gsdsimp/zh_gsdsimp-ud-{part}.conllu" for part in ("dev", "test")}
HELD_OUT = 200_000  # characters, or a tenth of those of the training


class Chosen:
    """Documents in the order of their hashes until they have so many characters, whatever order they come in; the last is cut.

    Example:
        >>> chosen = Chosen(10)
        >>> for document in ("一" * 8, "二" * 8, "三" * 8):
        ...     chosen.add(document)
        >>> [len(document) for document in chosen.documents()]
        [8, 2]
    """

    def __init__(self, characters: int):
        self.characters, self.total = characters, 0
        self.kept: list[tuple[int, str]] = []  # hashes negated: the greatest is on top

    def add(self, document: str) -> None:
        digest = hashlib.blake2b(document.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        heappush(self.kept, (-int.from_bytes(digest, "big"), document))
        self.total += len(document)
        while self.total - len(self.kept[0][1]) >= self.characters:
            self.total -= len(heappop(self.kept)[1])

    def documents(self) -> list[str]:
        found = [document for _, document in sorted(self.kept, reverse=True)]
        if self.total > self.characters:
            found[-1] = found[-1][: self.characters - self.total]
        return found


def texts(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Documents to train on, and those that are held out."""
    paths = [found_file(name, options) for name in TEXTS]
    read = Chosen(options.characters)
    kept_out = Chosen(min(HELD_OUT, max(1000, options.characters // 10)))
    for document in chain.from_iterable(map(pretrain.documents, paths)):
        (kept_out if held_out(document) else read).add(document)
    return read.documents(), kept_out.documents()


def found_file(name: str, options: argparse.Namespace) -> Path:
    """A file of the public sets; leaves with exit code 2 where it is missing."""
    path = data_folder(options.data) / name
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER or set ZHNLP_DATA.")
    return path


def sentences(part: str, options: argparse.Namespace) -> list[DependencyTree]:
    """Sentences of UD with two words or more that are no punctuation."""
    path = found_file(TREES[part], options)
    found = [tree for tree in read_conllu(path) if len(tree.without_punctuation()[0]) > 1]
    return [found[number] for number in sample(found, options.limit, 0)]


def gold_of(tree: DependencyTree) -> set[tuple[int, int]]:
    """The constituents over the words that are no punctuation."""
    return dependency_constituents(tree.without_punctuation()[0].heads)


def first_tokens(words: Sequence[str], offsets: Iterable[tuple[int, int]]) -> list[int]:
    """The token that each word begins in, or the next one where its first character is no token.

    Example:
        >>> first_tokens(["深度", "AI", "学习"], [(0, 1), (1, 2), (2, 4), (4, 5), (5, 6)])
        [0, 2, 3]
    """
    ends = [end for _, end in offsets]
    places, begin, token = [], 0, 0
    for word in words:
        while token + 1 < len(ends) and ends[token] <= begin:
            token += 1
        places.append(token)
        begin += len(word)
    return places


def distances_of(model: Any, tokenizer: Any, words: Sequence[str]) -> Any:
    """(layers, words): of each word the distance before its first character; the model reads [CLS] and the sentence."""
    import torch

    encoded = tokenizer("".join(words), add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([[tokenizer.cls_token_id, *encoded["input_ids"]]])
    places = first_tokens(words, encoded["offset_mapping"])
    return model(ids).distances[0, :, 1:][:, places].double().numpy()


def score_trees(model: Any, tokenizer: Any, options: argparse.Namespace) -> dict[str, Any]:
    """F1 of both methods in every layer, by part of UD, method and layer."""
    import torch

    found: dict[str, Any] = {}
    with torch.inference_mode():
        for part in TREES:
            trees = sentences(part, options)
            distances = [distances_of(model, tokenizer, tree.words) for tree in trees]
            gold = [gold_of(tree) for tree in trees]
            for layer in range(options.layers):
                for method in ("unbiased", "post"):
                    made = []
                    for tree, all_ in zip(trees, distances):
                        shorter, kept = tree.without_punctuation()
                        made.append(induce_tree(shorter.words, all_[layer][kept], method))
                    found[f"{part} {method} {layer}"] = evaluate_trees(gold, made)
    return {"trees": found}


def trained(system: str, seed: int, key: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Train a language model, score it on held-out text, and its trees where it has levels."""
    import torch
    import transformers

    from zhnlp.metrics.language_model import count_characters
    from zhnlp.models.on_lstm_lm import ONLSTMConfig, ONLSTMForCausalLM
    from zhnlp.training import Trainer
    from zhnlp.training.pretraining.blocks import PackedBlocks
    from zhnlp.training.pretraining.evaluation import score_causal
    from zhnlp.training.pretraining.masking import NextTokens
    from zhnlp.training.pretraining.tokens import TokenFile

    torch.set_num_threads(options.threads)
    to_read, kept_out = texts(options)
    tokenizer = build_tokenizer(train_char_vocab(to_read, min_count=3, min_sign=20), form="causal-lm")
    name = hashlib.blake2b(json.dumps(key, sort_keys=True).encode(), digest_size=6).hexdigest()
    work = options.work / f"{system}-{seed}-{name}"
    file = TokenFile.build(to_read, tokenizer, work / "tokens")
    rows = max(options.rows, len(file) // options.length) * options.epochs
    transformers.set_seed(seed)
    model = ONLSTMForCausalLM(
        ONLSTMConfig(
            vocab_size=len(tokenizer),
            hidden_size=options.hidden,
            num_layers=options.layers,
            levels=options.levels if system == "on-lstm" else 1,
            dropout=options.dropout,
            dropconnect=options.dropout,
        )
    )
    steps = math.ceil(rows / options.rows)
    settings = transformers.TrainingArguments(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=options.rows,
        learning_rate=options.learning_rate,
        warmup_steps=min(200, steps // 10),
        lr_scheduler_type="linear",
        weight_decay=0.01,
        bf16=True,
        use_cpu=True,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        save_steps=max(1, steps // options.epochs),
        save_total_limit=1,
        logging_steps=100,
        report_to="none",
        seed=seed,
    )
    data = PackedBlocks([file], length=options.length, size=steps * options.rows, seed=seed)
    trainer = Trainer(model, settings, train_dataset=data, data_collator=NextTokens())
    trainer.train(resume_from_checkpoint="auto")
    model.eval()
    scored = score_causal(model, tokenizer, kept_out, context=options.length).summary()
    return {
        "perplexity": 2 ** scored["bits_per_character"],
        "held_out": scored,
        "vocabulary": len(tokenizer),
        "parameters": sum(one.numel() for one in model.parameters()),
        "read_characters": sum(map(count_characters, to_read)),
        "steps": steps,
        **(score_trees(model, tokenizer, options) if system == "on-lstm" else {}),
    }
