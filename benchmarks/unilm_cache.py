"""What it is worth that UniLM reads its source once: titles with the cache against the whole sequence at every token.

    python benchmarks/unilm_cache.py --save                     # two CPU minutes
    python benchmarks/unilm_cache.py --source 128 --beams 1 --batch 1

The same network (zhnlp-mlm-small), the same decoder, the same sources of drawn tokens; ``--target`` tokens are written for each,
the end held back.  "recomputed" runs source and title through the network at every token, as the scripts of the posts do,
and asks for the logits of the last place alone.  Runs take turns in one process; the best of ``--repeats`` counts.  Ratios
are of CPU seconds, which a busy machine does not stretch.  ``same``: share of the titles that have the same tokens.  Bar:
the same tokens, 4 times faster at source 256, target 32, 3 beams.

Source: https://kexue.fm/archives/6933
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from importlib.metadata import version

import torch
from harness.report import Report, command
from torch import Tensor

from zhnlp.decoding import StepOutput, generate
from zhnlp.models.loading import load_model
from zhnlp.models.unilm import UniLM
from zhnlp.tokenizers import load


@dataclass(frozen=True)
class Sequences:
    """Source and title so far of each hypothesis (N, L), and how many of them are source."""

    ids: Tensor
    source: int

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, rows: Tensor) -> Sequences:
        """The hypotheses at ``rows``."""
        return replace(self, ids=self.ids[rows])


def recomputed(model: UniLM, tokens: Tensor, cache: Sequences) -> StepOutput:
    """A step that remembers nothing but the tokens."""
    ids = torch.cat((cache.ids, tokens), 1)  # at the first step the [SEP] that ends the source
    segments = (torch.arange(ids.shape[1]) >= cache.source).long().expand_as(ids)
    last = torch.full_like(ids, -100)
    last[:, -1] = 0  # the only place whose logits are asked for
    logits = model(ids, segments, torch.ones_like(ids), last)["logits"]
    return StepOutput(logits, replace(cache, ids=ids))


@torch.inference_mode()
def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--model", default="zhnlp-mlm-small", help="masked model (default: %(default)s)")
    parser.add_argument("--source", type=int, default=256, help="tokens of a source (default: %(default)s)")
    parser.add_argument("--target", type=int, default=32, help="tokens to write (default: %(default)s)")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 3], help="(default: 1 3)")
    parser.add_argument(
        "--batch", type=int, nargs="+", default=[1, 8], help="sources together (default: 1 8)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = UniLM(load_model(options.model, "masked-lm", device="cpu", dtype="float32")).eval()
    tokenizer = load(options.model)
    begin, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    report = Report(
        "unilm_cache",
        {
            "way": "system", "beams": "beams", "batch": "batch", "tokens/s": "tokens_per_second",
            "CPU s": "cpu_seconds", "× recomputed": "ratio", "same": "same",
        },
    )  # fmt: skip
    for batch in options.batch:
        chance = torch.Generator().manual_seed(options.seed)
        ids = torch.randint(200, len(tokenizer), (batch, options.source), generator=chance)
        ids[:, 0], ids[:, -1] = begin, end
        for beams in options.beams:
            common = {
                "end": end, "beams": beams, "max_new_tokens": options.target, "min_new_tokens": options.target,
                "count_prefix": False,
            }  # fmt: skip
            ways = {
                "recomputed": lambda ids=ids, common=common: generate(
                    lambda tokens, cache: recomputed(model, tokens, cache),
                    ids[:, -1:],
                    cache=Sequences(ids[:, :-1], ids.shape[1]),
                    **common,
                ),
                "cached": lambda ids=ids, common=common: generate(
                    model.step, ids[:, -1:], cache=model.start(ids, torch.ones_like(ids)), **common
                ),
            }
            wall, cpu, titles = measure(ways, options.repeats)
            for name in ways:
                alike = [one == other for one, other in zip(titles[name], titles["recomputed"])]
                report.add(
                    system=name,
                    beams=beams,
                    batch=batch,
                    source=options.source,
                    target=options.target,
                    tokens_per_second=batch * options.target / wall[name],
                    cpu_seconds=cpu[name],
                    ratio=cpu["recomputed"] / cpu[name],
                    wall_ratio=wall["recomputed"] / wall[name],
                    same=sum(alike) / len(alike),
                    threads=options.threads,
                    seed=options.seed,
                    torch=version("torch"),
                )
    report.finish(
        options.save,
        f"source {options.source}, target {options.target}, {options.threads} threads, best of {options.repeats}. Bar: the same tokens, "
        "4 times faster with 3 beams.",
    )


def measure(ways: dict, repeats: int) -> tuple[dict, dict, dict]:
    """Seconds and CPU seconds of each way at its best, run in turns, and its titles."""
    wall, cpu, titles = {}, {}, {}
    for turn in range(repeats + 1):
        for name, run in ways.items():
            begin, spent = time.perf_counter(), time.process_time()
            titles[name] = [group[0].tokens for group in run()]
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            if turn:  # the first run warms up
                wall[name] = min(wall.get(name, begin), begin)
                cpu[name] = min(cpu.get(name, spent), spent)
    return wall, cpu, titles


if __name__ == "__main__":
    main()
