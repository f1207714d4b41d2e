"""Coverage: a hypothesis pays for positions of the source that it has not attended to.

N rows, S positions of the source.

Source: Wu et al. 2016, https://arxiv.org/abs/1609.08144 (GNMT, equation 14)
"""

from __future__ import annotations

from torch import Tensor

LEAST = 1e-6  # share that a position counts as having, so that one that was never seen costs 13.8 nats and not infinity


def coverage_penalty(attended: Tensor, mask: Tensor | None = None) -> Tensor:
    """-Σ log(min(attention that a position got, 1)) over the positions of the source, (N,), 0 or more, in nats.

    Args:
        attended: (N, S) attention summed over the steps.
        mask: (N, S), true where the source is real; None for everywhere.

    Example:
        >>> import torch
        >>> coverage_penalty(torch.tensor([[1.5, 0.5, 1.0]]))  # only the second is wanting, ln 2
        tensor([0.6931])
    """
    wanting = attended.clamp(LEAST, 1.0).log()
    if mask is not None:
        wanting = wanting.masked_fill(mask == 0, 0.0)
    return wanting.sum(-1).neg()


class Coverage:
    """The attention that each hypothesis has paid so far.

    Args:
        mask: (B, S) of the sources; None for no padding.
    """

    def __init__(self, mask: Tensor | None):
        self.mask = mask
        self.attended: Tensor | None = None

    def add(self, attention: Tensor | None) -> None:
        """Add the attention (N, S) of a step.

        Raises:
            ValueError: the step gives none, or another number of positions than the mask.
        """
        if attention is None:
            raise ValueError(
                "coverage= needs the attention of each step, and this step gives none: expected StepOutput(logits, cache, "
                "attention). Next: coverage=0, or a model that has a source"
            )
        if self.mask is not None and self.mask.shape != attention.shape:
            raise ValueError(
                f"source_mask is {tuple(self.mask.shape)} where the attention is {tuple(attention.shape)}: expected the same shape"
            )
        attention = attention.float()
        self.attended = attention if self.attended is None else self.attended + attention

    def penalty(self) -> Tensor:
        """(N,)."""
        return coverage_penalty(self.attended, self.mask)

    def select(self, rows: Tensor) -> None:
        """Keep these hypotheses, in this order."""
        self.attended = self.attended.index_select(0, rows)
        if self.mask is not None:
            self.mask = self.mask.index_select(0, rows)
