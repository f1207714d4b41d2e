"""Passages read a second: DGCNN against a 12-layer BERT reader of the usual shape, and the time of one question.

    python benchmarks/reading_speed.py --save               # batch 32 of 500 characters, both networks; one question of ten passages
    python benchmarks/reading_speed.py --threads 2
    python benchmarks/reading_speed.py --model my-reader    # a trained reader for the question's time

Weights are random (they change nothing in the time), texts are drawn with --seed from the characters of news of the public sets.
Networks are timed alone: a batch of 32 rows, a question of 15 characters before a passage of 500 (BERT has them in one row of
518 pieces but cannot: its 512 positions end the passage at 494).  Systems run in turns in one process, the best of --repeats
counts, and ratios are of CPU seconds, which a busy machine does not stretch.  Both are timed in float32 and as they are used,
in bfloat16 where the processor multiplies it.  DGCNN is read as the package reads it on a CPU, fused; BERT is transformers' own,
with its sdpa attention.

One question: ten passages of 200 characters, from strings to the answer with its place, in milliseconds; parts "texts" (ids, words,
hand features), "network", "search" (spans, votes).  Median and best of --questions calls, CPU and wall.  Bars: 5 times the
passages of BERT; 10 ms a question.

Source: https://kexue.fm/archives/5409 (light enough for any machine)
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from statistics import median
from typing import Any

import torch
import transformers
from harness.data import NEWS, find, records
from harness.report import Report, command

from zhnlp.models.extractive_reader import ExtractiveReader
from zhnlp.models.fused_dgcnn import FusedDGCNN
from zhnlp.models.precision import fast_dtype
from zhnlp.reading import PassageReader, WordKnowledge
from zhnlp.reading.engines.base import Engine, Row
from zhnlp.reading.engines.dgcnn import DGCNNEngine
from zhnlp.reading.examples import Example

ROWS, LENGTH, ASKED = 32, 500, 15
PASSAGES, SHORT = 10, 200
BERT = {"vocab_size": 21128, "span_kind": "softmax"}  # else BERT-base: 12 layers of 768


def drawn(number: int, length: int, seed: int) -> list[str]:
    """Pieces of news of so many characters."""
    chance = random.Random(seed)
    rows = islice(records(find(NEWS), "content"), 20 * number)
    texts = [text for text in ("".join(row["content"].split()) for row in rows) if len(text) > length]
    if len(texts) < number:
        raise SystemExit(f"{NEWS} has {len(texts)} texts of {length} characters: expected {number}")
    return [text[(at := chance.randrange(len(text) - length)) : at + length] for text in texts[:number]]


def dgcnn(texts: list[str], seed: int) -> DGCNNEngine:
    """The network of 6906 with hand features and 20,000 words of 128 numbers, untrained."""
    import numpy as np

    joined = "".join(texts)
    words = list(dict.fromkeys(joined[at : at + 2] for at in range(len(joined) - 1)))[:20_000]
    rows = np.random.default_rng(seed).normal(size=(len(words), 128)).astype(np.float32)
    known = WordKnowledge(words, [9] * len(words), rows)
    example = Example(texts[0][:ASKED], tuple(texts), ((0, 0, 3),))
    return DGCNNEngine.new(
        None, [example], words=known, min_count=1, hand_features=True, span_kind="softmax", seed=seed
    )


def bert(seed: int, **sizes: Any) -> ExtractiveReader:
    """A reader over BERT-base with random weights."""
    torch.manual_seed(seed)
    return ExtractiveReader(transformers.BertConfig(**{**BERT, **sizes})).eval()


def bert_batch(rows: int, length: int, asked: int, most: int, vocabulary: int) -> dict[str, torch.Tensor]:
    """[CLS] question [SEP] passage [SEP], as far as the positions reach."""
    width = min(asked + length + 3, most)
    ids = torch.randint(5, vocabulary, (rows, width))
    passage = torch.zeros(rows, width, dtype=torch.int64)
    passage[:, asked + 2 : -1] = 1
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": passage,
        "passage_mask": passage,
    }


def seconds(run: Any) -> tuple[float, float]:
    """Wall and CPU seconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def in_turns(systems: dict[str, Any], repeats: int) -> dict[str, tuple[float, float]]:
    """Least wall and CPU seconds of each system; the first turn warms up."""
    found = {name: (float("inf"), float("inf")) for name in systems}
    for turn in range(repeats + 1):
        for name, run in systems.items():
            both = seconds(run)
            if turn:
                found[name] = tuple(map(min, found[name], both))
    return found


