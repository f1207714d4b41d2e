"""Texts of mixed length through a network: pipeline of zhnlp against transformers.pipeline, the same model and texts.

    python benchmarks/pipeline_encode.py --save                      # RoFormer and BERT 4/256, random weights; 4 CPU minutes
    python benchmarks/pipeline_encode.py --model zhnlp-mlm-small     # what ships
    python benchmarks/pipeline_encode.py --threads 2                 # default: 1

``--kind mixed`` or ``short``; both are run.  Mixed texts: a third sentences, a third runs of two to four sentences, a third the first 200 to 500 characters of news items
(the first of ``corpora/news.jsonl.xz`` of the public sets), drawn with ``--seed``, shuffled.  Tokenizer: a character vocabulary of these
texts, unless ``--model`` brings one.  Short texts: sentences of 10 to 30 characters, what similarity and classification get, at most
four times as many.  For fill-mask one character of each text is [MASK].

Every system runs once to warm up and then ``--repeats`` times, all in turns, in one process; the best run counts.  Ratios are of CPU seconds, which a busy machine does not stretch.
transformers.pipeline runs as its documentation has it (batch_size 1), with batch_size 32, and both in bf16 too; of
feature-extraction it may keep its tensors, which is faster than its lists.  ``difference``: largest between our vectors and the
means of its vectors (fp32, batch 1), or between the probabilities of the best candidate; for our bf16 the least
cosine, or the share of texts with the same best candidate.  Bar: 2 times the better of its two in its default numbers.

What is ours in the ratios: for mixed texts 2 times and more comes from bfloat16, which we choose where the processor
multiplies it and transformers.pipeline does not.  In equal numbers the batching itself was worth 0.97 to 1.15 times (float32)
and 1.37 to 1.67 times (bfloat16) against batch 1 (``results/pipeline_encode-2026-11-21.md``, column "same numbers").  For short texts it
was 2.4 to 3.7 times (float32) and 5.7 to 8.1 times (bfloat16) against batch 1, 0.91 to 1.25 and 1.19 to 1.73 times against
batch 32 (``results/pipeline_encode-2026-11-21-2.md``).
"""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
import time
import warnings
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from harness.data import NEWS, find, records
from harness.report import Report, command
from transformers import pipeline as peer_pipeline

from zhnlp import pipeline, tokenizers
from zhnlp.checkpoints.locate import locate
from zhnlp.models.loading import load_model

SIZES = {
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
    "max_position_embeddings": 512,
}
ARCHITECTURES = {
    "RoFormer 4/256": ("RoFormerConfig", "RoFormerForMaskedLM", {"embedding_size": 256}),
    "BERT 4/256": ("BertConfig", "BertForMaskedLM", {}),
}
TASKS = {"feature-extraction": "encoder", "fill-mask": "masked-lm"}


def draw_texts(number: int, seed: int) -> list[str]:
    """Texts of 2 to 500 characters, a third of each kind."""
    chance = random.Random(seed)
    rows = islice(records(find(NEWS), "content"), 8 * number)
    items = [item for item in (" ".join(row["content"].split()) for row in rows) if len(item) > 500]
    chance.shuffle(items)
    texts = []
    for kind, item in enumerate(items[:number]):
        sentences = [part + "。" for part in item.split("。") if 1 < len(part) < 120]
        if kind % 3 == 2 or len(sentences) < 4:
            texts.append(item[: chance.randint(200, 500)])
        else:
            run = chance.randint(2, 4) if kind % 3 else 1
            first = chance.randrange(len(sentences) - run + 1)
            texts.append("".join(sentences[first : first + run]))
    chance.shuffle(texts)
    return texts


def draw_short(number: int, seed: int) -> list[str]:
    """Sentences of 10 to 30 characters of the same news."""
    sentences = [
        part + "。" for text in draw_texts(number, seed) for part in text.split("。") if 9 <= len(part) < 30
    ]
    chance = random.Random(seed)
    chance.shuffle(sentences)
    return sentences[:number]


def mask_one(texts: list[str], mask: str, seed: int) -> list[str]:
    """Each text with one character replaced."""
    chance = random.Random(seed)
    places = [chance.randrange(len(text)) for text in texts]
    return [text[:place] + mask + text[place + 1 :] for text, place in zip(texts, places)]


def make_model(name: str, texts: list[str], folder: Path) -> Path:
    """A checkpoint with random weights and a character vocabulary of the texts."""
    vocabulary = tokenizers.train_char_vocab(texts, min_count=1, min_sign=1, size=7000)
    config_class, model_class, more = ARCHITECTURES[name]
    torch.manual_seed(0)
    config = getattr(transformers, config_class)(vocab_size=len(vocabulary), **SIZES, **more)
    getattr(transformers, model_class)(config).save_pretrained(folder)
    tokenizers.build_tokenizer(vocabulary).save_pretrained(folder)
    return folder


