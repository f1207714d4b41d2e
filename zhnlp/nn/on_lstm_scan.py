"""The recurrence of ON-LSTM over a whole sequence, with a backward pass written by hand.

L positions, B batch, H hidden, N levels of H / N neurons each, G = 4H + 2N.  Time comes first.

With the master gates I and F, one value a level, repeated over its neurons, and ω = I F,

    c = ω (f c₋₁ + i g) + (F − ω) c₋₁ + (I − ω) g = keep c₋₁ + write g
    keep = F − ω (1 − f),  write = I − ω (1 − i),  h = o tanh c

so the scan asks for 1 − i and 1 − f, which are sigmoids of the negated logits.  A running sum that is repeated is a product
with a matrix of zeros and ones, so both master gates cost one small product a step.  The backward pass is linear in what
arrives at c: its factors are made for several steps at a time, and a step is two products and six passes over (B, H).

Source: 苏剑林, https://kexue.fm/archives/6621; Shen et al. 2019, https://arxiv.org/abs/1810.09536
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_TOGETHER = (
    2**15
)  # numbers of a (B, H) slice times the steps whose factors are made at once: they stay in the cache


def scan(
    x: Tensor, state: tuple[Tensor, Tensor], weight: Tensor, sums: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states (L, B, H), the last cells (B, H), and the softmax of the master gates (L, B, 2, N), without gradient.

    The products are of the type of ``x``; gates and cells are at least float32.  A second derivative is refused.

    Args:
        x: (L, B, G), the part of the logits that the input gives: of 1 − i, 1 − f, g, o, then of the master input and
            forget gates.
        state: hidden and cell before the first step, 2 × (B, H).
        weight: (G, H), the recurrent one, rows as in ``x``.
        sums: (2, N, H) of `level_sums`.

    Example:
        >>> x, zero = torch.zeros(3, 2, 4 * 4 + 2 * 2), torch.zeros(2, 4)
        >>> hidden, cell, shares = scan(x, (zero, zero), torch.zeros(20, 4), level_sums(2, 4))
        >>> hidden.shape, shares.shape
        (torch.Size([3, 2, 4]), torch.Size([3, 2, 2, 2]))
    """
    kind = torch.promote_types(x.dtype, torch.float32)
    with torch.autocast(x.device.type, enabled=False):
        hidden, cell = (one.to(kind) for one in state)
        return _Scan.apply(x, hidden, cell, weight.to(x.dtype), sums.to(x.device, kind))


