"""Word vectors for domain terms: ours from counts of pairs beside gensim's skip-gram, by time and by what they add.

    python benchmarks/domain_terms_vectors.py --workdir /tmp/terms --cache /tmp/peers      # minutes; gensim takes most
    python benchmarks/domain_terms_vectors.py --domain it --without-gensim --save

Both get the same units: the corpus as `DomainTermMiner` cuts it.  Ours: `train_unit_vectors` (pairs within 5 units, PPMI,
100 singular directions).  gensim: post 6540's settings (peers/run_word2vec.py) on all cores.  Seconds are wall time from
the cut corpus in memory (gensim: read from a file, reading left out) to vectors; ours include the cut.  What gensim made is kept in ``--workdir`` with its seconds.

Then each re-ranks the 30,000 candidates of best contrast that the rules pass, as `zhnlp.mining.terms.semantic` does; scores
against THUOCL as in domain_terms_quality.py.  Each is run once more with the growing cluster of post 6540 as a filter
instead: contrast alone, the members of a cluster grown from the first 140 moved to the front.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from harness.data import news_text
from harness.domains import RANKS, SOURCES, Domain, open_domain
from harness.process import peers_cache
from harness.report import Report, command

from zhnlp.mining.methods import make_method
from zhnlp.mining.rank import default_cut
from zhnlp.mining.score import score_nodes
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.terms.expansion import expand, similarity_at
from zhnlp.mining.terms.lexicon import Lexicon, make_lexicon
from zhnlp.mining.terms.miner import DomainTermMiner
from zhnlp.mining.terms.semantic import UnitVectors, add_meaning, score_meaning, term_rows, train_unit_vectors
from zhnlp.mining.terms.vectors import WordVectors
from zhnlp.mining.terms.word_classes import word_classes

POOL = 30_000  # candidates of best contrast that are asked for their meaning
SEEDS = 140  # of the growing cluster, as many as the post's
SHARE = 0.02  # of pairs of terms whose cosine exceeds the threshold of the growing cluster


def lexicon_of(miner: DomainTermMiner) -> Lexicon:
    """The words that the miner cut its corpus into."""
    symbols, trie, threads = miner.symbols, miner.trie, miner.job.threads
    method = make_method("ngram")
    found = method.find(symbols, trie, threads=threads, progress=miner.progress)
    cut = default_cut(trie, found, method.min_score)
    mined = found.kept[score_nodes(trie, found.kept, found.segments[found.kept]).round(6) >= cut]
    listed = np.flatnonzero(word_classes(trie).listed)
    return make_lexicon(symbols, trie, np.union1d(mined, listed), threads=threads)


def write_units(domain: Domain, miner: DomainTermMiner, lexicon: Lexicon, path: Path) -> None:
    """The cut corpus, a document a line, units between blanks; what is no letter is left out."""
    nodes = np.flatnonzero(lexicon.weights > -np.inf)
    nodes = nodes[nodes > 1]
    weights = np.maximum(lexicon.weights[nodes], -900.0).tolist()
    segmenter = Segmenter(dict(zip(miner.trie.words(nodes), weights)))
    with path.open("w", encoding="utf-8") as file:
        for units in segmenter.segment_lines(domain.text.documents()):
            print(" ".join(unit for unit in units if unit[0].isalnum()), file=file)


def gensim_vectors(
    units: Path, target: Path, cache: Path, miner: DomainTermMiner
) -> tuple[float, UnitVectors]:
    """Seconds of training, and the vectors of those units that are nodes of the trie."""
    from zhnlp.mining.lookup import find_texts

    if not target.exists():
        runner = Path(__file__).parent / "peers" / "run_word2vec.py"
        subprocess.run(
            [str(cache / "gensim" / "bin" / "python"), str(runner), str(units), str(target)], check=True
        )
    with np.load(target, allow_pickle=False) as file:
        words = file["words"].tobytes().decode().split("\n")
        rows, seconds = file["rows"], float(file["facts"][0])
    nodes = find_texts(miner.trie, words)
    known = np.flatnonzero(nodes >= 0)
    _, first = np.unique(nodes[known], return_index=True)
    known = known[np.sort(first)]
    return seconds, UnitVectors(nodes[known], WordVectors([words[i] for i in known], rows[known]))


def cluster_first(words: list[str], rows: np.ndarray) -> tuple[list[str], int]:
    """The words with those first that the growing cluster reaches from the first of them, and how many it reaches."""
    vectors = WordVectors(words, rows)
    grown = expand(vectors, words[:SEEDS], min_similarity=similarity_at(vectors, SHARE))
    inside = set(grown.words)
    return [w for w in words if w in inside] + [w for w in words if w not in inside], len(inside)


def compare(report: Report, name: str, folder: Path, options) -> None:
    """One line a system, for one domain."""
    domain = open_domain(name, folder)
    miner = DomainTermMiner(news_text(folder).path, vectors=False, examples=False, progress=False)
    miner.fit(domain.text.path).freeze()
    everything = miner._select(miner.scores, None).kept
    words = miner.trie.words(miner.candidates.nodes[everything])
    pool, rest = miner.candidates.nodes[everything[:POOL]], words[POOL:]
    words, contrast = words[:POOL], miner.scores[everything[:POOL]]
    lexicon = lexicon_of(miner)

    def add(system: str, ranked: list[str], **facts) -> None:
        report.add(
            task=f"terms of {name}",
            system=system,
            **domain.text.facts(),
            **facts,
            **domain.score(ranked + rest),
        )

    def add_both(system: str, seconds: float, units: UnitVectors) -> None:
        rows = term_rows(miner.trie, pool, *lexicon, units)
        order = np.argsort(-add_meaning(contrast, score_meaning(rows, contrast)), kind="stable")
        add(system, [words[i] for i in order], seconds=round(seconds, 1), units=len(units.nodes))
        filtered, reached = cluster_first(words, rows)
        add(f"{system}, growing cluster first", filtered, reached=reached)

    add("contrast alone", words)
    begin = time.perf_counter()
    units = train_unit_vectors(miner.symbols, miner.trie, *lexicon, threads=miner.job.threads)
    add_both("PPMI-SVD", time.perf_counter() - begin, units)
    if not options.without_gensim:
        text, target = folder / f"{name}_units.txt", folder / f"{name}_word2vec.npz"
        if not target.exists():
            write_units(domain, miner, lexicon, text)
        add_both("gensim skip-gram", *gensim_vectors(text, target, peers_cache(options.cache), miner))


def main() -> int:
    """Compare on the asked domains."""
    parser = command(__doc__)
    parser.add_argument("--domain", choices=SOURCES, nargs="+", default=list(SOURCES))
    parser.add_argument("--cache", type=Path, help="folder of the peers' environments")
    parser.add_argument("--without-gensim", action="store_true")
    options = parser.parse_args()
    report = Report(
        "domain_terms_vectors",
        {
            "task": "task",
            "system": "system",
            "seconds": "seconds",
            "units": "units",
            "in cluster": "reached",
            "AP, %": lambda line: 100 * line["average_precision"],
            **{f"P@{k:,}": f"precision_{k}" for k in RANKS},
        },
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.domain:
            compare(report, name, folder, options)
    report.finish(options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
