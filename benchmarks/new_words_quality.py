"""Quality of mined lexicons: news against the PKU vocabulary, names of a novel, bits per character.

    python benchmarks/new_words_quality.py                            # everything without peers, a minute
    python benchmarks/new_words_quality.py --peers --limit 900 --save

news: contents of the news items, whole; every method at min_count 32 and otherwise its defaults.  Gold: words of 2-4
Han of the PKU training list and gold test that occur 32 times or more in the text (overlapping occurrences, counted in
plain Python); lists are cut to words of 2-4 Han that occur as often, for every system.  ``--peers`` runs each peer at its
own defaults on the same text; one that gives no result within ``--limit`` seconds or ``--address-space`` runs on the first
``--slice`` characters, and so do we, with the gold of that slice by the same rule.

names: names of 2-4 Han of lexicons/sanguo_entity_dict.json that occur 10 times or more in 三国演义; recall of
``WordDiscoverer()``.

information: bits per character of `entropy_report` against plain counting, and joining pairs of units all over the news
against F_ab / l (post 5476).
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from harness import information
from harness.data import news_text, sanguo_text
from harness.lexicons import TOP, News, sanguo_names
from harness.process import PEER_NAMES, compile_first, discover, peers_cache, run_peer
from harness.report import Report, command

METHODS = ("ngram", "min-entropy", "boundary-entropy", "pmi-cut", "lm")
PARTS = ("news", "names", "information")


def news_lines(text, news: News, systems):
    """A line for each (system, record)."""
    for system, record in systems:
        line = {
            "task": "lexicon of news",
            "system": system,
            **text.facts(),
            "min_count_scored": news.min_count,
        }
        if "failed" in record:
            yield {**line, "failed": record["failed"]}
            continue
        quality = news.score([row["word"] for row in record["words"]])
        yield {
            **line,
            "call": record["call"],
            "version": record["version"],
            "cpu_seconds": record["cpu_seconds"],
            **quality,
        }


def ours(text, min_count: int, methods=METHODS):
    """(system, record) of our methods."""
    for method in methods:
        yield f"zhnlp {method}", discover(text.path, method=method, min_count=min_count)


def measure_news(report: Report, folder: Path, options) -> list[str]:
    """Our methods on the whole text, the peers on as much of it as they finish."""
    text = news_text(folder)
    compile_first(text.path)
    news = News(text.documents(), options.min_count)
    for line in news_lines(text, news, ours(text, options.min_count)):
        report.add(**line)
    peers = PEER_NAMES if options.peers == [] else options.peers or ()
    limits = options.limit, options.address_space * 10**9
    failed, notes = [], []
    for peer in peers:
        record = run_peer(peer, text.path, peers_cache(options.cache), *limits)
        for line in news_lines(text, news, [(peer, record)]):
            report.add(**line)
        if "failed" in record:
            failed.append(peer)
            notes.append(f"{peer} on the whole text: {record['failed']}; compared on the slice.")
    if failed:
        text = news_text(folder, options.slice)
        news = News(text.documents(), options.min_count)
        records = [(peer, run_peer(peer, text.path, peers_cache(options.cache), *limits)) for peer in failed]
        for line in news_lines(text, news, [*ours(text, options.min_count, METHODS[:1]), *records]):
            report.add(**line)
    return notes


def measure_names(report: Report, folder: Path) -> None:
    """Recall of the novel's names."""
    text = sanguo_text(folder)
    names = sanguo_names(text.documents(), 10)
    record = discover(text.path)
    found = {row["word"] for row in record["words"]}
    missed = sorted((name for name in names if name not in found), key=names.get, reverse=True)
    report.add(
        task="names of 三国演义",
        system="zhnlp ngram",
        **text.facts(),
        call=record["call"],
        gold=len(names),
        hits=len(names) - len(missed),
        recall=1 - len(missed) / len(names),
        candidates=len(found),
        missed_most_frequent=missed[:30],
    )


