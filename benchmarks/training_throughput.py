"""Tokens a second of masked language-model training: one core, two cores, and transformers.Trainer beside it.

    python benchmarks/training_throughput.py --save             # on a quiet machine; about 10 minutes
    python benchmarks/training_throughput.py --steps 6 --repeat 1 --threads 1   # does it run?

The network is that of ``zhnlp-mlm-small`` (RoFormer, 4 layers, 256 wide, 4 heads), 32 packed rows of 128 tokens a step,
a vocabulary of ``--vocabulary`` characters. What the rows say does not matter for speed: they are drawn by a seeded
Zipf law, so no data is needed. Each row of the table is a fresh process (see ``workers/train_mlm.py``), the systems take
turns ``--repeat`` times; a step's time runs from the end of one to the end of the next, loading, masking and optimizer
included, the first ``--warm-up`` left out.

zhnlp, 1 core / threads / processes: one thread; as many threads in one process; as many processes of one thread that
average their gradients over gloo, each with its share of the same 32 rows (and, in the row "32 rows each", with 32, as
torchrun runs the recipe).
transformers: ``transformers.Trainer`` with its defaults on the same network, weights, rows and masked share, with all
threads, and with one.

Bars: two cores 1.7 times one core; 1.5 times transformers.Trainer on the same cores.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from harness.process import WORKERS, run
from harness.report import Report, command

ROWS, LENGTH = 32, 128
_TOKENS = 400_000
_FIRST_HAN = 0x4E00


def write_tokens(folder: Path, vocabulary: int, seed: int) -> int:
    """A tokenizer of about ``vocabulary`` entries and a token file of random text; returns its size."""
    from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
    from zhnlp.training.pretraining.tokens import TokenFile

    always = len(train_char_vocab(["一"], min_count=1, latin_pieces=0)) - 1
    characters = np.array([chr(_FIRST_HAN + number) for number in range(vocabulary - always)])
    tokenizer = build_tokenizer(train_char_vocab(["".join(characters)], min_count=1, latin_pieces=0))
    tokenizer.save_pretrained(folder)
    chance = 1 / np.arange(10, characters.size + 10)
    drawn = np.random.default_rng(seed).choice(characters, _TOKENS, p=chance / chance.sum())
    TokenFile.build(("".join(part) for part in np.array_split(drawn, 400)), tokenizer, folder / "tokens")
    return len(tokenizer)


def measure(folder: Path, options: dict, warm_up: int) -> dict:
    """One run: tokens a second by the wall, and by the CPU seconds of process 0 where there is one."""
    record = run(WORKERS / "train_mlm.py", str(folder), json.dumps(options))
    if "failed" in record:
        return record
    (begun, cpu_begun), (ended, cpu_ended) = record["ends"][warm_up - 1], record["ends"][-1]
    steps = len(record["ends"]) - warm_up
    tokens = steps * options["rows"] * options["length"]
    cpu = (cpu_ended - cpu_begun) * options["processes"]
    return {
        "tokens_per_second": tokens / (ended - begun),
        "tokens_per_cpu_second": tokens / cpu,
        "seconds_a_step": (ended - begun) / steps,
        **{name: record[name] for name in ("loss", "parameters", "rss_peak")},
    }


def systems(cores: int) -> dict[str, dict]:
    """What is run, by its name in the table."""
    one = {"system": "zhnlp", "threads": 1, "processes": 1, "rows": ROWS}
    found = {"zhnlp, 1 core": one}
    if cores > 1:
        found[f"zhnlp, {cores} threads"] = {**one, "threads": cores}
        found[f"zhnlp, {cores} processes"] = {**one, "processes": cores}
        found[f"zhnlp, {cores} processes, {ROWS} rows each"] = {
            **one,
            "processes": cores,
            "rows": ROWS * cores,
        }
        found[f"transformers, {cores} threads"] = {**one, "system": "transformers", "threads": cores}
    return {**found, "transformers, 1 core": {**one, "system": "transformers"}}


def main() -> int:
    parser = command(__doc__, seed=0)
    parser.add_argument("--steps", type=int, default=40, help="of each run (default: %(default)s)")
    parser.add_argument("--warm-up", type=int, default=5, help="steps not measured (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each system (default: %(default)s)")
    parser.add_argument("--vocabulary", type=int, default=7354, help="entries (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="cores compared with one (%(default)s)")
    options = parser.parse_args()
    if not 1 <= options.warm_up < options.steps:
        parser.error(f"--warm-up {options.warm_up}: expected 1 to {options.steps - 1}, below --steps")
    report = Report(
        "training_throughput",
        {
            "system": "system",
            "tokens/s": "tokens_per_second",
            "median": "tokens_per_second_median",
            "tokens / CPU s": "tokens_per_cpu_second",
            "÷ 1 core": "against_one_core",
            "÷ transformers": "against_transformers",
            "s / step": "seconds_a_step",
            "peak bytes": "rss_peak",
            "load": "load_1min",
        },
    )
    report.machine["versions"] |= {name: version(name) for name in ("torch", "transformers", "accelerate")}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.workdir or Path(scratch)
        size = write_tokens(folder, options.vocabulary, options.seed)
        wanted = systems(options.threads)
        runs: dict[str, list[dict]] = {name: [] for name in wanted}
        for turn in range(options.repeat):
            for name, what in wanted.items():
                settings = {**what, "length": LENGTH, "steps": options.steps}
                runs[name].append(measure(folder, settings, options.warm_up))
                said = runs[name][-1].get("failed") or f"{runs[name][-1]['tokens_per_second']:,.0f} tokens/s"
                print(f"turn {turn + 1}: {name}: {said}", file=sys.stderr)
    done = {name: [one for one in made if "failed" not in one] for name, made in runs.items()}
    best = {name: max(made, key=lambda one: one["tokens_per_second"]) for name, made in done.items() if made}
    for name, what in wanted.items():
        facts = {"system": name, **{key: what[key] for key in ("threads", "processes", "rows")}}
        facts |= {"length": LENGTH, "vocabulary": size, "steps": options.steps, "seed": options.seed}
        if name not in best:
            report.add(**facts, failed=runs[name][0]["failed"])
            continue
        speeds = [one["tokens_per_second"] for one in done[name]]
        cores = what["threads"] * what["processes"]
        peer = best.get("transformers, 1 core" if cores == 1 else f"transformers, {cores} threads")
        own = best.get("zhnlp, 1 core") if what["system"] == "zhnlp" else None
        report.add(
            **facts,
            **best[name],
            tokens_per_second_median=statistics.median(speeds),
            against_one_core=own and best[name]["tokens_per_second"] / own["tokens_per_second"],
            against_transformers=peer and best[name]["tokens_per_second"] / peer["tokens_per_second"],
            runs=done[name],
        )
    report.finish(
        options.save,
        f"Best of {options.repeat} runs of {options.steps} steps unless said otherwise, {options.warm_up} steps of each left "
        f"out; {ROWS} rows of {LENGTH} tokens a step unless said otherwise, vocabulary {size:,}.",
    )
    return 0 if len(best) == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
