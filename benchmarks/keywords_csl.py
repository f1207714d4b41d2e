"""Keywords of Chinese abstracts, without labels at run time: F1 at 5 against those the authors gave (CSL).

    python benchmarks/keywords_csl.py                # all systems, first 500, last 500 and all 1,000 records; a minute
    python benchmarks/keywords_csl.py --part first   # while choosing anything: never look at the last 500
    python benchmarks/keywords_csl.py --fit          # the weights of the signals, from the first 500 alone

Data: ``titles/csl/merged.dev.jsonl.xz`` of the public sets, 1,000 records; only the abstract is read, the title never.
A keyword counts when it equals a gold keyword after folding the width and lowering the case (`evaluate_keywords`); F1 is
the mean over documents (macro), micro beside it.

Systems: jieba's TF-IDF and TextRank with their defaults, then the fairest variants of each (their noun tags, IDF of the
collection itself, overlong lists cut to five); ours with what ships (``statistics=None``), and ours after
``fit(abstracts)``, which learns document frequencies from the 1,000 abstracts without labels.  The ceiling takes the gold
keywords that occur in the abstract, and those among our candidates.

The weights of the signals were fitted on the first 500 records (see ``--fit``), half with and half without a
collection; ``cross`` rows are four-fold cross-validation within these, and in ``signs only`` every signal weighs the same.
Bar: 15 % relative above jieba.
"""

from __future__ import annotations

import hashlib
import logging
import math
import tempfile
import time
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import jieba
import jieba.analyse
import numpy as np
from harness.data import find, records
from harness.report import Report, command

from zhnlp.metrics.keywords import evaluate_keywords
from zhnlp.mining.terms.keywords.candidates import find_candidates
from zhnlp.mining.terms.keywords.ranking import choose
from zhnlp.mining.terms.keywords.signals import NAMES, WEIGHTS, signals
from zhnlp.mining.terms.keywords.words import split_words
from zhnlp.tasks.keywords import Keywords
from zhnlp.text import fold_width

CSL = "titles/csl/merged.dev.jsonl.xz"
HALF = 500
TOP = 5
NOUNS = ("n", "nz", "ns", "nr", "nt", "vn", "l", "eng")
PENALTY = 20.0  # on the squares of the weights of standardised signals


def folded(text: str) -> str:
    return fold_width(text).text.lower().strip()


def jieba_systems(abstracts: list[str], folder: Path):
    """(name, function from an abstract to its keywords) of each baseline."""
    jieba.setLogLevel(logging.ERROR)
    from jieba.analyse import TFIDF, TextRank

    yield "jieba TF-IDF", lambda text: jieba.analyse.extract_tags(text, topK=TOP)
    yield "jieba TextRank", lambda text: jieba.analyse.textrank(text, topK=TOP)
    yield "jieba TF-IDF, nouns", lambda text: jieba.analyse.extract_tags(text, topK=TOP, allowPOS=NOUNS)
    yield "jieba TextRank, nouns", lambda text: jieba.analyse.textrank(text, topK=TOP, allowPOS=NOUNS)
    documents = Counter(word for text in abstracts for word in set(jieba.lcut(text)) if word.strip())
    rows = (f"{word} {math.log(len(abstracts) / (1 + count)):.6f}" for word, count in documents.items())
    path = folder / "idf.txt"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    own = TFIDF(str(path))
    yield "jieba TF-IDF, IDF of the collection", lambda text: own.extract_tags(text, topK=TOP)
    wide = TextRank()
    wide.span = 10
    yield "jieba TextRank, span 10", lambda text: wide.textrank(text, topK=TOP, allowPOS=NOUNS)


def our_systems(abstracts: list[str]):
    """(name, function from an abstract to its keywords) of ours."""
    for name, learn in (("zhnlp", False), ("zhnlp, fit(abstracts)", True)):
        pipe = Keywords(top=TOP)
        if learn:
            pipe.fit(abstracts)
        pipe(abstracts[0])
        yield name, lambda text, pipe=pipe: [row["term"] for row in pipe(text)]


def ceilings(abstracts: list[str], gold: list[list[str]]):
    """(name, keywords of each document) of a system that knows the gold keywords and may only take what is there."""
    there = [[word for word in words if folded(word) in folded(text)] for text, words in zip(abstracts, gold)]
    yield "ceiling: gold that occurs", there
    found = [set(find_candidates(split_words(text)).keys) for text in abstracts]
    listed = [
        [word for word in words if folded(word).replace(" ", "") in {key.replace(" ", "") for key in keys}]
        for words, keys in zip(there, found)
    ]
    yield "ceiling: gold among our candidates", listed


