"""ON-LSTM: an LSTM whose neurons are ordered by level, so that its forget gates say where phrases end.

B batch, L positions, D features, H hidden, N levels, K layers.

A low level is overwritten at every word, a high one lives long.  Two master gates decide from which level on something is
forgotten and up to which it is written; both are running sums of a softmax over the levels, so they are soft steps.

Source: 苏剑林, https://kexue.fm/archives/6621; Shen et al. 2019, https://arxiv.org/abs/1810.09536
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.nn.on_lstm_scan import level_sums, scan

State = tuple[Tensor, Tensor]  # hidden and cell of each layer, 2 × (K, B, H)


def cumax(logits: Tensor) -> Tensor:
    """The running sum of the softmax over the last dimension: rises from above 0 to 1, a soft step.

    Example:
        >>> cumax(torch.zeros(4)).tolist()
        [0.25, 0.5, 0.75, 1.0]

    Source: Shen et al. 2019, https://arxiv.org/abs/1810.09536
    """
    return logits.softmax(-1).cumsum(-1).clamp(max=1)


class ONLSTM(nn.Module):
    """Stands where an `torch.nn.LSTM` stood: the same input, output and state, and the master forget gates beside them.

    With one level both master gates are 1 and it is torch's LSTM to rounding; ``load_state_dict(lstm.state_dict(),
    strict=False)`` takes its weights, also for more levels.  Under autocast the products are in the lower precision, gates
    and cells in float32.  A second derivative is refused (`zhnlp.nn.on_lstm_scan`).

    Args:
        input_size: D.
        hidden_size: H, a multiple of ``levels``.
        num_layers: K, each reads the output of the one below.
        levels: N, 1 or more; each has H / N neurons.
        batch_first: (B, L, D) in and (B, L, H) out; False for (L, B, D) and (L, B, H).
        dropout: share of features left out between layers, 0 to below 1.
        dropconnect: share of the recurrent weights left out in training, one draw a call, 0 to below 1.
        master: "post", the input gate is a sum from its own level on, so that both gates can be 1 in the same level; "paper",
            it is 1 less the running sum, one level shorter, for 2 levels or more.

    Raises:
        ValueError: a size, share or name that cannot be.

    Example:
        >>> lstm, x = ONLSTM(3, 8, num_layers=2, levels=4), torch.randn(5, 7, 3)
        >>> output, (hidden, cell) = lstm(x)
        >>> output.shape, hidden.shape
        (torch.Size([5, 7, 8]), torch.Size([2, 5, 8]))
        >>> lstm.with_gates(x)[2].shape
        torch.Size([2, 5, 7, 4])

    Source: 苏剑林, https://kexue.fm/archives/6621; DropConnect: Merity et al. 2018, https://arxiv.org/abs/1708.02182
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        levels: int,
        batch_first: bool = True,
        dropout: float = 0.0,
        dropconnect: float = 0.0,
        master: Literal["post", "paper"] = "post",
    ):
        super().__init__()
        if min(input_size, hidden_size, num_layers, levels) < 1 or hidden_size % levels:
            raise ValueError(
                f"got input_size={input_size}, hidden_size={hidden_size}, num_layers={num_layers}, levels={levels}: "
                "expected 1 or more of each, and a hidden_size that levels divide"
            )
        for name, share in (("dropout", dropout), ("dropconnect", dropconnect)):
            if not 0 <= share < 1:
                raise ValueError(f"{name}={share!r} is not possible: expected a share from 0 to below 1")
        if master not in ("post", "paper"):
            raise ValueError(f"master={master!r} is unknown: expected 'post' or 'paper'")
        if master == "paper" and levels == 1:
            raise ValueError(
                "the input gate of the paper is 0 in the last level, so one level would never be written: "
                "expected levels=2 or more. Next: master='post', with which one level is an LSTM"
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.levels, self.batch_first, self.master = levels, batch_first, master
        self.dropout, self.dropconnect = dropout, dropconnect
        for layer in range(num_layers):
            for name, shape in self._shapes(input_size if layer == 0 else hidden_size).items():
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        """Those of torch.nn.LSTM (rows i, f, g, o), and those of the master gates (rows I, F)."""
        gates, masters = 4 * self.hidden_size, 2 * self.levels
        return {
            "weight_ih": (gates, size),
            "weight_hh": (gates, self.hidden_size),
            "bias_ih": (gates,),
            "bias_hh": (gates,),
            "master_ih": (masters, size),
            "master_hh": (masters, self.hidden_size),
            "master_bias": (masters,),
        }

    def reset_parameters(self) -> None:
        """As torch.nn.LSTM: uniform within ± 1 / √H."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, L, H) of the last layer, and the hidden and cell of each layer after the last step, 2 × (K, B, H).

        Args:
            x: (B, L, D).
            state: of each layer before the first step, 2 × (K, B, H); None for zeros.

        Raises:
            ValueError: the shapes do not fit.
        """
        output, state, _ = self.with_gates(x, state)
        return output, state

    def with_gates(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State, Tensor]:
        """The same, and the master forget gates (K, B, L, N) in [0, 1], rising over the levels, without gradient.

        `split_distances` makes of them how much is forgotten before each token.
        """
        given = self._hidden_and_cell(x, state)
        y = x.transpose(0, 1) if self.batch_first else x  # (L, B, D)
        hidden, cells, forget = [], [], []
        for layer, before in enumerate(zip(*given)):
            y, cell, shares = scan(*self._product(y, layer, before))
            hidden.append(y[-1])
            cells.append(cell)
            forget.append(shares[:, :, 1].cumsum(-1).clamp_(max=1))  # (L, B, N)
            y = y.to(x.dtype)
            if layer + 1 < self.num_layers:
                y = F.dropout(y, self.dropout, self.training)
        after = torch.stack(hidden).to(x.dtype), torch.stack(cells).to(x.dtype)
        return y.transpose(0, 1) if self.batch_first else y, after, torch.stack(forget).transpose(1, 2)

    def _product(self, y: Tensor, layer: int, before: State) -> tuple[Tensor, State, Tensor, Tensor]:
        """What `scan` is given: the part of the input for all steps in one product, and the recurrent weights."""
        part = {name: getattr(self, f"{name}_l{layer}") for name in self._shapes(0)}
        recurrent = torch.cat((part["weight_hh"], part["master_hh"]))
        recurrent = F.dropout(recurrent, self.dropconnect, self.training)
        weight = torch.cat((part["weight_ih"], part["master_ih"]))
        bias = torch.cat((part["bias_ih"] + part["bias_hh"], part["master_bias"]))
        weight, bias, recurrent = (self._closing(one) for one in (weight, bias, recurrent))
        sums = level_sums(self.levels, self.hidden_size, strict=self.master == "paper")
        return F.linear(y, weight, bias), before, recurrent, sums

    def _closing(self, rows: Tensor) -> Tensor:
        """With the rows of i and f negated: those of 1 − i and 1 − f."""
        closing, others = rows.split((2 * self.hidden_size, len(rows) - 2 * self.hidden_size))
        return torch.cat((-closing, others))

    def _hidden_and_cell(self, x: Tensor, state: State | None) -> State:
        """The state to begin with, after the shapes were looked at."""
        if x.ndim != 3 or x.shape[2] != self.input_size or 0 in x.shape[:2]:
            order = "(batch, length, features)" if self.batch_first else "(length, batch, features)"
            raise ValueError(
                f"x is {tuple(x.shape)}: expected {order} with {self.input_size} features, none of them 0"
            )
        batch = x.shape[0] if self.batch_first else x.shape[1]
        shape = (self.num_layers, batch, self.hidden_size)
        if state is None:
            zeros = x.new_zeros(shape)
            return zeros, zeros
        if len(state) != 2 or any(tuple(one.shape) != shape for one in state):
            raise ValueError(
                f"state is {[tuple(one.shape) for one in state]}: expected hidden and cell, each (layers, batch, hidden) = {shape}"
            )
        return state

    def extra_repr(self) -> str:
        """The sizes, as torch.nn.LSTM shows its own."""
        return f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, levels={self.levels}"


def split_distances(gates: Tensor) -> Tensor:
    """1 − the mean over the levels of the master forget gates, (…, N) → (…) in [0, 1): the expected split level before a token.

    The higher, the more levels are forgotten: a long phrase ends before this token.

    Example:
        >>> split_distances(torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])).tolist()
        [0.5, 0.0]
    """
    return 1 - gates.mean(-1)
