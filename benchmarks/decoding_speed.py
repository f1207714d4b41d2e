"""Tokens a second: the decoder of zhnlp against transformers.generate, the same model and prompts, on a CPU.

    python benchmarks/decoding_speed.py --save                  # both models; 6 CPU minutes
    python benchmarks/decoding_speed.py --model zhnlp-gpt-small --new 32 --repeats 1
    python benchmarks/decoding_speed.py --threads 2             # default: 1

Models: a GPT-2 of 6 layers, 384 wide, 21,128 tokens, with random weights, and the shipped zhnlp-gpt-small (GPT-NeoX, 4
layers, 256 wide, 7,354 tokens), both float32.  Prompts are drawn tokens: one of 24, or 32 of 8 to 40, padded on the left.
``--new`` tokens are written behind each, the end token held back, by greedy search, with 4 beams, and by sampling
(top-k 50, top-p .95).  In "sampling, ends" 3 tokens in 100 end a text instead, as in real use, where texts of a batch
do not end together.

``zhnlp`` runs the model's own forward pass through `CausalStep`; ``zhnlp, packed`` runs `pack_linear` of it, and
``transformers, packed`` is transformers.generate with that same copy, so that the columns tell the decoder from the matrix
products.  All run once to warm up and then ``--repeats`` times, in turns, in one process; the best run counts.  Ratios are of
tokens a CPU second, which a busy machine does not stretch.  ``same``: share of the texts that are those of
transformers.generate, where nothing is drawn.  Bar: 1.2 times transformers.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from harness.report import Report, command
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from zhnlp.checkpoints.locate import locate
from zhnlp.decoding import CausalStep, generate
from zhnlp.models.loading import load_model
from zhnlp.models.packed_linear import pack_linear

RANDOM = "GPT-2 6/384"
SIZES = {"vocab_size": 21128, "n_embd": 384, "n_layer": 6, "n_head": 6}
MODES = {
    "greedy": {},
    "beam 4": {"beams": 4},
    "sampling": {"sample": True, "top_k": 50, "top_p": 0.95},
    "sampling, ends": {"sample": True, "top_k": 50, "top_p": 0.95},
}
NAMES = {"beams": "num_beams", "sample": "do_sample"}  # ours → transformers'
ENDING = 0.03  # share of tokens that end a text in "sampling, ends"


def load(name: str) -> Any:
    """A causal model in float32, in eval mode."""
    if name != RANDOM:
        return load_model(locate(name), "causal-lm", device="cpu", dtype="float32")
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(**SIZES, bos_token_id=101, eos_token_id=102, pad_token_id=0)).eval()


def draw_prompts(size: int, batch: int, seed: int) -> tuple[Tensor, Tensor]:
    """Ids (B, P) and mask (B, P): 24 tokens, or 8 to 40, padded on the left."""
    chance = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([24]) if batch == 1 else torch.randint(8, 41, (batch,), generator=chance)
    longest = int(lengths.max())
    mask = (torch.arange(longest) >= longest - lengths[:, None]).long()
    return torch.randint(200, size, (batch, longest), generator=chance) * mask, mask


def systems(
    model: Any, packed: Any, ids: Tensor, mask: Tensor, mode: str, new: int, seed: int
) -> dict[str, Callable[[], list[list[int]]]]:
    """Name → a function that writes the texts."""
    size, options = model.config.vocab_size, MODES[mode]
    ends = [model.config.eos_token_id]
    if mode == "sampling, ends":
        chance = torch.Generator().manual_seed(seed + 1)
        ends = torch.randperm(size, generator=chance)[: round(ENDING * size)].tolist()
    held = 0 if mode == "sampling, ends" else new

    def theirs(network: Any) -> list[list[int]]:
        torch.manual_seed(seed)
        named = {NAMES.get(name, name): value for name, value in options.items()}
        written = network.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=new,
            min_new_tokens=held,
            eos_token_id=ends,
            pad_token_id=0,
            use_cache=True,  # which the config of the shipped model turns off
            **{"do_sample": False, **named},
        )
        known = set(ends)
        rows = written[:, ids.shape[1] :].tolist()
        return [row[: next((n for n, token in enumerate(row) if token in known), new)] for row in rows]

    def ours(network: Any) -> list[list[int]]:
        found = generate(
            CausalStep(network, mask),
            ids,
            prefix_mask=mask,
            end=ends,
            max_new_tokens=new,
            min_new_tokens=held,
            seed=seed if "sample" in options else None,
            **options,
        )
        return [group[0].tokens for group in found]

    return {
        "transformers": lambda: theirs(model),
        "transformers, packed": lambda: theirs(packed),
        "zhnlp": lambda: ours(model),
        "zhnlp, packed": lambda: ours(packed),
    }


def measure(runs: dict, repeats: int) -> tuple[dict, dict, dict]:
    """Tokens a second and a CPU second of each system at its best, run in turns, and its texts."""
    wall, cpu, texts = {}, {}, {}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            begin, spent = time.perf_counter(), time.process_time()
            texts[name] = run()
            begin, spent = time.perf_counter() - begin, time.process_time() - spent
            if turn:  # the first run warms up
                tokens = sum(map(len, texts[name]))
                wall[name] = max(wall.get(name, 0), tokens / begin)
                cpu[name] = max(cpu.get(name, 0), tokens / spent)
    return wall, cpu, texts


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--model", help="shipped name, folder or Hub id (default: both)")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32], help="(default: 1 32)")
    parser.add_argument("--new", type=int, default=64, help="tokens to write (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    report = Report(
        "decoding_speed",
        {
            "system": "system", "model": "model", "mode": "mode", "batch": "batch", "tokens/s": "tokens_per_second",
            "tokens/CPU s": "tokens_per_cpu_second", "÷ transformers": "ratio", "same": "same",
        },
    )  # fmt: skip
    for name in [options.model] if options.model else [RANDOM, "zhnlp-gpt-small"]:
        model = load(name)
        packed = pack_linear(model)
        for batch in options.batch:
            ids, mask = draw_prompts(model.config.vocab_size, batch, options.seed)
            for mode in MODES:
                runs = systems(model, packed, ids, mask, mode, options.new, options.seed)
                wall, cpu, texts = measure(runs, options.repeats)
                for system in runs:
                    alike = [one == other for one, other in zip(texts[system], texts["transformers"])]
                    report.add(
                        system=system,
                        model=name,
                        mode=mode,
                        batch=batch,
                        new=options.new,
                        tokens=sum(map(len, texts[system])),
                        tokens_per_second=wall[system],
                        tokens_per_cpu_second=cpu[system],
                        ratio=cpu[system] / cpu["transformers"],
                        wall_ratio=wall[system] / wall["transformers"],
                        same=None if "sample" in MODES[mode] else sum(alike) / len(alike),
                        threads=options.threads,
                        seed=options.seed,
                        torch=version("torch"),
                        transformers=version("transformers"),
                    )
    report.finish(
        options.save,
        f"{options.new} tokens behind each prompt, {options.threads} threads, best of {options.repeats}. Bar: 1.2 times "
        "transformers at batch 1 and 32.",
    )


if __name__ == "__main__":
    main()
