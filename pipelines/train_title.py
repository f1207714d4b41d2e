"""Train a title generator on openly licensed articles: the recipe of ``zhnlp-title-small``.

    python pipelines/train_title.py --out workdir/title                 # an hour or two of one core; run again to continue
    python pipelines/train_title.py --out workdir/try --limit 200 --gaps 200 --epochs 1          # to try
    python pipelines/train_title.py --out workdir/plain --gaps 0 --clauses 0    # of titles alone

First the shipped masked model practises on sentences taken out of articles (PEGASUS), then it learns the titles of statutes,
IT articles, manuals and recipes (see corpora/titles.py), and among them to copy the key clause of other text, so that it has
something to say of a story.  300 of the titles choose the pass that is kept.  What is written at the end, int8 weights with a
card, is scored on articles that were held out, beside their lead sentence.

Source: https://kexue.fm/archives/6933 (UniLM), https://kexue.fm/archives/8209 (the practice)
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from few_shot_jobs import sample
from gap_sentences import gap_pairs, key_clause
from title_baselines import lead, lead_cut
from title_jobs import count

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from pretrain import documents
from public_data import data_folder, lines
from titles import HELD_OUT, KINDS, Titled, titled

from zhnlp.checkpoints.card import write_card
from zhnlp.metrics import evaluate_titles
from zhnlp.seq2seq import TitleGenerator
from zhnlp.text.holdout import held_out
from zhnlp.training.pretraining.hardware import hardware

NAME = "zhnlp-title-small"
CHOOSE = 300  # training pairs that choose the pass
ABSTRACTS = "titles/csl/merged.dev.jsonl.xz"  # a test set whose records the pre-training text has too
DATA = (
    "{pairs:,} statutes, Linux and open-source articles, manuals and recipes with their titles, openly licensed (statutes, "
    "Apache-2.0, MIT, CC BY, CC0), and {clauses:,} other texts with their key clause in place of a title; before that {gaps:,} sentences taken out of openly licensed text, to be written from the "
    "rest; begun from zhnlp-mlm-small. One document in twenty was held out."
)
LIMITS = (
    "Small: it takes titles from the beginning of a text, gets names and numbers wrong at times, and writes what statutes, IT "
    "articles and manuals are called. Of other text (news, abstracts, stories) it mostly copies a clause: fine-tune it on some "
    "hundred pairs of your own. Simplified characters. What it writes is to be read before it is used."
)


def untitled(data: str | None, heads: set[str]) -> Iterator[str]:
    """Documents that do not begin with a title of ``heads``; none that is held out here or is a record of a test set."""
    folder = data_folder(data)
    tests = {json.loads(line)["title"].strip() for line in lines(folder / ABSTRACTS)}
    for name in ("open", "open_general"):
        for document in documents(folder / f"pretrain/{name}.txt.xz"):
            first = document.partition("\n")[0].strip()
            if first not in tests and first not in heads and not held_out(document, HELD_OUT):
                yield document


def practice(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Gap sentences of ``--gaps`` documents."""
    found = list(gap_pairs(untitled(options.data, set())))
    return [found[number] for number in sample(found, options.gaps, options.seed)]


def clauses(options: argparse.Namespace, heads: set[str]) -> list[tuple[str, str]]:
    """``--clauses`` documents with their key clause in place of a title."""
    found = [
        (document, clause) for document in untitled(options.data, heads) if (clause := key_clause(document))
    ]
    return [found[number] for number in sample(found, options.clauses, options.seed)]


def train(
    options: argparse.Namespace, pairs: list[tuple[str, str]], more: list[tuple[str, str]]
) -> TitleGenerator:
    """Practise, then learn ``pairs`` and ``more``; both go on where they were."""
    common = {"max_source": options.max_source, "max_target": options.max_target, "seed": options.seed}
    begin = options.model
    if options.gaps:
        begin = options.out / "practice"
        if not (begin / "titles.json").is_file():
            made = TitleGenerator(options.model, **common)
            made.fit(practice(options), valid=False, epochs=1, out=options.out / "practice.training")
            made.save(begin)
    made = TitleGenerator(begin, **common)
    made.fit(
        [*pairs[CHOOSE:], *more],
        pairs[:CHOOSE],
        out=options.out / "training",
        epochs=options.epochs,
        patience=options.patience,
    )
    return made


def seconds_of(out: Path) -> int:
    """Seconds of both trainings, from their logs; the clock of each starts anew where a killed one goes on."""
    total = 0.0
    for log in sorted(out.glob("*/log.jsonl")):
        entries = map(json.loads, log.read_text("utf-8").splitlines())
        clocks = [entry["seconds"] for entry in entries if "seconds" in entry]
        total += sum(last for last, following in zip(clocks, [*clocks[1:], 0.0]) if following < last)
    return round(total)


