"""Zero-shot classification: PromptClassifier against a loop over transformers.pipeline("fill-mask", targets=…).

    python benchmarks/zero_shot_speed.py --save                      # the shipped model; 2 CPU minutes
    python benchmarks/zero_shot_speed.py --model owner/name          # any masked model
    python benchmarks/zero_shot_speed.py --threads 2                 # default: 1

The same model, texts, template and label words.  Texts: the first ``--texts`` of FewCLUE ``eprstmt/unlabeled`` (reviews, most
of them one to three sentences); a peer would cut the template off a text that is too long, so all are cut to 400
characters for everybody.  Systems:

- ours as it comes (bfloat16 where the processor has it), with and without calibration, and in float32;
- a loop ``for text in texts: fill(template with the text, targets=words)``, which is what one writes;
- the same call with the whole list and ``batch_size=32``;
- both of them in bfloat16.

Every system runs once to warm up and then ``--repeats`` times, all in turns, in one process; the best run counts.  Ratios are of
CPU seconds, which a busy machine does not stretch; ``same numbers``: against ours in the same dtype.  ``same label``: share of
texts that get the label of the loop in float32 (without calibration, since the peer has none); ``difference``: largest between
our log-odds of the two labels and the loop's.  Bar: 2 times the loop in its default numbers.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np
import torch
from harness.data import find, records
from harness.report import Report, command
from transformers import pipeline as peer_pipeline

from zhnlp import tokenizers
from zhnlp.few_shot import PromptClassifier
from zhnlp.models.loading import load_model

DATA = "few_shot/fewclue/eprstmt/unlabeled.jsonl.xz"
TEMPLATE = "{text}。总之，很{mask}。"
LABELS = {"正面": ["好"], "负面": ["差"]}
LONGEST = 400  # characters
LOOP = "transformers, float32, loop"


def draw_texts(number: int) -> list[str]:
    """The first reviews, cut to `LONGEST` characters."""
    rows = islice(records(find(DATA), "sentence"), number)
    return [" ".join(row["sentence"].split())[:LONGEST] for row in rows]


def ours(model: str, dtype: str | None, calibration: str) -> Callable[[list[str]], np.ndarray]:
    """Texts to log-odds (N,) of the two labels."""
    classifier = PromptClassifier(
        TEMPLATE, LABELS, model=model, dtype=dtype, calibration=calibration, progress=False
    )

    def run(texts: list[str]) -> np.ndarray:
        scores = classifier.predict_log_proba(texts)
        first, second = (list(classifier.classes_).index(label) for label in LABELS)
        return scores[:, first] - scores[:, second]

    return run


def fill_mask(model: str, dtype: str, batch_size: int | None) -> Callable[[list[str]], np.ndarray]:
    """The same with transformers; ``batch_size`` None for a loop over the texts."""
    tokenizer = tokenizers.load(model)
    network = load_model(model, "masked-lm", dtype=dtype)
    words = [words[0] for words in LABELS.values()]
    fill = partial(
        peer_pipeline("fill-mask", model=network, tokenizer=tokenizer, device="cpu"),
        targets=words,
        top_k=len(words),
    )

    def run(texts: list[str]) -> np.ndarray:
        prompts = [TEMPLATE.format(text=text, mask=tokenizer.mask_token) for text in texts]
        if batch_size is None:
            found = [fill(prompt) for prompt in prompts]
        else:
            found = fill(prompts, batch_size=batch_size)
        odds = []
        for rows in found:
            chance = {row["token_str"]: row["score"] for row in rows}
            odds.append(math.log(chance[words[0]] / chance[words[1]]))
        return np.array(odds)

    return run


def systems(model: str) -> dict[str, Callable[[list[str]], np.ndarray]]:
    """Name → function from texts to log-odds."""
    made = {
        "zhnlp": ours(model, None, "none"),
        "zhnlp, calibrated": ours(model, None, "content-free"),
        "zhnlp, float32": ours(model, "float32", "none"),
    }
    for dtype in ("float32", "bfloat16"):
        made[f"transformers, {dtype}, loop"] = fill_mask(model, dtype, None)
        made[f"transformers, {dtype}, batch 32"] = fill_mask(model, dtype, 32)
    return made


def measure(runs: dict[str, Callable], texts: list[str], repeats: int) -> tuple[dict, dict, dict]:
    """Best wall and CPU seconds of each system, run in turns, and its log-odds."""
    wall, cpu, odds = {}, {}, {}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            begin, spent = time.perf_counter(), time.process_time()
            odds[name] = run(texts)
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            if turn:  # the first run warms up
                wall[name] = min(wall.get(name, begin), begin)
                cpu[name] = min(cpu.get(name, spent), spent)
    return wall, cpu, odds


def main() -> None:
    parser = command(__doc__)
    parser.add_argument(
        "--model", default="zhnlp-mlm-small", help="shipped name, folder or Hub id (default: %(default)s)"
    )
    parser.add_argument("--texts", type=int, default=500, help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    texts = draw_texts(options.texts)
    report = Report(
        "zero_shot_speed",
        {
            "system": "system", "texts/s": "texts_per_second", "texts/CPU s": "texts_per_cpu_second",
            "ours ÷ this": "ratio", "same numbers": "ratio_same_dtype", "same label": "same", "difference": "difference",
        },
    )  # fmt: skip
    runs = systems(options.model)
    wall, cpu, odds = measure(runs, texts, options.repeats)
    compare(report, options, texts, wall, cpu, odds)
    lengths = sorted(map(len, texts))
    report.finish(
        options.save,
        f"{len(texts)} texts of {lengths[0]} to {lengths[-1]} characters (half of them below {lengths[len(lengths) // 2]}), "
        f"{sum(lengths):,} in all; {options.model}, {options.threads} threads. Ours ÷ this: CPU seconds of a system by those of "
        f"zhnlp as it comes. Bar: 2 for the loop in float32; measured {cpu[LOOP] / cpu['zhnlp']:.2f}.",
    )


def compare(report: Report, options: Any, texts: list[str], wall: dict, cpu: dict, odds: dict) -> None:
    """A line for each system."""
    for system in wall:
        calibrated = "calibrated" in system  # the peer has nothing to compare it with
        report.add(
            system=system,
            model=options.model,
            template=TEMPLATE,
            labels=LABELS,
            texts=len(texts),
            characters=sum(map(len, texts)),
            data=DATA,
            data_sha256=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
            seconds=wall[system],
            cpu_seconds=cpu[system],
            texts_per_second=len(texts) / wall[system],
            texts_per_cpu_second=len(texts) / cpu[system],
            ratio=cpu[system] / cpu["zhnlp"],
            ratio_same_dtype=cpu[system] / cpu["zhnlp, float32" if "float32" in system else "zhnlp"],
            wall_ratio=wall[system] / wall["zhnlp"],
            same=None if calibrated else float(np.mean((odds[system] > 0) == (odds[LOOP] > 0))),
            difference=None if calibrated else float(abs(odds[system] - odds[LOOP]).max()),
            threads=options.threads,
            torch=version("torch"),
            transformers=version("transformers"),
        )


if __name__ == "__main__":
    main()
