"""A causal transformer over grids of codes, read row by row: what a language model is to text.

B batch, m × m' the grid, L = m m' codes, K kinds of code, W width, H heads.

Source: 苏剑林, https://kexue.fm/archives/6760
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.decoding.generation import generate
from zhnlp.decoding.step import StepOutput
from zhnlp.generative.model import GenerativeModel

Cache = tuple[Tensor, ...]  # keys and values of each layer, (N, H, L, W / H)


class CodePrior(GenerativeModel):
    """log q(codes) = Σ log q(c_i | c_1 … c_{i-1}); a code's place enters by its row and its column.

    Args:
        shape: (m, m').
        size: K.
        width: W, a multiple of ``heads``.
        layers, heads: of the transformer.
        dropout: share set to 0 while training.

    Raises:
        ValueError: a shape that is no grid, a width that heads do not divide.

    Example:
        >>> prior = CodePrior((4, 4), size=32)
        >>> codes = prior.sample(3, seed=0)
        >>> codes.shape, prior.log_prob(codes).shape
        (torch.Size([3, 4, 4]), torch.Size([3]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        size: int,
        *,
        width: int = 96,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ):
        super().__init__(shape)
        if len(self.shape) != 2:
            raise ValueError(f"shape is {self.shape}: expected a grid (m, m') of codes")
        if width % heads:
            raise ValueError(
                f"width={width} is no multiple of heads={heads}. Next: width={heads * (width // heads + 1)}"
            )
        self.size = size
        self.code = nn.Embedding(size + 1, width)  # the last one says that nothing is written yet
        self.row = nn.Parameter(torch.randn(self.shape[0], 1, width) * 0.02)
        self.column = nn.Parameter(torch.randn(1, self.shape[1], width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, size)
        nn.init.normal_(self.code.weight, std=0.02)
        nn.init.zeros_(self.head.weight)  # all codes alike at first
        nn.init.zeros_(self.head.bias)

    @property
    def value_range(self) -> tuple[int, int]:
        """Codes are whole numbers from 0 to K - 1."""
        return 0, self.size - 1

    @property
    def length(self) -> int:
        """L."""
        return self.shape[0] * self.shape[1]

    def logits(self, codes: Tensor) -> Tensor:
        """(B, L, K): at each place, of the code there given those before it; codes (B, m, m')."""
        flat = codes.flatten(1)
        start = flat.new_full((len(flat), 1), self.size)
        return self._read(torch.cat([start, flat[:, :-1]], 1), None)[0]

    def _read(self, tokens: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        """Logits (N, T, K) behind tokens (N, T) that follow what the cache holds, and the cache with them."""
        past = 0 if cache is None else cache[0].shape[2]
        places = (self.row + self.column).flatten(0, 1)[past : past + tokens.shape[1]]
        x = self.code(tokens) + places
        kept: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            x, keys, values = block(x, None if cache is None else cache[2 * number : 2 * number + 2])
            kept += [keys, values]
        return self.head(self.norm(x)), tuple(kept)

    def step(self, tokens: Tensor, cache: Cache | None) -> StepOutput:
        """What `zhnlp.decoding` asks for; tokens begin with the code K."""
        logits, cache = self._read(tokens, cache)
        return StepOutput(logits[:, -1], cache)

    def _nats(self, codes: Tensor) -> Tensor:
        """-log q of each code, (B, L)."""
        return F.cross_entropy(self.logits(codes).mT, codes.flatten(1), reduction="none")

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``: nats of a grid; ``per_code``: of a code."""
        nats = self._nats(x)
        return {"loss": nats.sum(1).mean(), "per_code": nats.mean()}

    def log_prob(self, codes: Tensor) -> Tensor:
        """log q of grids (B, m, m'), (B,) in nats."""
        with self.drawing(None):
            return -self._nats(codes).sum(1)

    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Tensor:
        """``n`` grids (n, m, m') of whole numbers, code by code.

        Args:
            temperature, top_k, top_p: see `zhnlp.decoding.options.DecodingOptions`.
        """
        start = torch.full((n, 1), self.size, device=self.device)
        options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
        with self.drawing(seed):
            written = generate(self.step, start, end=None, max_new_tokens=self.length, sample=True, **options)
        codes = torch.tensor([texts[0].tokens for texts in written], device=self.device)
        return codes.view(n, *self.shape)


class Block(nn.Module):
    """Causal attention and a two-layer network, each behind a norm and beside a shortcut.  (N, T, W) → the same."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, past: Cache | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The next layer's input, and all keys and values (N, H, L, W / H); after a past, T is 1."""
        three = self.queries_keys_values(self.norms[0](x)).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = three.permute(2, 0, 3, 1, 4)  # (N, H, T, W / H) each
        if past is not None:
            keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=past is None)
        x = x + self.dropout(self.mix(seen.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.network(self.norms[1](x))), keys, values
