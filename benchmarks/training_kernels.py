"""The two kernels under the training of our small models, beside the usual form: loss over the vocabulary, rotary turn.

    python benchmarks/training_kernels.py --save            # one thread, half a minute

loss: hidden states (N, 256) in bf16 against 7,354 characters, forward and backward; usual is ``F.linear`` and
``F.cross_entropy`` over full logits under the same autocast. rotary: queries and keys of 32 rows of 128 tokens, 4 heads,
forward and backward; usual is transformers' ``apply_rotary_pos_emb``. Systems take turns ``--repeats`` times in one
process; the best counts, in CPU seconds, which a busy machine stretches least.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from harness.report import Report, command
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb

from zhnlp.nn.losses.linear_cross_entropy import linear_cross_entropy
from zhnlp.nn.rotary import rotary_angles, turn

WIDTH, VOCABULARY, ROWS, LENGTH, HEADS = 256, 7354, 32, 128, 4


def losses(positions: int) -> dict[str, Callable[[], float]]:
    """The loss both ways, on the same numbers."""
    hidden = torch.randn(positions, WIDTH).bfloat16().requires_grad_()
    weight = (torch.randn(VOCABULARY, WIDTH) * 0.05).requires_grad_()
    target = torch.randint(VOCABULARY, (positions,))

    def usual():
        return F.cross_entropy(F.linear(hidden, weight).float(), target)

    def ours():
        return linear_cross_entropy(hidden, weight, target)

    def timed(loss):
        def run():
            with torch.autocast("cpu", torch.bfloat16):
                value = loss()
            value.backward()
            hidden.grad = weight.grad = None
            return value.item()

        return run

    return {"zhnlp": timed(ours), "usual": timed(usual)}


def turns() -> dict[str, Callable[[], float]]:
    """The rotary turn both ways, on the same numbers."""
    size = WIDTH // HEADS
    mixed = torch.randn(ROWS, LENGTH, 2, HEADS, size).bfloat16().requires_grad_()
    cos, sin = (angle.bfloat16() for angle in rotary_angles(LENGTH, size))

    def usual():
        query, key = mixed.permute(2, 0, 3, 1, 4)
        query, key = apply_rotary_pos_emb(query, key, cos[None], sin[None])
        return query + key

    def ours():
        query, key = turn(mixed, cos[:, None, None], sin[:, None, None]).permute(2, 0, 3, 1, 4)
        return query + key

    def timed(rotate):
        def run():
            out = rotate()
            out.backward(torch.ones_like(out))
            mixed.grad = None
            return out.float().mean().item()

        return run

    return {"zhnlp": timed(ours), "usual": timed(usual)}


def main() -> None:
    """Measure and print."""
    parser = command(__doc__, seed=0)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    columns = {"task": "task", "system": "system", "CPU ms": "cpu_ms", "÷ ours": "ratio", "value": "value"}
    report = Report("training_kernels", columns)
    tasks = {"loss, 1,229 positions": losses(1229), "loss, 4,064 positions": losses(4064), "rotary": turns()}
    for task, systems in tasks.items():
        best = dict.fromkeys(systems, float("inf"))
        values = {}
        for _ in range(options.repeats):
            for name, run in systems.items():
                begun = time.process_time()
                values[name] = run()
                best[name] = min(best[name], time.process_time() - begun)
        for name, seconds in best.items():
            report.add(
                system=name,
                task=task,
                cpu_ms=round(1000 * seconds, 1),
                ratio=round(seconds / best["zhnlp"], 2),
                value=round(values[name], 4),
            )
    report.finish(options.save, f"Best of {options.repeats} runs in turns, one thread, bf16.")


if __name__ == "__main__":
    main()
