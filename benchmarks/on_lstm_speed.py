"""ON-LSTM's scan beside the same cell in a Python loop, and beside torch's LSTM, which has no levels: forward and backward.

    python benchmarks/on_lstm_speed.py --save                   # one thread, two minutes
    python benchmarks/on_lstm_speed.py --hidden 128 --batch 64 --length 32    # the sizes of the post

zhnlp        `zhnlp.nn.on_lstm.ONLSTM`
loop         a module of the post's equations, called once a step: one Linear of x and one of h for all gates
loop, gates  the same with a Linear of x and one of h for each of the six gates
torch        ``nn.LSTM``, for what the fused kernel of an LSTM takes: about the least that these products can

The loops have zhnlp's weights, and ``difference`` says how far their outputs are from it.  Each system is run in float32 and
under bf16 autocast, where zhnlp keeps gates and cells in float32.  Systems take turns; the best of ``--repeats`` counts, in CPU
seconds of one thread.  Bar: 5 times faster than the loop; in float32 the products alone, which both need, take more than a
fifth of the loop, so not even torch's LSTM gets there.

Source: https://kexue.fm/archives/6621
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version

import torch
from harness.report import Report, command
from torch import Tensor, nn

from zhnlp.nn.on_lstm import ONLSTM


class Cell(nn.Module):
    """One step as the post writes it; logits of i, f, g, o, and of both master gates from ``x`` and ``h``."""

    def __init__(self, size: int, hidden: int, levels: int):
        super().__init__()
        self.sizes = [hidden] * 4 + [levels] * 2
        self.x, self.h = nn.Linear(size, sum(self.sizes)), nn.Linear(hidden, sum(self.sizes), bias=False)

    def logits(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        return (self.x(x) + self.h(h)).split(self.sizes, -1)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o, master_in, master_forget = self.logits(x, h)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        chunk = self.sizes[0] // self.sizes[-1]
        let_in = master_in.softmax(-1).flip(-1).cumsum(-1).flip(-1).repeat_interleave(chunk, -1)
        forget = master_forget.softmax(-1).cumsum(-1).repeat_interleave(chunk, -1)
        overlap = forget * let_in
        c = overlap * (f * c + i * g) + (forget - overlap) * c + (let_in - overlap) * g
        return o * c.tanh(), c


class GateCell(Cell):
    """The same with two products a gate."""

    def __init__(self, size: int, hidden: int, levels: int):
        super().__init__(size, hidden, levels)
        del self.x, self.h
        self.of_x = nn.ModuleList(nn.Linear(size, width) for width in self.sizes)
        self.of_h = nn.ModuleList(nn.Linear(hidden, width, bias=False) for width in self.sizes)

    def logits(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        return tuple(one(x) + other(h) for one, other in zip(self.of_x, self.of_h))


class Loop(nn.Module):
    """A cell from left to right."""

    def __init__(self, cell: Cell):
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h = c = x.new_zeros(len(x), self.cell.sizes[0])
        outputs = []
        for step in x.unbind(1):
            h, c = self.cell(step, h, c)
            outputs.append(h)
        return torch.stack(outputs, 1), (h, c)


@torch.no_grad()
def systems(size: int, hidden: int, levels: int) -> dict[str, nn.Module]:
    """The four, the first three with the same weights."""
    ours = ONLSTM(size, hidden, levels=levels)
    cell, gate_cell = Cell(size, hidden, levels), GateCell(size, hidden, levels)
    of_x = torch.cat((ours.weight_ih_l0, ours.master_ih_l0))
    of_h = torch.cat((ours.weight_hh_l0, ours.master_hh_l0))
    bias = torch.cat((ours.bias_ih_l0 + ours.bias_hh_l0, ours.master_bias_l0))
    cell.x.weight.copy_(of_x), cell.x.bias.copy_(bias), cell.h.weight.copy_(of_h)
    for linear, weight, shift in zip(gate_cell.of_x, of_x.split(cell.sizes), bias.split(cell.sizes)):
        linear.weight.copy_(weight), linear.bias.copy_(shift)
    for linear, weight in zip(gate_cell.of_h, of_h.split(cell.sizes)):
        linear.weight.copy_(weight)
    lstm = nn.LSTM(size, hidden, batch_first=True)
    return {"zhnlp": ours, "loop": Loop(cell), "loop, gates": Loop(gate_cell), "torch": lstm}


def timed(model: nn.Module, x: Tensor, low: bool) -> Callable[[], tuple[float, float, Tensor]]:
    """CPU seconds of the forward and of both passes, and the output."""

    def run() -> tuple[float, float, Tensor]:
        given = x.clone().requires_grad_()
        begun = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            output, _ = model(given)
        there = time.process_time()
        output.backward(torch.ones_like(output))
        done = time.process_time()
        model.zero_grad()
        return there - begun, done - begun, output.detach().float()

    return run


def main() -> None:
    parser = command(__doc__, seed=0)
    add = parser.add_argument
    add("--batch", type=int, default=32, help="rows (default: %(default)s)")
    add("--length", type=int, default=64, help="steps (default: %(default)s)")
    add("--hidden", type=int, default=256, help="features in and out (default: %(default)s)")
    add("--levels", type=int, default=16, help="(default: %(default)s)")
    add("--repeats", type=int, default=9, help="runs that count (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    columns = {
        "precision": "precision", "system": "system", "forward, CPU ms": "forward_ms", "both, CPU ms": "cpu_ms",
        "÷ zhnlp": "ratio", "difference": "difference",
    }  # fmt: skip
    report = Report("on_lstm_speed", columns)
    x = torch.randn(options.batch, options.length, options.hidden)
    models = systems(options.hidden, options.hidden, options.levels)
    for precision in ("float32", "bf16 autocast"):
        runs = {name: timed(model, x, precision != "float32") for name, model in models.items()}
        ahead, both, outputs = {}, {}, {}
        for turn in range(options.repeats + 1):
            for name, run in runs.items():
                forward, all_, outputs[name] = run()
                if turn:  # the first run warms up
                    ahead[name] = min(ahead.get(name, forward), forward)
                    both[name] = min(both.get(name, all_), all_)
        for name in runs:
            same = name != "torch"
            report.add(
                system=name,
                precision=precision,
                forward_ms=round(1000 * ahead[name], 1),
                cpu_ms=round(1000 * both[name], 1),
                ratio=round(both[name] / both["zhnlp"], 2),
                difference=float((outputs[name] - outputs["zhnlp"]).abs().max()) if same else None,
                batch=options.batch,
                length=options.length,
                hidden=options.hidden,
                levels=options.levels,
                seed=options.seed,
                torch=version("torch"),
            )
    report.finish(
        options.save,
        f"{options.batch} rows of {options.length} steps, {options.hidden} features, {options.levels} levels, one thread, best of "
        f"{options.repeats} runs in turns. Bar: 5 times faster than the loop.",
    )


if __name__ == "__main__":
    main()