def measure_information(report: Report, folder: Path) -> None:
    """Our entropy report against plain counting, on Han characters only and on the text as it is."""
    from zhnlp.mining.discoverer import WordDiscoverer

    documents = news_text(folder).documents()
    stretches = information.han_stretches(documents)
    cases = {
        "Han characters": (stretches, information.bits_per_character("".join(stretches))),
        "text as it is (runs are units)": (
            documents,
            information.bits_per_character(information.characters_and_runs(documents)),
        ),
    }
    for name, (texts, truth) in cases.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = WordDiscoverer(threads=1, examples=False, progress=False).fit(texts)
            found.freeze()
        said = found.entropy_report()
        report.add(
            task=f"bits per character, {name}",
            system="zhnlp ngram",
            bits_per_character=said.characters.bits_per_character,
            truth=truth,
            difference=said.characters.bits_per_character - truth,
            words_bits_per_character=said.words.bits_per_character,
            units=said.characters.units,
        )
    blanks = [character for document in documents for character in document if not character.isspace()]
    report.add(
        task="bits per character, every character but blanks, punctuation too (no counterpart)",
        system="plain counting",
        truth=information.bits_per_character(blanks),
        units=len(blanks),
    )
    measure_joins(report, stretches)


def measure_joins(report: Report, stretches: list[str], joins: int = 8) -> None:
    """Join frequent pairs one after the other; L must fall by F_ab / l each time."""
    from zhnlp.mining.count import count_ngrams
    from zhnlp.mining.encode import encode_texts
    from zhnlp.mining.entropy import entropy_gain, merge_gain

    trie = count_ngrams(encode_texts(stretches), max_length=2)
    units = information.Units(stretches)
    counts, length, before = units.measure()
    worst = worst_trie = 0.0
    for number in range(joins):
        a, b = units.best_pair(3 * number)
        total = sum(counts.values())
        new = units.join(a, b)
        later, later_length, after = units.measure()
        gain = float(merge_gain(later[new], [counts[a], counts[b]], total))
        worst = max(worst, abs(before - after - gain / length))
        if number == 0:  # the trie counts characters, so it knows the first join only
            node = trie.find([trie.alphabet.index[unit] for unit in (a, b)])
            worst_trie = abs(before - after - float(entropy_gain(trie, np.array([node]))[0]) / length)
            first = {"pair": units.spelling[new], "fall_of_L_nats": before - after}
        counts, length, before = later, later_length, after
    report.add(
        task=f"joining {joins} pairs: fall of L less F_ab / l, nats, worst",
        system="merge_gain",
        difference=worst,
        first=first,
        difference_of_entropy_gain=worst_trie,
        characters_a_unit_at_the_end=length,
        within_1e_9=bool(max(worst, worst_trie) < 1e-9),
    )


def main() -> int:
    """Measure the parts that are asked for."""
    parser = command(__doc__)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--min-count", type=int, default=32, help="of news (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", choices=PEER_NAMES, help="run the peers too (all, or these)")
    parser.add_argument(
        "--limit", type=float, default=900, help="seconds of wall time a peer (default: %(default)s)"
    )
    parser.add_argument(
        "--address-space", type=int, default=14, help="10^9 bytes a peer (default: %(default)s)"
    )
    parser.add_argument(
        "--slice", type=int, default=1_000_000, help="characters for peers that fail (default: %(default)s)"
    )
    parser.add_argument(
        "--cache", type=Path, help="folder of the environments (default: $ZHNLP_PEERS, else ~)"
    )
    options = parser.parse_args()
    report = Report(
        "new_words_quality",
        {
            "task": "task",
            "system": "system",
            "characters": "characters",
            "P": "precision",
            "R": "recall",
            "F": "f1",
            "F as given": "f1_as_given",
            f"P top {TOP:,}": f"precision_top_{TOP}",
            "(of)": "top_used",
            "words": "candidates",
            "gold": "gold",
            "bits/char": "bits_per_character",
            "truth": "truth",
            "difference": "difference",
        },
    )
    notes = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        if "news" in options.parts:
            notes = measure_news(report, folder, options)
        if "names" in options.parts:
            measure_names(report, folder)
        if "information" in options.parts:
            measure_information(report, folder)
    report.finish(options.save, *notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
