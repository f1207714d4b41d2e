"""Vectors of single characters, weighed by openly licensed text: the recipe of ``zhnlp-sentence-small``.

    python pipelines/character_vectors.py --out workdir/character-vectors            # a minute of one core
    python pipelines/character_vectors.py --out workdir/try --texts 400              # to try

Each setting of `CharacterNgramEncoder` below learns how rare n-grams are from the same open sentences, without those of any test or
development set.  Spearman's correlation on STS-B dev chooses among them, no label is looked at otherwise; the chosen one is
scored on the tests once and written with its card.  A network trained without labels (`train_sentence.py`) has to beat it there
before it ships in its place.

Public sets: pretrain/, similarity/ (ZHNLP_DATA, else ../shared/data).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from few_shot_jobs import table
from sentence_sets import kept_out, open_sentences
from title_jobs import count
from train_sentence import DEV, NAME, SCORED, labelled, spearman

from zhnlp.checkpoints.card import write_card
from zhnlp.similarity import CharacterNgramEncoder
from zhnlp.training.pretraining.hardware import hardware

SETTINGS: list[dict[str, Any]] = [
    *({"longest": longest, "dimensions": 1024} for longest in (1, 2, 3)),
    {"longest": 1, "dimensions": 512},
    {"longest": 1, "dimensions": 512, "projection": "svd"},
    {"longest": 1, "dimensions": 512, "projection": "svd", "whiten": True},
]  # of no more numbers than 1,024: an index of a million questions holds them all
LICENCE = "Apache-2.0"
DATA = (
    "How rare characters are in {texts:,} sentences of openly licensed Chinese (statutes, Apache-2.0, MIT, CC BY, CC BY-SA, CC0, public "
    "domain). Texts of test and development sets were left out."
)
LIMITS = (
    "It compares characters, the rare ones first, and knows neither synonyms nor the order of words: sentences that say the same in "
    "other words are far apart, a sentence and its negation are near. Train an encoder for questions of your own: zhnlp train similarity."
)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--out", type=Path, required=True, help="folder in which the encoder is written")
    add("--texts", type=count, default=60_000, help="open sentences (default: %(default)s)")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--seed", type=int, default=0)
    return made


def main() -> None:
    """Learn all settings, choose, write, score."""
    options = parser().parse_args()
    begin = time.process_time()
    texts, _ = open_sentences(options.data, options.texts, kept_out(options.data), options.seed)
    dev, found = labelled("stsb_dev", options.data), []
    for settings in SETTINGS:
        settings = {
            **settings,
            "dimensions": min(settings["dimensions"], max(1, len(texts) // 8)),
        }  # few in a try
        made = CharacterNgramEncoder(seed=options.seed, **settings).fit(texts)
        found.append((spearman(made, dev), settings, made))
        print(json.dumps({**settings, "spearman_stsb_dev": round(found[-1][0], 4)}), file=sys.stderr)
    _, settings, chosen = max(found, key=lambda one: one[0])
    folder = chosen.save(options.out / NAME)
    scores = {name: spearman(chosen, labelled(name, options.data)) for name in SCORED}
    rounded = {f"spearman_{name}": round(value, 4) for name, value in scores.items()}
    fields = {
        "language": "zh",
        "library_name": "zhnlp",
        "task": "sentence-similarity",
        "licence": LICENCE,
        "data": DATA.format(texts=len(texts)),
        "tokens": sum(map(len, texts)),
        "seconds": round(time.process_time() - begin),
        "hardware": hardware("cpu"),
        "seed": options.seed,
        "settings": settings,
        "scores": rounded,
        "limits": LIMITS,
    }
    tests = table(["Spearman", ""], [[name, f"{value:.4f}"] for name, value in rounded.items()])
    tried = table(
        ["tried", "STS-B dev"],
        [[json.dumps(one).replace('"', "").strip("{}"), f"{value:.4f}"] for value, one, _ in found],
    )
    write_card(
        folder,
        fields,
        f"# {NAME}\n\nTF-IDF of n-grams of characters, added with drawn signs into {chosen.size:,} numbers; made by "
        f"pipelines/character_vectors.py.\n\n```python\nfrom zhnlp import pipeline\n\n"
        f'pipeline("sentence-similarity")(("天气很好", "今天天气不错"))["score"]\n```\n\n{tests}\n\n{DEV} chose among the settings; the tests were '
        f"scored once.\n\n{tried}\n\n**Data.** {fields['data']}\n\n**Limits.** {LIMITS}",
    )
    print(f"{tried}\n\n{tests}\n\n{folder}")


if __name__ == "__main__":
    main()
