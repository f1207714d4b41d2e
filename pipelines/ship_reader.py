"""The reader that ships: a trained row of train_reader.py in 8 bits, scored once more, with its card.

    python pipelines/train_reader.py --rows cloze                      # half an hour of one core
    python pipelines/ship_reader.py --reader workdir/train_reader/cloze-10142-14-0 --out workdir/zhnlp-reader-small

What it learnt from is openly licensed: CMRC2018 train and questions made of open text.  Scores are those of the 8-bit folder on
CMRC2018 dev, alone; `multi_passage.py --models FOLDER` has those among other passages.

Public sets: reading/cmrc2018 (ZHNLP_DATA, else ../shared/data).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from title_jobs import count
from train_reader import CLOZE_PASSES, questions
from train_title import seconds_of

from zhnlp.checkpoints.card import write_card
from zhnlp.reading import PassageReader
from zhnlp.training.pretraining.hardware import hardware

LICENCE = "CC BY-SA 4.0"
DATA = (
    "CMRC 2018, the 10,142 questions of train (CC BY-SA 4.0), half of them beside three near passages of others; before that 20,000 questions "
    "made of openly licensed text (a clause with a date, number, title or rare word taken out; statutes, Apache-2.0, MIT, CC BY, "
    "CC BY-SA, CC0, public domain). Word vectors of 40 M characters of the same text and of the passages."
)
LIMITS = (
    "It finds the part of a passage that looks most like an answer to the question: by shared words, by kinds of answers (dates, "
    "numbers, names) and by words of like meaning, without logic or knowledge of its own. It was taught on encyclopedia articles; "
    "train on questions of your own where passages are of another kind: zhnlp train reader. Three in five of its answers on CMRC 2018 are "
    "not exactly those of people. Simplified characters, 512 at once, longer passages in windows."
)


def card(folder: Path, scores: dict[str, float], facts: dict[str, Any]) -> None:
    """README.md of the folder."""
    rows = "\n".join(f"| {name} | {value:.2f} |" for name, value in scores.items())
    fields = {
        "language": "zh",
        "library_name": "zhnlp",
        "task": "reading-comprehension",
        "licence": LICENCE,
        "data": DATA,
        **facts,
        "scores": scores,
        "limits": LIMITS,
    }
    write_card(
        folder,
        fields,
        f"# {folder.name}\n\nDGCNN of post 6906 (gated dilated convolutions, {facts['parameters'] / 1e6:.1f} M weights that learnt) with word "
        "vectors, hand features and coverage of the question, trained by pipelines/train_reader.py --rows cloze.\n\n"
        f'```python\nfrom zhnlp import pipeline\n\npipeline("reading-comprehension")(question=question, passages=passages)["answer"]\n```\n\n'
        f"| CMRC 2018 dev, own passage | |\n|---|---|\n{rows}\n\n**Data.** {DATA}\n\n**Limits.** {LIMITS}",
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--reader", type=Path, required=True, help="folder of a trained row, such as cloze-10142-14-0")
    add("--out", type=Path, required=True, help="folder to write")
    add("--limit", type=count, help="questions of dev at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    return made


def main() -> None:
    """Write, score, describe."""
    options = parser().parse_args()
    reader = PassageReader(options.reader)
    reader.save(options.out, int8=True)
    dev = questions("dev", options.data, options.limit)
    found = PassageReader(options.out).evaluate(dev)
    row, train, epochs, seed = options.reader.name.rsplit("-", 3)
    trainings = [options.reader, *options.reader.parent.glob(f"cloze-[0-9]*-{train}-{seed}")]
    network = reader.engines[0].network
    facts = {
        "tokens": round(256 * (float(epochs) * int(train) + CLOZE_PASSES * (20_000 + int(train)))),
        "seconds": sum(seconds_of(folder) for folder in trainings),
        "hardware": hardware("cpu"),
        "seed": int(seed),
        "parameters": sum(one.numel() for one in network.parameters() if one.requires_grad),
    }
    scores = {name: round(100 * found[name], 2) for name in ("em", "f1")}
    card(options.out, scores, facts)
    print(json.dumps({"row": row, **scores, "questions": found["questions"]}))
    size = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"{options.out}: {size / 1e6:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
