"""Quality of ranked domain terms against THUOCL: law and IT, beside frequency, jieba TF-IDF, jieba TextRank, C-value.

    python benchmarks/domain_terms_quality.py --workdir /tmp/terms                     # both domains, everything
    python benchmarks/domain_terms_quality.py --domain law --parts ours --save
    python benchmarks/domain_terms_quality.py --parts ours --hand-check                # lists for a person to judge

Domains: law (each law once, in its newest version, titles left out) and IT (LCTT); reference: contents of the news.  Gold:
terms of 2-8 Han of THUOCL's list that occur 5 times or more in the domain's text, as plain substrings.  THUOCL is
incomplete, so precision is a lower bound.  Every list is cut to what gold could have (2-8 Han, 5 occurrences or more) and
to nothing else.

ours: `DomainTermMiner` with its defaults, then the ranking of each of its scorers alone over the same candidates, then
with and without word vectors.  baselines: see harness/jieba_lists.py and harness/c_value.py; tagging with jieba.posseg takes minutes
and is kept in ``--workdir``.

``--hand-check`` writes the terms of our first 100 that THUOCL does not have to results/domain_terms_<domain>_top100.tsv;
put 1 (a term) or 0 into the column "judged".  The share is printed whenever the file is there.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import c_value, jieba_lists
from harness.data import news_text
from harness.domains import (
    MIN_COUNT,
    RANKS,
    SOURCES,
    Domain,
    hand_check_path,
    is_term_like,
    open_domain,
    read_hand_check,
    to_judge,
    write_hand_check,
)
from harness.own_terms import SINGLE, mine_terms
from harness.report import Report, command

PARTS = ("ours", "baselines")
TOP = 100  # of the hand check


def mined_words(domain: Domain) -> dict[str, int]:
    """Words that `WordDiscoverer` finds at its defaults, those gold could have, with their counts."""
    from zhnlp.mining.discoverer import WordDiscoverer

    table = WordDiscoverer(examples=False, progress=False).fit(domain.text.path).freeze()
    return {row["word"]: row["count"] for row in table if is_term_like(row["word"])}


def frequent_ngrams(domain: Domain) -> dict[str, int]:
    """All n-grams of up to 8 symbols with 5 occurrences or more, those gold could have, with their counts."""
    from zhnlp.mining.count import count_ngrams
    from zhnlp.mining.encode import encode_texts

    trie = count_ngrams(encode_texts(domain.text.documents()), max_length=8, min_count=MIN_COUNT)
    nodes = [node for node in range(len(trie.alphabet), len(trie)) if trie.count[node] >= MIN_COUNT]
    return {
        word: count
        for word, count in zip(trie.words(nodes), trie.count[nodes].tolist())
        if is_term_like(word)
    }


def baselines(domain: Domain) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """(name, how to make its ranked list) of every baseline."""
    path = domain.text.path
    words = mined_words(domain)
    yield "mined words by frequency", lambda: jieba_lists.by_frequency(words)
    counts = jieba_lists.cut_words(path)
    yield "jieba words by frequency", lambda: jieba_lists.by_frequency(counts)
    yield "jieba TF-IDF", lambda: jieba_lists.tf_idf(counts)
    tagged = jieba_lists.tag(domain.text)
    yield "jieba TF-IDF, nouns and verbs", lambda: jieba_lists.tf_idf_tagged(tagged)
    yield "jieba TextRank", lambda: jieba_lists.text_rank(tagged)

    def spelled(of: Callable[[], dict]) -> list[str]:
        characters = {tuple(word): count for word, count in of().items()}
        return c_value.ranked(c_value.c_value(characters, c_value.in_characters, MIN_COUNT))

    yield "C-value, mined words", lambda: spelled(lambda: words)
    yield "C-value, all n-grams", lambda: spelled(lambda: frequent_ngrams(domain))
    for name, modifiers in (
        ("noun* noun", ()),
        ("(noun | adjective)* noun", c_value.ADJECTIVES),
        ("(noun | adjective | verb)* noun", c_value.ADJECTIVES + c_value.VERBS),
    ):
        candidates = c_value.tagged_candidates(jieba_lists.tagged_documents(tagged), modifiers)
        for unit, length in (("characters", c_value.in_characters), ("words", c_value.in_words)):
            yield (
                f"C-value, {name}, length in {unit}",
                lambda length=length, candidates=candidates: c_value.ranked(
                    c_value.c_value(candidates, length, MIN_COUNT)
                ),
            )


def measure_ours(report: Report, domain: Domain, reference: Path, judge: bool) -> str:
    """Our rows of a domain; returns what the hand check says."""
    line = {"task": f"terms of {domain.name}", **domain.text.facts(), "part": "ours"}

    def add(system: str, terms: list[str]) -> None:
        report.add(**line, system=f"zhnlp, {system}", **domain.score(terms))

    _, rows = mine_terms(domain.text.path, reference)
    add("default", [row["term"] for row in rows])
    plain, table = mine_terms(domain.text.path, reference, vectors=False)
    add("without word vectors", [row["term"] for row in table])
    for options in ({"rules": []}, {"reference": None}):
        name = "without rules" if "rules" in options else "shipped reference"
        _, table = mine_terms(domain.text.path, **{"reference": reference, **options})
        add(name, [row["term"] for row in table])
    add("without word vectors, all candidates", plain.ranking("log_odds"))
    for scorer in SINGLE:
        add(f"{scorer} alone, all candidates", plain.ranking(scorer))
    path = hand_check_path(domain.name)
    if judge:
        number = write_hand_check(path, to_judge(domain, rows, TOP))
        print(f"{number} terms to judge in {path}", file=sys.stderr)
    return judged_share(domain, rows, path)


def judged_share(domain: Domain, rows: list[dict], path: Path) -> str:
    """What the judged list says of our first 100."""
    asked = [row["term"] for row in to_judge(domain, rows, TOP)]
    marks = read_hand_check(path) if path.is_file() else {}
    judged = [marks[term] for term in asked if term in marks]
    if not judged:
        return f"{domain.name}: the {len(asked)} of our first {TOP} that THUOCL does not have are not judged."
    return (
        f"{domain.name}: of our first {TOP}, {TOP - len(asked)} are in THUOCL; of the other {len(asked)}, {len(judged)} "
        f"are judged and {sum(judged)} ({sum(judged) / len(judged):.0%}) are terms ({path.name})."
    )


def main() -> int:
    """Measure the domains and parts that are asked for."""
    parser = command(__doc__)
    parser.add_argument("--domain", choices=(*SOURCES, "all"), default="all", help="(default: all)")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--hand-check", action="store_true", help="write the lists to judge (judgements made before stay)"
    )
    options = parser.parse_args()
    report = Report(
        "domain_terms_quality",
        {
            "task": "task",
            "system": "system",
            "AP, %": lambda line: 100 * line["average_precision"],
            **{f"P@{k:,}": f"precision_{k}" for k in RANKS},
            **{f"R@{k:,}": f"recall_{k}" for k in RANKS[2:]},
            "recall": "recall",
            "list": "candidates",
            "gold": "gold",
        },
    )
    notes = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workdir or Path(temporary)
        for name in SOURCES if options.domain == "all" else [options.domain]:
            domain = open_domain(name, folder)
            if "ours" in options.parts:
                notes.append(measure_ours(report, domain, news_text(folder).path, options.hand_check))
            if "baselines" in options.parts:
                line = {"task": f"terms of {name}", **domain.text.facts(), "part": "baselines"}
                for system, ranked in baselines(domain):
                    report.add(**line, system=system, **domain.score(ranked()))
            notes.append(margin(report, name))
    report.finish(options.save, *filter(None, notes))
    return 0


def margin(report: Report, name: str) -> str:
    """How far the default lies above the best of everything else on a domain."""
    lines = [line for line in report.lines if line["task"] == f"terms of {name}"]
    ours = next((line for line in lines if line["system"] == "zhnlp, default"), None)
    others = [line for line in lines if line["part"] == "baselines" or " alone, " in line["system"]]
    if ours is None or not others:
        return ""
    said = []
    for title, key in (("average precision", "average_precision"), ("P@1,000", "precision_1000")):
        best = max(others, key=lambda line: line[key])
        said.append(f"{title} {ours[key] / best[key] - 1:+.0%} over {best['system']} ({best[key]:.4f})")
    return f"{name}: the default has {', '.join(said)}."


if __name__ == "__main__":
    sys.exit(main())
