"""Sentences of mixed length to vectors: SentenceEncoder against SentenceTransformer.encode, the same folder and texts.

    python benchmarks/encode_throughput.py --save            # RoFormer (zhnlp-mlm-small) and BERT 4/256; two CPU minutes
    python benchmarks/encode_throughput.py --model zhnlp-mlm-small --texts 300
    python benchmarks/encode_throughput.py --threads 2       # default: 1

Texts of 5 to 200 characters, all different, cut from the open text of the public sets at ``--seed``, or from ``corpora/general``
where that is absent.  Both read the same folder in float32 on the CPU with their own default batches: 32 texts by length
there, 4,096 tokens by length here.  Systems take turns in one process after a run to warm up; the best of ``--repeats`` counts.
Ratios are of CPU seconds, which a busy machine does not stretch.  ``difference``: greatest of any two numbers of the vectors.

What makes the difference: GELU and residual sums inside oneDNN's products, one product for query, key and value, a fused
attention and one rotary pass for RoFormer (``zhnlp.models.fused_encoder``), hardly any padding, one call of the tokenizer.  The matrix
products themselves cost both the same, so a BERT, which transformers reads well already, gains less.

Bar: 1.5 times sentence-transformers on the shipped folder, vectors within 1e-5.
"""

from __future__ import annotations

import hashlib
import logging
import lzma
import random
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import transformers
from harness.data import OPEN, data_folder
from harness.report import Report, command

from zhnlp import tokenizers
from zhnlp.similarity import SentenceEncoder

SAMPLES = Path(__file__).parents[1] / "corpora" / "general"
SHIPPED, BERT = "zhnlp-mlm-small", "BERT 4/256"
LENGTHS = (5, 200)  # characters


def draw_texts(number: int, seed: int) -> tuple[list[str], str]:
    """Texts that all differ, and where they are from."""
    text, source = open_text(), OPEN
    if text is None:
        files = [file.read_text("utf-8") for file in sorted(SAMPLES.glob("[0-9]*.txt"))]
        text, source = "".join("".join(files).split()), "corpora/general"
    chance, drawn = random.Random(seed), {}
    while len(drawn) < number:
        length = chance.randint(*LENGTHS)
        begin = chance.randrange(len(text) - length)
        drawn[text[begin : begin + length]] = None
    return list(drawn), source


def open_text() -> str | None:
    """The first two million characters of the open text, without blanks; None where it is absent."""
    path = data_folder() / OPEN
    if not path.is_file():
        return None
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return "".join(file.read(2_000_000).split())


def make_folder(name: str, texts: list[str], folder: Path) -> Path:
    """The model as a folder that both read, 256 tokens a text."""
    if name != BERT:
        return SentenceEncoder(name, max_length=256).save(folder)
    vocabulary = tokenizers.train_char_vocab(texts, min_count=1, min_sign=1)
    torch.manual_seed(0)
    sizes = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=len(vocabulary), **sizes)).eval()
    tokenizer = tokenizers.build_tokenizer(vocabulary)
    return SentenceEncoder(model, tokenizer=tokenizer, max_length=256).save(folder)


def measure(runs: dict, repeats: int) -> tuple[dict, dict, dict]:
    """Best wall and CPU seconds of each system, run in turns, and its vectors."""
    wall, cpu, vectors = {}, {}, {}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            begin, spent = time.perf_counter(), time.process_time()
            vectors[name] = run()
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            if turn:  # the first run warms up
                wall[name] = min(wall.get(name, begin), begin)
                cpu[name] = min(cpu.get(name, spent), spent)
    return wall, cpu, vectors


def main() -> None:
    from sentence_transformers import SentenceTransformer

    parser = command(__doc__, seed=0)
    parser.add_argument("--model", help=f"shipped name, folder or Hub id (default: {SHIPPED} and {BERT})")
    parser.add_argument("--texts", type=int, default=400, help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    transformers.utils.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    texts, source = draw_texts(options.texts, options.seed)
    report = Report(
        "encode_throughput",
        {
            "system": "system", "model": "model", "texts/s": "texts_per_second", "texts/CPU s": "texts_per_cpu_second",
            "CPU s": "cpu_seconds", "ours ÷ this": "ratio", "difference": "difference",
        },
    )  # fmt: skip
    for name in [options.model] if options.model else [SHIPPED, BERT]:
        with tempfile.TemporaryDirectory() as place:
            folder = make_folder(name, texts, Path(place) / "model")
            ours, theirs = SentenceEncoder(folder), SentenceTransformer(str(folder), device="cpu")
        runs = {
            "sentence-transformers": lambda theirs=theirs: theirs.encode(texts, show_progress_bar=False),
            "zhnlp": lambda ours=ours: ours.encode(texts),
        }
        wall, cpu, vectors = measure(runs, options.repeats)
        for system in runs:
            report.add(
                system=system,
                model=name,
                texts=len(texts),
                characters=sum(map(len, texts)),
                data=source,
                data_sha256=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
                seconds=wall[system],
                cpu_seconds=cpu[system],
                texts_per_second=len(texts) / wall[system],
                texts_per_cpu_second=len(texts) / cpu[system],
                ratio=cpu[system] / cpu["zhnlp"],
                wall_ratio=wall[system] / wall["zhnlp"],
                difference=float(np.abs(vectors[system] - vectors["zhnlp"]).max()),
                threads=options.threads,
                seed=options.seed,
                torch=version("torch"),
                transformers=version("transformers"),
                sentence_transformers=version("sentence-transformers"),
            )
    report.finish(
        options.save,
        f"{len(texts)} different texts of {LENGTHS[0]} to {LENGTHS[1]} characters, {sum(map(len, texts)):,} in all, of {source}. "
        f"{options.threads} threads, best of {options.repeats}. Bar: 1.5 on the shipped folder, vectors within 1e-5.",
    )


if __name__ == "__main__":
    main()
