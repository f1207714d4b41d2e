"""Groups of questions that mean the same, joined from the public pairs, and what finds them without learning.

Q queries, N texts, V n-grams.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sentence_sets import plain

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder, lines, stop

from zhnlp.metrics.retrieval import evaluate_ranks, right_ranks
from zhnlp.similarity import Examples, join_pairs
from zhnlp.training.seeds import derive_seed

FILES = (
    "similarity/afqmc/train.jsonl.xz",
    "similarity/simclue/train_pair_1w.jsonl.xz",
    "similarity/simclue/triclue_small_train.jsonl.xz",
)
TESTS = ("similarity/afqmc/dev.jsonl.xz", "similarity/stsb/dev.jsonl.xz", "similarity/stsb/test.jsonl.xz")
MOST = 20  # texts of a group; chains of pairs that grew longer join what nobody called the same
TEST, CHOOSE = 0.2, 0.05  # of the groups


def rows_of(name: str, data: str | Path | None = None) -> Iterator[dict]:
    """The rows of a .jsonl file of the public sets; exits 2 where it is missing."""
    path = data_folder(data) / name
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    yield from map(json.loads, lines(path))


def positive_pairs(data: str | Path | None = None) -> Iterator[tuple[str, str]]:
    """Pairs that mean the same: label 1; of a triple the first and the one that its label names."""
    for name in FILES:
        for row in rows_of(name, data):
            if "sentence_0" in row:
                yield row["sentence_0"], row[f"sentence_{row['label']}"]
            elif int(row["label"]) == 1:
                yield row["sentence1"], row["sentence2"]


def joined(data: str | Path | None = None) -> Examples:
    """Groups of two texts or more; texts that differ in width, capitals, blanks or final marks alone are one.

    A group with a text of another test is left out whole.
    """
    written: dict[str, str] = {}
    pairs = []
    for pair in positive_pairs(data):
        keys = [plain(text) for text in pair]
        if all(keys):
            pairs.append(tuple(keys))
            for key, text in zip(keys, pair):
                written.setdefault(key, text.strip())
    groups = join_pairs(Examples.of("pairs", pairs), most=MOST)
    tests = {
        plain(text)
        for name in TESTS
        if (data_folder(data) / name).is_file()
        for row in rows_of(name, data)
        for text in (row["sentence1"], row["sentence2"])
    }
    known = {label for key, label in zip(groups.columns[0], groups.labels) if key in tests}
    return Examples.of(
        "groups",
        ((label, written[key]) for key, label in zip(groups.columns[0], groups.labels) if label not in known),
    )


def split(groups: Examples, seed: int = 0, limit: int | None = None) -> dict[str, Examples]:
    """Whole groups: ``train``, ``choose`` (the pass) and ``test``; the same for every training, whatever its seed.

    Args:
        limit: groups at most, for a try.
    """
    names = list(dict.fromkeys(groups.labels))
    order = np.random.default_rng(derive_seed(seed, "groups")).permutation(len(names))[:limit].tolist()
    test, choose = (max(2, round(share * len(order))) for share in (TEST, CHOOSE))
    parts = {"test": order[:test], "choose": order[test : test + choose], "train": order[test + choose :]}
    found = {}
    for part, places in parts.items():
        kept = {names[place] for place in places}
        found[part] = groups.take([row for row, label in enumerate(groups.labels) if label in kept])
    return {part: found[part] for part in ("train", "choose", "test")}


# --- without learning --------------------------------------------------------------------------------------------------


def bm25(texts: list[str], k1: float = 1.5, b: float = 0.75) -> tuple[csr_matrix, csr_matrix]:
    """What texts ask (N, V) and what they answer (N, V), of single characters; a score is the product of both.

    Source: Robertson and Zaragoza 2009, https://doi.org/10.1561/1500000019
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counts = CountVectorizer(analyzer="char", lowercase=False).fit_transform(map(plain, texts)).tocsr()
    counts = counts.astype(np.float32)
    length = np.asarray(counts.sum(1)).ravel()
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log(1 + (len(texts) - seen + 0.5) / (seen + 0.5))
    rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
    answers = counts.copy()
    norm = k1 * (1 - b + b * length / length.mean())
    answers.data = idf[counts.indices] * counts.data * (k1 + 1) / (counts.data + norm[rows])
    return counts, answers


def tf_idf(texts: list[str]) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF (N, V) of 1- to 3-grams, twice: its cosines are the scores."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True)
    found = made.fit_transform(map(plain, texts)).tocsr()
    return found, found


BASELINES: dict[str, Callable[[list[str]], tuple[csr_matrix, csr_matrix]]] = {"bm25": bm25, "tf-idf": tf_idf}


def evaluate_sparse(asked: csr_matrix, answers: csr_matrix, groups: list[Any], block: int = 1024) -> dict:
    """`zhnlp.metrics.evaluate_retrieval` of sparse vectors: every text a query against all others."""
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    ranks = []
    for begin in range(0, len(labels), block):
        own = np.arange(begin, min(begin + block, len(labels)))
        scores = (asked[own] @ answers.T).toarray()
        ranks.append(right_ranks(scores, labels[own, None] == labels, own))
    return evaluate_ranks(np.concatenate(ranks))
