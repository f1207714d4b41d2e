"""What both pre-training recipes do before and after the training: options, tokens on disk, the folder that ships.

Text comes from ``pretrain/open.txt.xz`` and ``pretrain/open_general.txt.xz`` of the public sets, or from files of your
own (one paragraph a line, a blank line between documents). One document in a hundred is kept out of training by
`zhnlp.text.holdout`; the general half weighs as much as the rest.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder

from zhnlp.tasks.segmentation import make_segmenter
from zhnlp.text import Corpus
from zhnlp.text.holdout import held_out
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.pretraining.tokens import TokenFile

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {"open": "pretrain/open.txt.xz", "general": "pretrain/open_general.txt.xz"}


def parser_of(doc: str, steps: int, learning_rate: float) -> argparse.ArgumentParser:
    """The options that both recipes share; ``doc`` is the recipe's docstring."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", type=Path, help="your own text files in place of the public sets")
    parser.add_argument(
        "--data", type=Path, default=ROOT / "workdir/pretrain", help="folder of vocabulary and tokens"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of checkpoints; run again to continue"
    )
    parser.add_argument(
        "--steps", type=int, default=steps, help="optimizer steps in all (default: %(default)s)"
    )
    parser.add_argument(
        "--anneal", type=int, default=0, metavar="STEPS", help="let the rate fall over so many steps"
    )
    parser.add_argument(
        "--lexicon", type=Path, help="mined words for whole-word masking (default: jieba's dictionary)"
    )
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument(
        "--rows", type=int, default=32, help="rows a step on one device (default: %(default)s)"
    )
    parser.add_argument("--length", type=int, default=128, help="tokens a row (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument("--compile", action="store_true", help="torch.compile, for a GPU")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def plan_of(options: argparse.Namespace, objective: str):
    """The plan that the options describe."""
    from zhnlp.training.pretraining.plan import Plan

    names = ("layers", "width", "heads", "rows", "length", "learning_rate", "seed")
    return Plan(objective, **{name: getattr(options, name) for name in names})


def sources(options: argparse.Namespace) -> dict[str, Path]:
    """The files to train on, by name."""
    if options.texts:
        return {path.name.split(".")[0]: path for path in options.texts}
    return {name: data_folder() / path for name, path in SOURCES.items()}


def documents(path: Path, *, kept_out: bool) -> Iterator[str]:
    """The documents of one file that are kept out of training, or all the others."""
    for document in Corpus.from_paths(path, unit="paragraph"):
        if held_out(document) == kept_out:
            yield document


def news() -> list[str]:
    """The contents of the public set's broadcast news, which nothing is trained on; none where it is not there."""
    path = data_folder() / "corpora/news.jsonl.xz"
    return list(Corpus.from_paths(path, text_field="content")) if path.exists() else []


def vocabulary(options: argparse.Namespace) -> list[str]:
    """The vocabulary of the training part, made on the first call and kept in ``--data``."""
    path = options.data / "vocab.txt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = train_char_vocab(
            text for file in sources(options).values() for text in documents(file, kept_out=False)
        )
        path.write_text(
            "\n".join(repr(entry)[1:-1] if entry == "\n" else entry for entry in found), encoding="utf-8"
        )
    entries = path.read_text(encoding="utf-8").split("\n")
    return ["\n" if entry == "\\n" else entry for entry in entries]


def tokens(options: argparse.Namespace) -> tuple[dict[str, TokenFile], dict[str, TokenFile]]:
    """Token files to train on and held-out ones, made on the first call and kept in ``--data``."""
    tokenizer = build_tokenizer(vocabulary(options))
    made: tuple[dict[str, TokenFile], dict[str, TokenFile]] = ({}, {})
    for name, path in sources(options).items():
        for which, kept_out in enumerate((False, True)):
            folder = options.data / f"{name}.{'held' if kept_out else 'train'}"
            if not (folder / "tokens.json").exists():
                print(f"tokenizing {path} → {folder}", file=sys.stderr)
                starts = None if kept_out else word_starts(options.lexicon)
                TokenFile.build(documents(path, kept_out=kept_out), tokenizer, folder, word_starts=starts)
            made[which][name] = TokenFile(folder)
    return made


@cache
def word_starts(lexicon: Path | None) -> Callable[[str], Any]:
    """Where words start in a text, by a lexicon or jieba's dictionary."""
    segmenter = make_segmenter(lexicon)
    return lambda text: segmenter.spans(text)[0]