def level_sums(levels: int, hidden: int, *, strict: bool = False) -> Tensor:
    """The matrices (2, N, H) that make the master input and forget gates of their softmaxes, and repeat each over its level.

    The forget gate of a level is the sum of all softmaxes up to its own, so it rises; the input gate is the sum from its own on,
    so it falls, with ``strict`` from the next one on, which is 1 less the running sum.

    Example:
        >>> level_sums(2, 4).int().tolist()
        [[[1, 1, 0, 0], [1, 1, 1, 1]], [[1, 1, 1, 1], [0, 0, 1, 1]]]
    """
    ones = torch.ones(levels, levels)
    return torch.stack((ones.tril(-1 if strict else 0), ones.triu())).repeat_interleave(hidden // levels, -1)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, hidden: Tensor, cell: Tensor, weight: Tensor, sums: Tensor) -> Any:
        (length, batch, width), (size, levels) = x.shape, (hidden.shape[1], sums.shape[1])
        new, low = hidden.new_empty, x.dtype != hidden.dtype
        gates, shares = new(length, batch, width), new(length, batch, 2, levels)
        masters, ways = new(length, batch, 2, size), new(length, batch, 2, size)  # (I, F), (write, keep)
        cells, hiddens = new(length + 1, batch, size), new(length + 1, batch, size)
        squashed, overlap = new(length, batch, size), new(batch, 1, size)  # tanh c, ω
        given = x.new_empty(length, batch, size) if low else hiddens[:-1]  # h₋₁ as the products read it
        cells[0], hiddens[0] = cell, hidden
        if low:
            gates.copy_(x)
        turned, spread = weight.T.contiguous(), torch.block_diag(*sums)  # (H, G), (2N, 2H)
        closed, g, o, logits = _split(gates, size, levels)
        steps = zip(
            *(part.unbind() for part in (x, given, hiddens[:-1], gates, closed, g, o, logits)),
            *(part.unbind() for part in (shares, shares.flatten(2), masters.flatten(2))),
            *(part.unbind() for part in (masters, masters[:, :, :1], masters[:, :, 1:])),
            *(part.unbind() for part in (ways, ways[:, :, 0], ways[:, :, 1], squashed)),
            *(part.unbind() for part in (cells[:-1], cells[1:], hiddens[1:])),
        )
        for (
            x_t, given_t, h, gates_t, closed_t, g_t, o_t, logits_t, shares_t, flat, flat_masters, masters_t, in_t, forget_t,
            ways_t, write, keep, squashed_t, c, c_next, h_next,
        ) in steps:  # fmt: skip
            if low:
                gates_t.add_(torch.mm(given_t.copy_(h), turned))
            else:
                torch.addmm(x_t, given_t, turned, out=gates_t)
            closed_t.sigmoid_()
            g_t.tanh_()
            o_t.sigmoid_()
            torch.softmax(logits_t, -1, out=shares_t)
            torch.mm(flat, spread, out=flat_masters)
            torch.mul(in_t, forget_t, out=overlap)
            torch.addcmul(masters_t, closed_t, overlap, value=-1, out=ways_t)
            torch.mul(keep, c, out=c_next).addcmul_(write, g_t)
            torch.tanh(c_next, out=squashed_t)
            torch.mul(o_t, squashed_t, out=h_next)
        ctx.save_for_backward(
            gates, shares, masters, ways, cells, squashed, given, weight, spread.T.contiguous()
        )
        ctx.mark_non_differentiable(shares)
        return hiddens[1:], cells[-1], shares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_hidden: Tensor, to_cell: Tensor, _: Tensor) -> Any:
        gates, shares, masters, ways, cells, squashed, given, weight, gather = ctx.saved_tensors
        (length, batch, width), (size, levels) = gates.shape, (squashed.shape[2], shares.shape[3])
        slopes, of_output, of_cell = _slopes(gates, masters, ways, cells, squashed)
        to_x = given.new_empty(length, batch, width)
        low = to_x.dtype != gates.dtype
        to_logits = gates.new_empty(1, batch, width).expand(length, -1, -1) if low else to_x
        inner, to_o, outer = to_logits.split((3 * size, size, 2 * levels), -1)
        inner, outer = inner.unflatten(-1, (3, size)), outer.unflatten(-1, (2, levels))
        to_masters, to_shares = gates.new_empty(batch, 2, size), gates.new_empty(batch, 2, levels)
        dh, dc = to_hidden[-1].to(gates.dtype, copy=True), to_cell.to(gates.dtype, copy=True)
        for t in range(length - 1, -1, -1):
            dc.addcmul_(dh, of_cell[t])
            torch.mul(dh, of_output[t], out=to_o[t])
            wide = dc.unsqueeze(1)
            torch.mul(wide, slopes[t, :, :3], out=inner[t])
            torch.mul(wide, slopes[t, :, 3:], out=to_masters)
            torch.mm(to_masters.flatten(1), gather, out=to_shares.flatten(1))
            outer[t].copy_(torch._softmax_backward_data(to_shares, shares[t], -1, shares.dtype))
            dc.mul_(ways[t, :, 1])
            if low:
                dh = torch.mm(to_x[t].copy_(to_logits[t]), weight).to(gates.dtype)
            if t and low:
                dh.add_(to_hidden[t - 1])
            elif t:
                torch.addmm(to_hidden[t - 1], to_x[t], weight, out=dh)
            elif not low:
                dh = torch.mm(to_x[0], weight)
        to_weight = to_x.flatten(0, 1).T @ given.flatten(0, 1)
        return to_x, dh, dc, to_weight, None


def _split(gates: Tensor, size: int, levels: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Views of 1 − i and 1 − f (L, B, 2, H), of g and o (L, B, H), and of the logits of the master gates (L, B, 2, N)."""
    closed, g, o, masters = gates.split((2 * size, size, size, 2 * levels), -1)
    return closed.unflatten(-1, (2, size)), g, o, masters.unflatten(-1, (2, levels))


def _slopes(
    gates: Tensor, masters: Tensor, ways: Tensor, cells: Tensor, squashed: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What a gradient at c is multiplied by to reach the logits of 1 − i, 1 − f, g and the master gates I, F: (L, B, 5, H);
    what one at h is multiplied by to reach the logit of o, and to reach c: 2 × (L, B, H)."""
    length, batch, size = squashed.shape
    slopes = gates.new_empty(length, batch, 5, size)
    of_output, of_cell = torch.empty_like(squashed), torch.empty_like(squashed)
    closed, g, o, _ = _split(gates, size, (gates.shape[2] - 4 * size) // 2)
    one, steps = gates.new_ones(()), max(1, _TOGETHER // max(1, batch * size))
    for begin in range(0, length, steps):
        at = slice(begin, begin + steps)
        let_in = torch.stack((g[at], cells[:-1][at]), 2)  # (l, B, 2, H): what i and f, or I and F, let in
        shut = let_in * closed[at]
        overlap = masters[at, :, :1] * masters[at, :, 1:]
        torch.mul(torch.addcmul(shut, shut, closed[at], value=-1), overlap.neg_(), out=slopes[at, :, :2])
        torch.mul(ways[at, :, 0], torch.addcmul(one, g[at], g[at], value=-1), out=slopes[at, :, 2])
        torch.addcmul(let_in, masters[at].flip(2), shut.sum(2, keepdim=True), value=-1, out=slopes[at, :, 3:])
        opened = o[at] * squashed[at]
        torch.addcmul(opened, opened, o[at], value=-1, out=of_output[at])
        torch.addcmul(o[at], opened, squashed[at], value=-1, out=of_cell[at])
    return slopes, of_output, of_cell
