"""New-word discovery beside four peers from PyPI: same text, same machine, one after the other.

    python benchmarks/new_words_peers.py --cache /path/to/environments      # 1 M characters of news, minutes
    python benchmarks/new_words_peers.py --characters 1000000 8500000 --limit 900 --save

The environments come from benchmarks/peers/environments.py.  Every tool runs in its own process at its own defaults:
ours is ``WordDiscoverer(threads=1).fit(path).freeze()``, once as a fresh process that loads its machine code from disk
within the measured time ("÷ fresh"; the code was compiled before, as on every run but the first), once with the code
loaded on a small slice before ("÷ loaded").  CPU seconds go from opening the file to the ranked list, "with imports" adds
importing the tool; the peak is above that of the started interpreter, imports included, for every tool.  A tool without a result within ``--limit`` seconds or ``--address-space``
bytes is a row that says so.

The quality columns are those of new_words_quality.py (news): words of 2-4 Han that occur ``--min-count`` times or more,
against the PKU vocabulary's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness.data import news_text
from harness.lexicons import TOP, News
from harness.process import PEER_NAMES, compile_first, discover, peers_cache, run_peer
from harness.report import Report, command

MB = 1 << 20


def rows(text, options):
    """(system, record) of every tool, ours first."""
    yield "zhnlp", discover(text.path, limit=options.limit)
    yield "zhnlp, code loaded", discover(text.path, limit=options.limit, warm=True)
    for peer in options.peers:
        yield (
            peer,
            run_peer(
                peer, text.path, peers_cache(options.cache), options.limit, options.address_space * 10**9
            ),
        )


def line_of(system: str, record: dict, text, news: News) -> dict:
    """A result line; without figures where the tool gave no result."""
    line = {"task": "new words", "system": system, **text.facts(), "min_count_scored": news.min_count}
    if "failed" in record:
        return {**line, "failed": record["failed"], "wall_seconds": record.get("wall_seconds")}
    names = (
        "call",
        "version",
        "cpu_seconds",
        "cpu_seconds_with_imports",
        "wall_seconds",
        "words_found",
        "patches",
    )
    peak = record["peak_rss_above_interpreter_mb"] * MB
    quality = news.score([row["word"] for row in record["words"]])
    return {
        **line,
        **{name: record[name] for name in names},
        "m_characters_per_cpu_second": text.characters / record["cpu_seconds"] / 1e6,
        "peak_bytes_above_interpreter": peak,
        "peak_mb": peak / 1e6,
        "bytes_per_character": peak / text.characters,
        **quality,
    }


def ratios(line: dict, lines: dict) -> dict:
    """What a tool takes, in multiples of what ours takes."""
    fresh, loaded = lines["zhnlp"], lines.get("zhnlp, code loaded", {})
    wanted = {
        "cpu_ratio": (fresh, "cpu_seconds"),
        "cpu_ratio_loaded": (loaded, "cpu_seconds"),
        "cpu_ratio_with_imports": (fresh, "cpu_seconds_with_imports"),
        "memory_ratio": (fresh, "peak_mb"),
    }
    return {name: line[key] / ours[key] for name, (ours, key) in wanted.items() if key in ours}


def main() -> int:
    """Measure every tool at each size."""
    parser = command(__doc__)
    parser.add_argument("--characters", type=int, nargs="*", default=[1_000_000], help="sizes; 0 is all news")
    parser.add_argument(
        "--limit", type=float, default=900, help="seconds of wall time a tool (default: %(default)s)"
    )
    parser.add_argument(
        "--address-space",
        type=int,
        default=14,
        help="10^9 bytes of address space a peer (default: %(default)s)",
    )
    parser.add_argument(
        "--min-count", type=int, default=32, help="occurrences of scored words (default: %(default)s)"
    )
    parser.add_argument("--peers", nargs="*", default=list(PEER_NAMES), choices=PEER_NAMES)
    parser.add_argument(
        "--cache", type=Path, help="folder of the environments (default: $ZHNLP_PEERS, else ~)"
    )
    options = parser.parse_args()
    report = Report(
        "new_words_peers",
        {
            "system": "system",
            "characters": "characters",
            "CPU s": "cpu_seconds",
            "with imports": "cpu_seconds_with_imports",
            "CPU ÷ loaded": "cpu_ratio_loaded",
            "CPU ÷ fresh": "cpu_ratio",
            "with imports ÷ fresh": "cpu_ratio_with_imports",
            "peak MB": "peak_mb",
            "peak ÷ fresh": "memory_ratio",
            "words": "words_found",
            "P": "precision",
            "R": "recall",
            "F": "f1",
            f"P top {TOP:,}": f"precision_top_{TOP}",
            "load": "load_1min",
        },
    )
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        for size in options.characters:
            text = news_text(options.workdir or Path(temporary), size or None)
            news = News(text.documents(), options.min_count)
            compile_first(text.path)
            lines = {}
            for system, record in rows(text, options):
                line = lines[system] = line_of(system, record, text, news)
                if "failed" in line:
                    failures.append(f"{system} at {text.characters:,} characters: {line['failed']}")
                else:
                    line.update(ratios(line, lines))
                report.add(**line)
    report.finish(
        options.save,
        f"P, R, F: words of 2-4 Han occurring ≥ {options.min_count} times, against the PKU training and test vocabulary that "
        f"occurs as often; P top {TOP:,}: first {TOP:,} of a tool's words of 2-4 Han (all, where it has fewer) against that "
        "vocabulary ∪ jiagu's dictionary.",
        *failures,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