def scores(made: TitleGenerator, held: list[Titled], beams: int) -> dict[str, dict[str, float]]:
    """ROUGE-L, ROUGE-1, ROUGE-2 and BLEU of the titles and of the lead, by kind of text, in per cent."""
    written = [one["title"] for one in made.generate([one.text for one in held], num_beams=beams)]
    found = {}
    groups = {kind: [one.kind == kind for one in held] for kind in KINDS}
    groups |= {"all": [True] * len(held), "unread": [one.unread for one in held]}
    for group, chosen in groups.items():
        rows = [number for number, wanted in enumerate(chosen) if wanted]
        if not rows:
            continue
        right, read = [held[row].title for row in rows], [held[row].text for row in rows]
        ways = {
            NAME: [written[row] for row in rows],
            "lead": [lead(text) for text in read],
            "lead-cut": [lead_cut(text, len(title)) for text, title in zip(read, right)],
        }
        for way, titles in ways.items():
            line = evaluate_titles(titles, right, read)
            found[f"{group}, {way}"] = {
                name: round(100 * line[name], 2) for name in ("rouge_l", "rouge_1", "rouge_2", "bleu")
            } | {
                "texts": len(rows),
                "interval": [round(100 * end, 1) for end in line["intervals"]["rouge_l"]],
            }
    return found


def card(folder: Path, made: TitleGenerator, facts: dict, found: dict) -> None:
    """README.md of the folder."""
    fields = {
        "language": "zh",
        "library_name": "zhnlp",
        "task": "title-generation",
        "licence": "Apache-2.0",
        "data": DATA.format(**facts),
        **{
            name: facts[name]
            for name in ("tokens", "seconds", "hardware", "seed", "epochs", "gaps", "pairs", "clauses")
        },
        "scores": {
            f"rouge_l_{group}": found[f"{group}, {NAME}"]["rouge_l"]
            for group in (*KINDS, "all")
            if f"{group}, {NAME}" in found
        },
        "limits": LIMITS,
    }
    rows = "\n".join(
        f"| {name} | {line['texts']} | {line['rouge_l']} | {line['rouge_1']} | {line['rouge_2']} | {line['bleu']} |"
        for name, line in found.items()
    )
    write_card(
        folder,
        fields,
        f"# {folder.name}\n\nA masked language model that writes titles (UniLM), trained by pipelines/train_title.py; "
        f"{made.max_source} tokens of an article are read.\n\n"
        f'```python\nfrom zhnlp import pipeline\n\npipeline("title-generation", model="{folder.name}")(article)["title"]\n```\n\n'
        f"| held-out articles | texts | ROUGE-L | ROUGE-1 | ROUGE-2 | BLEU |\n|---|---|---|---|---|---|\n{rows}\n\n"
        f"Beam {facts['beams']}, characters as post 6933 counts them. lead-cut is as long as the right title. unread: those of the "
        "held-out articles that zhnlp-mlm-small has not read in its pre-training either; the others it has read as plain text, title "
        f"and all.\n\n**Data.** {fields['data']}\n\n**Limits.** {LIMITS}",
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--out", type=Path, required=True, help="folder of trainings and of the model; run again to continue")
    add("--model", default="zhnlp-mlm-small", help="masked model to begin from (default: %(default)s)")
    add("--gaps", type=int, default=12_000, help="sentences to practise on; 0: none (default: %(default)s)")
    add("--clauses", type=int, default=5_000, help="key clauses to copy; 0: none (default: %(default)s)")
    add("--epochs", type=float, default=5, help="passes over the titles at most (default: %(default)s)")
    add("--patience", type=int, default=2, help="passes without a better ROUGE-L before the end")
    add("--max-source", type=int, default=192, help="tokens of an article (default: %(default)s)")
    add("--max-target", type=int, default=40, help="tokens of a title (default: %(default)s)")
    add("--beams", type=int, default=3, help="of the scores (default: %(default)s)")
    add("--limit", type=count, help="articles to train on, and to score, at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--seed", type=int, default=0)
    return made


def main() -> None:
    """Train, write the folder that ships, score it."""
    options = parser().parse_args()
    rows = list(titled(options.data))
    known = [(one.text, one.title) for one in rows if not one.held_out]
    random.Random(options.seed).shuffle(known)
    held = [one for one in rows if one.held_out]
    known = known[: CHOOSE + options.limit if options.limit else None]
    held = [held[number] for number in sample(held, options.limit, options.seed)]
    more = clauses(options, {one.title for one in rows}) if options.clauses else []
    made = train(options, known, more)
    folder = made.save(options.out / NAME, int8=True)
    read = sum(
        len(source.ids) + len(target) for source, target in made.engine.pairs(*zip(*known[CHOOSE:], *more))
    )
    facts = {
        "pairs": len(known) - CHOOSE,
        "gaps": options.gaps,
        "clauses": len(more),
        "epochs": len(made.history_),
        "tokens": read * len(made.history_) + options.gaps * options.max_source,
        "seconds": seconds_of(options.out),
        "hardware": hardware("cpu"),
        "seed": options.seed,
        "beams": options.beams,
    }
    found = scores(TitleGenerator(folder), held, options.beams)
    card(folder, made, facts, found)
    for name, line in found.items():
        print(json.dumps({"row": name, **line}))
    print(folder)


if __name__ == "__main__":
    main()
