"""Attention tile by tile: what is kept of a query is its mean of values so far and the logarithm of its sum of exponentials.

B batch, H heads, L positions, G groups, Q queries and K keys of a tile, d features a head.

Parts of the keys merge exactly: with s₁ and s₂ the sums of two disjoint parts the mean is (s₁ o₁ + s₂ o₂) / (s₁ + s₂).  The
gradient computes each tile's chances again from the whole sum, so nothing of the size of the scores is kept.

Source: Dao et al. 2022, https://arxiv.org/abs/2205.14135; Milakov and Gimelshein 2018, https://arxiv.org/abs/1805.02867
"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.sparse_attention.plan import Plan


def tiled_attention(
    query: Tensor, key: Tensor, value: Tensor, plan: Plan, *, scale: float, dropout: float = 0.0
) -> Tensor:
    """Attention (B, H, L, d) of the pairs that the plan's tiles hold; 0 where a query sees no key.

    Scores and sums are float32, float64 for float64.  The gradient is exact; to differentiate it again raises RuntimeError.

    Args:
        query, key, value: (B, H, L, d).
        plan: for texts of L positions.
        scale: of the products.
        dropout: share of the chances that is dropped; drawn from torch's generator of the CPU.
    """
    seed = int(torch.randint(2**62, ())) if dropout else None
    return _Tiled.apply(query, key, value, plan, scale, dropout, seed)


class _Tiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query, key, value, plan, scale, dropout, seed):
        exact = torch.promote_types(query.dtype, torch.float32)
        out = torch.zeros_like(query, dtype=exact)
        # the logarithm of a query's sum: (B, H, L, 1)
        total = torch.full((*query.shape[:3], 1), -torch.inf, dtype=exact, device=query.device)
        drops = _Drops(dropout, seed, query.device)
        with torch.autocast(query.device.type, enabled=False):
            for tile in plan.tiles():
                rows, columns = tile.queries, tile.keys
                scores = tile.scores(rows.take(query).to(exact) * scale, columns.take(key).to(exact))
                # finite also where a query sees nothing
                top = scores.amax(-1, keepdim=True).clamp_min_(torch.finfo(exact).min)
                chances = scores.sub_(top).exp_()
                before = rows.take(total)
                after = torch.logaddexp(before, top + chances.sum(-1, keepdim=True).log())
                base = after.masked_fill(after == -torch.inf, 0.0)
                part = drops.thin(chances) @ columns.take(value).to(exact)
                part.mul_((top - base).exp_()).addcmul_(rows.take(out), (before - base).exp_())
                rows.put(out, part)
                rows.put(total, after)
        total.masked_fill_(total == -torch.inf, 0.0)
        result = out.to(query.dtype)
        ctx.save_for_backward(query, key, value, result, total)
        ctx.plan, ctx.scale, ctx.dropout, ctx.seed = plan, scale, dropout, seed
        return result

    @staticmethod
    def backward(ctx, gradient):
        if torch.is_grad_enabled():
            raise RuntimeError(
                "the gradient of sparse attention cannot be differentiated again (create_graph=True), as a gradient penalty asks. "
                "Next: the perturbation itself, such as FGM, or backend='dense' with torch.nn.attention.SDPBackend.MATH"
            )
        query, key, value, out, total = ctx.saved_tensors
        exact, scale = total.dtype, ctx.scale
        to_query, to_key, to_value = (torch.zeros_like(x, dtype=exact) for x in (query, key, value))
        drops = _Drops(ctx.dropout, ctx.seed, query.device)
        with torch.autocast(query.device.type, enabled=False):
            for tile in ctx.plan.tiles():
                rows, columns = tile.queries, tile.keys
                asking, wanted = rows.take(query).to(exact) * scale, rows.take(gradient).to(exact)
                seen = columns.take(key).to(exact)
                chances = tile.scores(asking, seen).sub_(rows.take(total)).exp_()
                kept = drops.draw(chances)
                thinned = chances if kept is None else chances * kept
                columns.add(to_value, thinned.mT @ wanted)
                slope = wanted @ columns.take(value).to(exact).mT
                if kept is not None:
                    slope.mul_(kept)
                # less Σ chance · its gradient over all keys, which is the result times its own
                slope.sub_((wanted * rows.take(out)).sum(-1, keepdim=True)).mul_(chances)
                rows.add(to_query, (slope @ seen).mul_(scale))
                columns.add(to_key, slope.mT @ asking)
        gradients = (to.to(x.dtype) for to, x in ((to_query, query), (to_key, key), (to_value, value)))
        return *gradients, None, None, None, None


class _Drops:
    """Which chances are dropped, the same in both passes since tiles come in the same order."""

    def __init__(self, rate: float, seed: int | None, device: torch.device):
        self.rate = rate
        self.generator = None if seed is None else torch.Generator(device).manual_seed(seed)

    def draw(self, chances: Tensor) -> Tensor | None:
        """Factors 0 or 1 / (1 - rate) of the shape of the chances; None where nothing is dropped."""
        if self.generator is None:
            return None
        kept = torch.rand(chances.shape, generator=self.generator, device=chances.device) >= self.rate
        return kept.to(chances.dtype) / (1 - self.rate)

    def thin(self, chances: Tensor) -> Tensor:
        """The chances that are left, made larger."""
        kept = self.draw(chances)
        return chances if kept is None else chances * kept