def networks(
    engine: DGCNNEngine,
    reader: ExtractiveReader,
    texts: list[str],
    length: int,
    numbers: Sequence[str] = ("float32", "bfloat16"),
) -> dict[str, tuple[Any, int]]:
    """Name → (a call that reads the batch, characters of a passage that it reads)."""
    question = texts[0][:ASKED]
    batch = engine.batch([Row(one, 0, len(one.passage)) for one in engine.read(question, texts)])
    most = reader.config.max_position_embeddings
    other = bert_batch(len(texts), length, ASKED, most, reader.config.vocab_size)
    read = int(other["passage_mask"][0].sum())
    fast = fast_dtype(torch.device("cpu"))
    found = {}
    for name in numbers:
        dtype = getattr(torch, name)
        if dtype not in (torch.float32, fast):
            continue  # this processor has no bfloat16
        found[f"DGCNN, {name}"] = (_call(FusedDGCNN(engine.network, dtype), batch, torch.float32), length)
        found[f"BERT-base reader, {name}"] = (_call(reader, other, dtype), read)
    return found


def _call(network: Any, batch: dict[str, torch.Tensor], cast: torch.dtype) -> Any:
    def run() -> None:
        numbers = nullcontext() if cast == torch.float32 else torch.autocast("cpu", cast)
        with torch.inference_mode(), numbers:
            network(**batch)

    return run


def timed_parts(engine: Engine) -> dict[str, list[float]]:
    """CPU milliseconds of the engine's two parts, filled as it is called."""
    spent: dict[str, list[float]] = {"texts": [], "network": []}

    def watch(name: str, of: str) -> None:
        call = getattr(engine, of)

        def run(*arguments: Any) -> Any:
            begin = time.process_time()
            found = call(*arguments)
            spent[name].append(1000 * (time.process_time() - begin))
            return found

        setattr(engine, of, run)

    watch("texts", "read")
    watch("network", "logits")
    return spent


def one_question(reader: PassageReader, passages: list[str], calls: int) -> dict[str, float]:
    """Milliseconds of a question, from strings to the answer."""
    question = passages[0][:ASKED]

    def ask() -> None:
        reader.answer(question, passages=passages)

    for _ in range(5):
        ask()
    spent = timed_parts(reader.engines[0])
    wall, cpu = zip(*(seconds(ask) for _ in range(calls)))
    parts = {f"{name}_ms": median(values) for name, values in spent.items()}
    found = {
        "wall_ms": 1000 * median(wall),
        "wall_ms_best": 1000 * min(wall),
        "cpu_ms": 1000 * median(cpu),
        "cpu_ms_best": 1000 * min(cpu),
    }
    return {**found, **parts, "search_ms": found["cpu_ms"] - sum(parts.values())}


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--model", help="reader of the one question (default: random weights)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--questions", type=int, default=40, help="calls (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the batch (default: %(default)s)")
    parser.add_argument(
        "--numbers",
        nargs="+",
        choices=("float32", "bfloat16"),
        default=["float32", "bfloat16"],
        help="of the networks",
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    drawn_texts = drawn(max(options.rows, PASSAGES), LENGTH, options.seed)
    texts = drawn_texts[: options.rows]
    engine = dgcnn(texts, options.seed)
    report = Report(
        "reading_speed",
        {
            "system": "system", "threads": "threads", "passages/s": "passages_per_second",
            "passages/CPU s": "passages_per_cpu_second", "÷ BERT, same numbers": "ratio",
            "ms, wall": "wall_ms", "ms, CPU": "cpu_ms", "least": "cpu_ms_best",
            "texts": "texts_ms", "network": "network_ms", "search": "search_ms",
        },
    )  # fmt: skip
    facts = {"threads": options.threads, "seed": options.seed, "data": NEWS, "torch": torch.__version__}
    reader = PassageReader(options.model, progress=False)
    if options.model is None:
        reader._engines = [engine]
    short = [text[:SHORT] for text in drawn_texts[:PASSAGES]]
    report.add(
        system=f"one question, {PASSAGES} passages of {SHORT}",
        model=options.model,
        **one_question(reader, short, options.questions),
        **facts,
    )
    systems = networks(engine, bert(options.seed), texts, LENGTH, options.numbers)
    times = in_turns({name: run for name, (run, _) in systems.items()}, options.repeats)
    for name, (wall, cpu) in times.items():
        other = times[f"BERT-base reader, {name.split(', ')[1]}"]
        report.add(
            system=name,
            rows=options.rows,
            characters=systems[name][1],
            seconds=wall,
            cpu_seconds=cpu,
            passages_per_second=options.rows / wall,
            passages_per_cpu_second=options.rows / cpu,
            ratio=other[1] / cpu,
            wall_ratio=other[0] / wall,
            **facts,
        )
    report.finish(
        options.save,
        f"Batch of {options.rows} passages of {LENGTH} characters (BERT reads {min(read for _, read in systems.values())}), question of "
        f"{ASKED}. Bars: 5 times BERT, 10 ms a question.",
    )


if __name__ == "__main__":
    main()
