"""Segmentation with a mined lexicon, without labels: F1 on PKU test (SIGHAN 2005) and UD Chinese-GSDSimp.

    python benchmarks/segmentation_pku.py                           # all sets, about two minutes on one core
    python benchmarks/segmentation_pku.py --sets ud-dev --limit 0   # while choosing anything: never look at a test set

Mined: the raw texts of ``--sources`` (the open pre-training texts, the news, and the PKU test text without its labels),
read from the public sets as they are packed.  Systems, all on the same mined words:

jieba, mined words: the protocol of post 6920.  The ``--limit`` words most frequent as segments of the miner's own cut,
with that frequency, in jieba with its dictionary and its HMM off.
jieba, our units: the same protocol with the words that `zhnlp.mining.unit_weights` keeps, and their counts.
zhnlp: the same words with their weights, and single characters with theirs, in `zhnlp.Segmenter`.
zhnlp, no limit: all units (only when ``--limit`` is above 0, and on the UD sets).

``ud-dev-joined`` is UD dev with affixes (SFN, SFV, SFA, PFA) and 年 月 日 behind a number joined to their words, nearer to
the PKU convention; together with ``ud-dev`` it chose the tolls of the units.  PKU test and ud-test chose nothing.

Bars: post 6920, .742 (THUCNews) and .765 (20 GB of WeChat articles), both with 50,000 words in jieba.
Source: 苏剑林, https://kexue.fm/archives/6920
"""

from __future__ import annotations

import hashlib
import logging
import time
from importlib.metadata import version
from pathlib import Path

import jieba
import numpy as np
from harness.data import find
from harness.report import Report, command

from zhnlp.metrics import evaluate_segmentation
from zhnlp.mining.discoverer import WordDiscoverer
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.unit_weights import word_weights
from zhnlp.text import Corpus

SOURCES = (
    "pretrain/open.txt.xz",
    "pretrain/open_general.txt.xz",
    "corpora/news.jsonl.xz",
    "segmentation/pku_test.utf8",
)
UD = "segmentation/ud_gsdsimp/"
SETS = ("pku-test", "ud-dev", "ud-dev-joined", "ud-test")


def segmented(path: Path) -> list[list[str]]:
    """The sentences of a file with blanks between the words."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [line.split() for line in lines if line.strip()]


def affixes_joined(path: Path) -> list[list[str]]:
    """The sentences of a CoNLL-U file, affixes and 年 月 日 behind a number joined to their words."""
    sentences = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line and not line.startswith("#")]
        tokens = [(row[1], row[4]) for row in rows if row[0].isdigit()]
        words, before, glue = [], "", False
        for word, tag in tokens:
            suffix = words and tag in ("SFN", "SFV", "SFA") and before not in (",", ".")
            date = words and word in ("年", "月", "日") and before == "CD"
            if glue or suffix or date:
                words[-1] += word
            else:
                words.append(word)
            before, glue = tag, tag == "PFA"
        if words:
            sentences.append(words)
    return sentences


def gold_of(name: str) -> list[list[str]]:
    """The gold sentences of one of ``SETS``."""
    if name == "pku-test":
        return segmented(find("segmentation/pku_test_gold.utf8"))
    if name == "ud-dev-joined":
        return affixes_joined(find(UD + "zh_gsdsimp-ud-dev.conllu"))
    return segmented(find(f"{UD}{name[3:]}.seg.txt"))


def mine(sources, min_count: int, threads: int | None) -> WordDiscoverer:
    """A frozen discoverer over the raw texts."""
    found = WordDiscoverer(
        min_count=min_count, threads=threads, progress=False, examples=False, reference=None
    )
    for name in sources:
        field = "content" if ".jsonl" in name else None
        found.partial_fit(Corpus.from_paths([find(name)], text_field=field))
    found.freeze()
    return found


def bare_jieba(counts: dict[str, int]) -> jieba.Tokenizer:
    """jieba with nothing but these words."""
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialized = True
    tokenizer.FREQ = {}
    for word, count in counts.items():
        tokenizer.FREQ[word] = max(int(count), 1)
        for end in range(1, len(word)):
            tokenizer.FREQ.setdefault(word[:end], 0)
    tokenizer.total = sum(tokenizer.FREQ.values())
    return tokenizer


def with_jieba(counts: dict[str, int]):
    """A function from a text to its words."""
    tokenizer = bare_jieba(counts)
    return lambda text: tokenizer.lcut(text, HMM=False)


def systems(found: WordDiscoverer, limit: int | None, rounds: int):
    """(name, words of two symbols or more, function from a text to its words) of each system."""
    trie, segments, listed = found.trie, found.candidates.segments, found._words
    options = {"rounds": rounds, "threads": found.job.threads}
    if limit:
        order = np.argsort(-segments[listed], kind="stable")[:limit]
        top = listed[order]
        yield "jieba, mined words", top.size, with_jieba(dict(zip(trie.words(top), segments[top].tolist())))
    units = word_weights(found.symbols, trie, listed, segments, limit=limit, **options)
    words = units.nodes[trie.depth[units.nodes] > 1]
    if limit:
        counts = dict(zip(trie.words(words), units.counts[words].tolist()))
        yield "jieba, our units", words.size, with_jieba(counts)
    segmenter = Segmenter(dict(zip(trie.words(units.nodes), units.weights.tolist())), runs=found.job.runs)
    yield "zhnlp" if limit else "zhnlp, no limit", words.size, segmenter.words


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--sources", nargs="+", default=SOURCES, help="texts to mine, in the public sets")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS, help="gold sets (default: all)")
    parser.add_argument("--min-count", type=int, default=8, help="of the miner (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=50_000, help="words of two symbols or more; 0 for all")
    parser.add_argument("--rounds", type=int, default=3, help="cuts of the corpus (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="of the miner (default: all processors)")
    options = parser.parse_args()
    report = Report(
        "segmentation_pku",
        {"system": "system", "set": "set", "words": "words", "R": "recall", "P": "precision", "F1": "f1"},
    )
    gold = {name: gold_of(name) for name in options.sets}
    begin = time.perf_counter()
    found = mine(options.sources, options.min_count, options.threads)
    facts = {
        "sources": list(options.sources),
        "symbols": found.symbols.total,
        "min_count": options.min_count,
        "rounds": options.rounds,
        "limit": options.limit,
        "threads": found.job.threads,
        "mine_seconds": time.perf_counter() - begin,
        "jieba": version("jieba"),
        "seed": None,  # nothing is drawn by chance
    }
    runs = [(options.limit, options.sets)]
    if options.limit:
        runs.append((0, [name for name in options.sets if name.startswith("ud-")]))
    for limit, names in runs:
        if not names:
            continue
        for system, words, cut in systems(found, limit or None, options.rounds):
            for name in names:
                begin = time.perf_counter()
                predicted = [cut("".join(sentence)) for sentence in gold[name]]
                seconds = time.perf_counter() - begin
                score = evaluate_segmentation(gold[name], predicted)
                kept = {key: score[key] for key in ("f1", "precision", "recall", "true_words", "sentences")}
                digest = hashlib.sha256("\n".join(map(" ".join, gold[name])).encode()).hexdigest()
                report.add(
                    system=system,
                    set=name,
                    words=int(words),
                    **kept,
                    cut_seconds=seconds,
                    gold_sha256=digest,
                    **facts,
                )
    report.finish(
        options.save, "Bars of post 6920 on PKU test: .742 (THUCNews), .765 (20 GB of WeChat articles)."
    )


if __name__ == "__main__":
    main()