class Examples:
    """Signals of the candidates of some abstracts, with and without a collection, and which are gold."""

    def __init__(self, abstracts: list[str], gold: list[list[str]]):
        backgrounds = [Keywords().extractor.background, Keywords().fit(abstracts).extractor.background]
        cut = [split_words(text) for text in abstracts]
        self.found = [find_candidates(words) for words in cut]
        self.signals = [
            [signals(*pair, background) for pair in zip(cut, self.found)] for background in backgrounds
        ]
        self.right = [
            np.array([key in set(map(folded, words)) for key in found.keys], float)
            for found, words in zip(self.found, gold)
        ]

    def fit(self, chosen: list[int]) -> np.ndarray:
        """Weights that make the gold candidates of each abstract most likely, -Σ ln softmax + PENALTY |w|²."""
        from scipy.optimize import minimize

        chosen = [i for i in chosen if len(self.right[i])]
        matrix = np.concatenate([rows[i] for rows in self.signals for i in chosen])
        right = np.concatenate([self.right[i] for _ in self.signals for i in chosen])
        sizes = np.array([len(self.right[i]) for _ in self.signals for i in chosen])
        scale = matrix.std(axis=0)
        scale[scale < 1e-9] = 1.0
        matrix = matrix / scale
        begin = np.cumsum(sizes) - sizes
        hits = np.add.reduceat(right, begin)

        def loss(weights):
            scores = matrix @ weights
            most = np.maximum.reduceat(scores, begin)
            shares = np.exp(scores - np.repeat(most, sizes))
            sums = np.add.reduceat(shares, begin)
            expected = np.repeat(hits / sums, sizes) * shares
            value = (hits * (np.log(sums) + most)).sum() - right @ scores + PENALTY * weights @ weights
            return value, matrix.T @ (expected - right) + 2 * PENALTY * weights

        start = np.zeros(matrix.shape[1])
        return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80}).x / scale

    def keywords(self, which: int, i: int, weights: np.ndarray) -> list[str]:
        """The keywords of one abstract under other weights."""
        found = self.found[i]
        return [
            found.keys[k] for k, _ in choose(found.keys, found.count, self.signals[which][i] @ weights, TOP)
        ]

    def bias(self, weights: np.ndarray) -> float:
        """What makes the scores, taken as chances, add up to the number of gold keywords found."""
        scores, right = np.concatenate(self.signals[0]) @ weights, np.concatenate(self.right).sum()
        low, high = -20.0, 20.0
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (
                (low, middle) if (1 / (1 + np.exp(-scores - middle))).sum() > right else (middle, high)
            )
        return low


def cross_validated(examples: Examples, folds: int = 4):
    """(name, keywords of each document) with weights that never saw the document."""
    size = len(examples.found)
    weights = [examples.fit([i for i in range(size) if i % folds != fold]) for fold in range(folds)]
    for which, name in enumerate(("zhnlp, cross", "zhnlp, fit(abstracts), cross")):
        yield name, [examples.keywords(which, i, weights[i % folds]) for i in range(size)]


def signs_only(examples: Examples) -> list[list[str]]:
    """Keywords when every signal weighs the same, for or against: what the fitted sizes of the weights bring."""
    scale = np.concatenate(examples.signals[0]).std(axis=0)
    weights = np.sign(list(WEIGHTS.values())) / np.where(scale > 1e-9, scale, np.inf)
    return [examples.keywords(0, i, weights) for i in range(len(examples.found))]


def show_weights(examples: Examples) -> None:
    """Print the weights of the first half as they stand in zhnlp/mining/terms/keywords/signals.py."""
    weights = np.round(examples.fit(list(range(HALF))), 2)
    for name, weight in zip(NAMES, weights):
        kept = WEIGHTS[name] if name == "listed" else weight  # no table of terms here
        print(f'    "{name}": {kept + 0:g},')
    print(f"BIAS = {examples.bias(weights):.2f}")


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--part", choices=("first", "all"), default="all", help="records to score")
    parser.add_argument(
        "--fit", action="store_true", help="fit the weights on the first 500 records, print them"
    )
    options = parser.parse_args()
    rows = list(records(find(CSL), "abstract"))
    abstracts = [row["abstract"] for row in rows]
    gold = [row["keywords"] for row in rows]
    if options.fit:
        show_weights(Examples(abstracts[:HALF], gold[:HALF]))
        return
    parts = {"first 500": slice(0, HALF)}
    if options.part == "all":
        parts |= {"last 500": slice(HALF, None), "all": slice(None)}
    report = Report(
        "keywords_csl",
        {
            "system": "system",
            "records": "part",
            "F1 at 5": "f1",
            "P": "precision",
            "R": "recall",
            "micro F1": "micro_f1",
            "over jieba TF-IDF": "gain",
            "ms a text": "milliseconds",
        },
    )
    facts = {
        "data": CSL,
        "data_sha256": hashlib.sha256("\n".join(abstracts).encode()).hexdigest(),
        "jieba": version("jieba"),
        "seed": None,  # nothing is drawn by chance
    }
    base: dict[str, float] = {}

    def add(name, predicted, seconds, *, only=None):
        for part, which in parts.items():
            if only in (None, part):
                score = evaluate_keywords(predicted[which], gold[which], k=TOP)
                base.setdefault(part, score["f1"])  # the first system is jieba's TF-IDF
                gain = f"{score['f1'] / base[part] - 1:+.0%}"
                speed = seconds and {
                    "milliseconds": 1000 * seconds / len(predicted),
                    "texts_per_second": len(predicted) / seconds,
                    "characters_per_second": sum(map(len, abstracts)) / seconds,
                }
                report.add(system=name, part=part, **score, gain=gain, **(speed or {}), **facts)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for systems in (jieba_systems(abstracts, Path(folder)), our_systems(abstracts)):
            for name, extract in systems:
                extract(abstracts[0])
                begin = time.process_time()
                predicted = [extract(text) for text in abstracts]
                add(name, predicted, time.process_time() - begin)
        for name, predicted in cross_validated(Examples(abstracts[:HALF], gold[:HALF])):
            add(name, predicted, None, only="first 500")
        if options.part == "all":
            add("zhnlp, signs only", signs_only(Examples(abstracts, gold)), None)
        for name, predicted in ceilings(abstracts, gold):
            add(name, predicted, None)
    report.finish(options.save, "ms a text: processor time of one core.")


if __name__ == "__main__":
    main()