def systems(task: str, folder: Path) -> dict:
    """Name → function from texts to results."""
    runs = {}
    for dtype in ("float32", "bfloat16"):
        ours = pipeline(task, folder, dtype=dtype, progress=False)
        runs[f"zhnlp, {dtype}"] = ours
        model = load_model(folder, TASKS[task], dtype=dtype)
        peer = peer_pipeline(task, model=model, tokenizer=tokenizers.load(folder), device="cpu")
        if task == "feature-extraction":
            peer = partial(peer, return_tensors=True)
        for batch_size in (1, 32):
            runs[f"transformers, {dtype}, batch {batch_size}"] = partial(peer, batch_size=batch_size)
    return runs


def quality(task: str, results: dict) -> dict[str, float]:
    """Name of ours → how far from transformers' own (see above)."""
    theirs = results["transformers, float32, batch 1"]
    exact, rounded = results["zhnlp, float32"], results["zhnlp, bfloat16"]
    if task == "feature-extraction":
        means = np.stack([row[0].float().mean(0).numpy() for row in theirs])
        cosine = (rounded * means).sum(1) / np.linalg.norm(rounded, axis=1) / np.linalg.norm(means, axis=1)
        return {"zhnlp, float32": float(abs(exact - means).max()), "zhnlp, bfloat16": float(cosine.min())}
    far = max(abs(one[0]["score"] - other[0]["score"]) for one, other in zip(exact, theirs))
    same = np.mean([one[0]["token"] == other[0]["token"] for one, other in zip(rounded, theirs)])
    return {"zhnlp, float32": float(far), "zhnlp, bfloat16": float(same)}


def measure(runs: dict, texts: list[str], repeats: int) -> tuple[dict, dict, dict]:
    """Best wall and CPU seconds of each system, run in turns, and its results."""
    wall, cpu, results = {}, {}, {}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            begin, spent = time.perf_counter(), time.process_time()
            results[name] = run(texts)
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            if turn:  # the first run warms up
                wall[name] = min(wall.get(name, begin), begin)
                cpu[name] = min(cpu.get(name, spent), spent)
    return wall, cpu, results


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument(
        "--model", help="shipped name, folder or Hub id (default: both architectures, random weights)"
    )
    parser.add_argument("--kind", choices=("mixed", "short", "both"), default="both", help="of texts")
    parser.add_argument("--texts", type=int, default=300, help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    drawn = {
        "mixed": draw_texts(options.texts, options.seed),
        "short": draw_short(4 * options.texts, options.seed),
    }
    kinds = list(drawn) if options.kind == "both" else [options.kind]
    report = Report(
        "pipeline_encode",
        {
            "system": "system", "task": "task", "model": "model", "texts": "kind", "texts/s": "texts_per_second",
            "texts/CPU s": "texts_per_cpu_second", "ours ÷ this": "ratio", "same numbers": "ratio_same_dtype",
            "quality": "quality",
        },
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        for kind in kinds:
            for name in [options.model] if options.model else ARCHITECTURES:
                texts = drawn[kind]
                folder = (
                    locate(name)
                    if options.model
                    else make_model(name, drawn["mixed"] + drawn["short"], Path(place) / kind / name[:4])
                )
                for task in TASKS:
                    compare(report, options, kind, texts, name, folder, task)
    report.finish(
        options.save,
        " ".join(
            f"{kind}: {len(texts)} texts of {min(map(len, texts))} to {max(map(len, texts))} characters, "
            f"{sum(map(len, texts)):,} in all."
            for kind, texts in drawn.items()
            if kind in kinds
        )
        + f" {options.threads} threads. Quality: largest difference from transformers (float32), least cosine or share of "
        "the same best candidate (bfloat16). Bar: 2 times transformers in float32, its default; how much of that is "
        "bfloat16 and how much the batches, the column of the same numbers says.",
    )


def compare(
    report: Report, options: Any, kind: str, texts: list[str], name: str, folder: Path, task: str
) -> None:
    """Measure every system with one task, model and kind of texts, a line each."""
    given = texts if task == "feature-extraction" else mask_one(texts, "[MASK]", options.seed)
    runs = systems(task, folder)
    wall, cpu, results = measure(runs, given, options.repeats)
    near = quality(task, results)
    for system in runs:
        dtype = system.split(", ")[1]
        report.add(
            system=system,
            task=task,
            model=name,
            kind=kind,
            texts=len(texts),
            characters=sum(map(len, texts)),
            data=NEWS,
            data_sha256=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
            seconds=wall[system],
            cpu_seconds=cpu[system],
            texts_per_second=len(texts) / wall[system],
            texts_per_cpu_second=len(texts) / cpu[system],
            ratio=cpu[system] / cpu["zhnlp, bfloat16"],
            ratio_same_dtype=cpu[system] / cpu[f"zhnlp, {dtype}"],
            wall_ratio=wall[system] / wall["zhnlp, bfloat16"],
            quality=near.get(system),
            threads=options.threads,
            seed=options.seed,
            torch=version("torch"),
            transformers=version("transformers"),
        )


if __name__ == "__main__":
    main()
