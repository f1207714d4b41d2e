"""What both pre-training recipes do before and after the training: options, tokens on disk, the folder that ships.

Text comes from ``pretrain/open.txt.xz`` and ``pretrain/open_general.txt.xz`` of the public sets, or from files of your
own (one paragraph a line, a blank line between documents). One document in a hundred is kept out of training by
`zhnlp.text.holdout`; the general half weighs as much as the rest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder

from zhnlp.tasks.segmentation import make_segmenter
from zhnlp.text import Corpus
from zhnlp.tokenizers.words import JiebaWords
from zhnlp.training.pretraining.prepared import Prepared, file_names, prepare
from zhnlp.training.pretraining.processes import is_main_process
from zhnlp.training.pretraining.start import vocabulary_of

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
        "--anneal-length", type=int, metavar="TOKENS", help="tokens a row while it falls (default: --length)"
    )
    words = parser.add_mutually_exclusive_group()
    words.add_argument(
        "--lexicon", type=Path, help="mined words for whole-word masking (default: jieba's dictionary)"
    )
    words.add_argument("--jieba", action="store_true", help="words by jieba itself, which takes longer")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument(
        "--rows", type=int, default=32, help="rows a step on one device (default: %(default)s)"
    )
    parser.add_argument("--length", type=int, default=128, help="tokens a row (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument(
        "--warmup", type=int, help="steps in which the rate rises (default: 200, or --steps / 10)"
    )
    parser.add_argument(
        "--start",
        metavar="MODEL",
        help="begin from the weights of a trained model, such as the shipped one; give another --seed than it had",
    )
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument("--compile", action="store_true", help="torch.compile, for a GPU")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def plan_of(options: argparse.Namespace, objective: str):
    """The plan that the options describe."""
    from zhnlp.training.pretraining.plan import Plan, fitting_warmup

    names = ("layers", "width", "heads", "rows", "length", "learning_rate", "seed", "start")
    warmup = fitting_warmup(options.steps, options.out) if options.warmup is None else options.warmup
    return Plan(objective, warmup=warmup, **{name: getattr(options, name) for name in names})


def sources(options: argparse.Namespace) -> dict[str, Corpus]:
    """The corpora to train on, by name."""
    paths = {name: data_folder() / path for name, path in SOURCES.items()}
    files = file_names(options.texts) if options.texts else paths
    return {name: Corpus.from_paths(path, unit="paragraph") for name, path in files.items()}


def news() -> list[str]:
    """The contents of the public set's broadcast news, which nothing is trained on; none where it is not there."""
    path = data_folder() / "corpora/news.jsonl.xz"
    return list(Corpus.from_paths(path, text_field="content")) if path.exists() else []


def prepared(options: argparse.Namespace) -> Prepared:
    """Vocabulary and token files, made on the first call and kept in ``--data``."""
    return prepare(
        sources(options),
        options.data,
        vocab=vocabulary_of(options.start) if options.start else None,
        word_starts=word_starts(options),
        lexicon=options.lexicon,
        say=lambda line: print(line, file=sys.stderr) if is_main_process() else None,
    )


def word_starts(options: argparse.Namespace) -> Any:
    """What finds the words: jieba itself, or the fast segmenter with a lexicon or jieba's dictionary."""
    if options.jieba:
        return JiebaWords()
    segmenter = make_segmenter(options.lexicon)
    return lambda text: segmenter.spans(text)[0]
