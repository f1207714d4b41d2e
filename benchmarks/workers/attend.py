"""Sparse attention of one system, forward or forward and backward: worker of sparse_attention.py.

    python attend.py SYSTEM OUTPUT.json '{"pattern": {"kind": "Local", "radius": 64}, "length": 4096, "backward": true, ...}'

SYSTEM is "zhnlp", "sdpa" (F.scaled_dot_product_attention with the mask of bools) or "softmax" (products, mask, softmax,
products).  Memory is that of the first call above what lay there with the inputs; a call on 64 positions comes before, so that
what torch sets up once does not count.  The mask of the dense systems is theirs to make, once, and counts as their memory, not
as their time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.measure import cpu_seconds, peak_bytes


def main() -> None:
    system, output, options = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    import torch

    torch.set_num_threads(options["threads"])
    call(system, options, 64)
    inputs = make_inputs(options, options["length"])
    sums = [float(x.detach().sum()) for x in inputs]  # every page of them is there
    Path("/proc/self/clear_refs").write_text("5")  # begin the high-water mark anew
    before = peak_bytes()
    attend, _ = made(system, options, options["length"])
    out, gradients = once(attend, inputs, options["backward"])
    memory = peak_bytes() - before
    seconds = []
    for _ in range(options["repeats"]):
        spent = cpu_seconds()
        once(attend, inputs, options["backward"])
        seconds.append(cpu_seconds() - spent)
    record = {
        "memory": memory,
        "cpu_seconds": min(seconds),
        "runs": seconds,
        "inputs": sums,
        "checks": [sample(x) for x in (out, *gradients)],
    }
    output.write_text(json.dumps(record), encoding="utf-8")


def call(system: str, options: dict, length: int) -> None:
    """One call on other inputs."""
    attend, _ = made(system, options, length)
    once(attend, make_inputs(options, length), options["backward"])


def make_inputs(options: dict, length: int) -> list:
    """Query, key, value and the gradient of the result, each (1, H, L, d)."""
    import torch

    torch.manual_seed(options["seed"])
    shape = (1, options["heads"], length, options["features"])
    return [torch.randn(shape).requires_grad_(options["backward"] and number < 3) for number in range(4)]


def made(system: str, options: dict, length: int):
    """The attention of a system as a function of query, key and value, and its mask."""
    import torch
    import torch.nn.functional as F

    from zhnlp.nn.sparse_attention import pattern_from_dict, sparse_attention

    pattern = pattern_from_dict(options["pattern"])
    if system == "zhnlp":
        return lambda *x: sparse_attention(*x, pattern, causal=options["causal"]), None
    mask = whole_mask(pattern, length, options["causal"])
    if system == "sdpa":
        return lambda *x: F.scaled_dot_product_attention(*x, attn_mask=mask), mask

    def softmax(query, key, value):
        scores = (query * query.shape[-1] ** -0.5) @ key.mT
        return scores.masked_fill(~mask, -torch.inf).softmax(-1) @ value

    return softmax, mask


def whole_mask(pattern, length: int, causal: bool):
    """The mask (L, L), made row by row, so that its making is not what costs memory."""
    import torch

    from zhnlp.nn.sparse_attention import mask_mod

    marks = pattern.marks(length) if hasattr(pattern, "marks") else None
    rule, keys = mask_mod(pattern, marks=marks, causal=causal), torch.arange(length)
    mask = torch.empty(length, length, dtype=torch.bool)
    for row in range(length):
        mask[row] = rule(torch.tensor(0), torch.tensor(0), torch.tensor(row), keys)
    return mask


def once(attend, inputs: list, backward: bool) -> tuple:
    """The result and the gradients of one call."""
    import torch

    *inputs, gradient = inputs
    if not backward:
        with torch.inference_mode():
            return attend(*inputs), ()
    out = attend(*inputs)
    return out.detach(), torch.autograd.grad(out, inputs, gradient)


def sample(x) -> list[float]:
    """Every 9,973rd number, to compare systems by."""
    return x.flatten()[::9973].tolist()


if __name__ == "__main__":
    main()
