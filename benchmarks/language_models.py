"""Language models on text they never saw: accuracy on masked characters, bits per character, and a 4-gram beside them.

    python benchmarks/language_models.py --save                        # the shipped models; about 20 minutes on one core
    python benchmarks/language_models.py --masked none --causal workdir/gpt/checkpoint-2000 --limit 100000
    python benchmarks/language_models.py --masked none --causal none --tokenizer FOLDER     # the 4-gram alone

Text: ``pretrain``, the documents of ``pretrain/*.txt.xz`` that `zhnlp.text.held_out` keeps out of training (1 %), and
``news``, the contents of ``corpora/news.jsonl.xz``, of which nothing was trained on.  Of each, documents in a seeded
order until they add up to ``--limit`` characters, the last one cut (0: all); the default takes all of ``pretrain``.

masked: windows of ``--length`` tokens between [CLS] and [SEP], as in training; 15 % of the tokens, drawn one by one with
the seed among all but line ends and special tokens, are replaced by [MASK], every one of them; right is the likeliest
token alone. A drawn token is a character, or a piece of a Latin word (shares by kind in the JSON); [UNK] is never right.
causal: a document between [CLS] and [SEP], the end paid for; a window of ``--context`` tokens slides by half.
4-gram: interpolated modified Kneser-Ney (`zhnlp.mining.kneser_ney`) over the tokens of the causal model, counted on all
the text that is not held out (each file once), scored on the same documents.
A character of "bits per character" is one of the source string, white space left out; see `zhnlp.metrics.language_model`.

The ``clean`` rows leave out the documents more than half of whose 20-character shingles occur in the training text.

Bars: masked .45 and .38 (stretch .52, .45); causal 5.6 and 6.4 bits, and at least 0.6 bits below the 4-gram.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from harness.data import NEWS, OPEN, find, records
from harness.process import peak_bytes
from harness.report import Report, command

from zhnlp.metrics import evaluate_language_model
from zhnlp.mining.kneser_ney import KneserNey
from zhnlp.text import Corpus, held_out, shared_shingles
from zhnlp.text.sampling import sample

TRAINED_ON = (OPEN, "pretrain/open_general.txt.xz")
LEAK = 0.5  # share of a document's shingles above which it is not clean
ORDER = 4


@dataclass
class Part:
    """Held-out documents: which of them are clean, and what scores them."""

    name: str
    documents: list[str]
    clean: list[int] = field(default_factory=list)

    def facts(self) -> dict:
        digest = hashlib.sha256("\0".join(self.documents).encode("utf-8", "surrogatepass"))
        return {"data": self.name, "data_sha256": digest.hexdigest()}

    def subsets(self) -> dict[str, list[int] | None]:
        return {"all": None, "clean": self.clean}


def pretrain_documents(*, kept_out: bool) -> Iterator[str]:
    for name in TRAINED_ON:
        for document in Corpus.from_paths(find(name), unit="paragraph"):
            if held_out(document) == kept_out:
                yield document


def parts(limit: int, seed: int) -> list[Part]:
    found = [
        Part("pretrain", sample(pretrain_documents(kept_out=True), limit, seed)),
        Part("news", sample((row["content"] for row in records(find(NEWS), "content")), limit, seed)),
    ]
    everything = [document for part in found for document in part.documents]
    shares = shared_shingles(everything, pretrain_documents(kept_out=False))
    begin = 0
    for part in found:
        own = shares[begin : begin + len(part.documents)]
        part.clean = np.flatnonzero(own <= LEAK).tolist()
        begin += len(part.documents)
    return found


def model_and_tokenizer(name: str, head: str):
    """A model in float32 and its tokenizer, from a shipped name, a folder or the Hub."""
    import torch

    from zhnlp.models.loading import load_model
    from zhnlp.tokenizers import load

    return load_model(name, head, dtype=torch.float32), load(name)


def masked_rows(options, chosen: list[Part], report: Report) -> None:
    from zhnlp.training.pretraining.evaluation import score_masked

    model, tokenizer = model_and_tokenizer(options.masked, "masked-lm")
    for part in chosen:
        begin = time.perf_counter()
        scores = score_masked(
            model, tokenizer, part.documents, length=options.length, seed=options.seed, progress=True
        )
        seconds = time.perf_counter() - begin
        for subset, numbers in part.subsets().items():
            facts = {"subset": subset, "seconds": seconds, "length": options.length}
            report.add(system=options.masked, **part.facts(), **facts, **scores.summary(tokenizer, numbers))


def causal_rows(options, chosen: list[Part], report: Report) -> dict:
    """Rows of the causal model; bits per character by (part, subset)."""
    from zhnlp.training.pretraining.evaluation import score_causal

    model, tokenizer = model_and_tokenizer(options.causal, "causal-lm")
    bits = {}
    for part in chosen:
        begin = time.perf_counter()
        scores = score_causal(
            model, tokenizer, part.documents, context=options.context, stride=options.stride, progress=True
        )
        seconds = time.perf_counter() - begin
        for subset, numbers in part.subsets().items():
            facts = {"subset": subset, "seconds": seconds, "context": options.context}
            row = report.add(system=options.causal, **part.facts(), **facts, **scores.summary(numbers))
            bits[part.name, subset] = row["bits_per_character"]
    return bits


def ngram_rows(tokenizer, chosen: list[Part], report: Report, folder: Path, given: list[Path]) -> dict:
    """Rows of the 4-gram over the tokens of ``tokenizer``; bits per character by (part, subset)."""
    from zhnlp.training.pretraining.evaluation import encode
    from zhnlp.training.pretraining.tokens import TokenFile

    begin = time.perf_counter()
    if given:
        files = [TokenFile(place) for place in given]
    else:
        files = [TokenFile.build(pretrain_documents(kept_out=False), tokenizer, folder / "ngram.tokens")]
    read = time.perf_counter()
    model = KneserNey(len(tokenizer), ORDER).fit(np.concatenate([file.ids for file in files]))
    counted = time.perf_counter()
    facts = {
        "trained_tokens": sum(map(len, files)),
        "trained_characters": sum(file.characters for file in files),
        "tokenize_seconds": read - begin,
        "count_seconds": counted - read,
        "peak_bytes": peak_bytes(),
    }
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    if None in (first, last):
        first, last = tokenizer.bos_token_id, tokenizer.eos_token_id
    bits = {}
    for part in chosen:
        begin = time.perf_counter()
        encoded = [encode(tokenizer, text) for text in part.documents]
        nats = [model.nats(np.concatenate([[first], ids, [last]]))[1:].sum() for ids, _ in encoded]
        seconds = time.perf_counter() - begin
        for subset, numbers in part.subsets().items():
            which = range(len(nats)) if numbers is None else numbers
            score = evaluate_language_model(
                [nats[i] for i in which],
                [part.documents[i] for i in which],
                unknown=[encoded[i][1] for i in which],
            )
            row = report.add(
                system=f"{ORDER}-gram", **part.facts(), subset=subset, seconds=seconds, **facts, **score
            )
            bits[part.name, subset] = row["bits_per_character"]
    return bits


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--masked", default="zhnlp-mlm-small", help="shipped name, folder, Hub id, or none")
    parser.add_argument("--causal", default="zhnlp-gpt-small", help="shipped name, folder, Hub id, or none")
    parser.add_argument("--tokenizer", help="of the 4-gram (default: that of the causal model)")
    parser.add_argument(
        "--limit", type=int, default=900_000, help="characters of each part, 0 for all (default: %(default)s)"
    )
    parser.add_argument("--length", type=int, default=128, help="tokens of a masked window (%(default)s)")
    parser.add_argument("--context", type=int, default=128, help="tokens of a causal window (%(default)s)")
    parser.add_argument("--stride", type=int, help="of the causal windows (default: half)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    parser.add_argument("--no-ngram", action="store_true", help="leave the 4-gram out")
    parser.add_argument(
        "--tokens", type=Path, nargs="*", default=[], help="token files of the training text, by the recipes"
    )
    options = parser.parse_args()
    run(options, parser)


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    masked, causal = options.masked != "none", options.causal != "none"
    vocabulary = options.tokenizer or (options.causal if causal else None)
    if not options.no_ngram and vocabulary is None:
        parser.error("the 4-gram needs tokens: give --causal or --tokenizer, or leave it out with --no-ngram")
    if masked or causal:
        import torch

        torch.set_num_threads(options.threads)
    report = Report(
        "language_models",
        {
            "system": "system",
            "text": "data",
            "documents": "subset",
            "accuracy": "accuracy",
            "± s.e.": "standard_error",
            "bits / character": "bits_per_character",
            "characters": "characters",
            "masked": "masked",
            "seconds": "seconds",
        },
    )
    report.machine["versions"] |= {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    chosen = parts(options.limit, options.seed)
    if masked:
        masked_rows(options, chosen, report)
    ours = causal_rows(options, chosen, report) if causal else {}
    theirs = {}
    if not options.no_ngram:
        from zhnlp.tokenizers import load

        with tempfile.TemporaryDirectory() as scratch:
            folder = options.workdir or Path(scratch)
            theirs = ngram_rows(load(vocabulary), chosen, report, folder, options.tokens)
    for (part, subset), bits in ours.items():
        if (part, subset) in theirs:
            report.add(
                system=f"{options.causal} less {ORDER}-gram",
                data=part,
                subset=subset,
                bits_per_character=bits - theirs[part, subset],
            )
    leaked = ", ".join(
        f"{len(part.documents) - len(part.clean)} of {len(part.documents)} {part.name}" for part in chosen
    )
    report.finish(
        options.save,
        f"Not clean (more than {LEAK:.0%} of the 20-character shingles in the training text): {leaked} documents. "
        f"Seed {options.seed}; masked windows of {options.length}, causal context {options.context} tokens, stride "
        f"{options.stride or options.context // 2}.",
    )


if __name__ == "__main__":
    main()
