"""The head of a reader: where an answer starts and ends, and whether the passage has one.

B batch, L positions, D features.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.nn.attention_pooling import AttentionPooling
from zhnlp.nn.losses.focal import focal

KINDS = ("sigmoid", "softmax")
IGNORED = -100
SCALE = 100.0  # of the focal loss, as in post 6906
LOWEST = -1e5  # logit of a place where nothing may start or end


class AnswerLogits(NamedTuple):
    """What a reader says of B passages.

    Attributes:
        start, end: (B, L); very low in the padding.
        passage: (B,), that the passage has an answer.
    """

    start: Tensor
    end: Tensor
    passage: Tensor


class AnswerHead(nn.Module):
    """Logits of starts and ends, and of the passage by attention pooling; the loss that they learn by.

    ``kind="sigmoid"`` is that of the posts: the chance of a start is σ(start) σ(passage), each place by itself, with focal loss.
    ``kind="softmax"`` shares 1 out over the places of a passage, -ln of what falls on right ones, and the cross-entropy
    of the passage.

    Args:
        size: D.
        kind: see above.
        hidden: features between, with tanh, as 5409 has them; 0 for one linear map, as 6906 has it.
        alpha, gamma: of the focal loss.

    Raises:
        ValueError: ``kind`` is none of these.

    Example:
        >>> head, x = AnswerHead(4), torch.randn(2, 3, 4)
        >>> logits = head(x, torch.tensor([[1, 1, 1], [1, 0, 0]]))
        >>> logits.start.shape, logits.passage.shape, bool(logits.start[1, 1] < -1e4)
        (torch.Size([2, 3]), torch.Size([2]), True)
    """

    def __init__(
        self, size: int, kind: str = "sigmoid", *, hidden: int = 0, alpha: float = 0.25, gamma: float = 2.0
    ):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind got {kind!r}: expected one of {', '.join(KINDS)}")
        self.kind, self.alpha, self.gamma = kind, alpha, gamma
        self.pooling = AttentionPooling(size, min(size, 128))
        self.passage = nn.Linear(size, 1)
        self.inner = nn.Linear(size, 2 * hidden) if hidden else None
        self.spans = nn.ModuleList(nn.Linear(hidden or size, 1) for _ in range(2))

    def forward(self, x: Tensor, mask: Tensor) -> AnswerLogits:
        """Of x (B, L, D) and its mask (B, L), 1 where an answer may start or end."""
        passage = self.passage(self.pooling(x, mask))[:, 0]
        parts = (x, x) if self.inner is None else self.inner(x).tanh().chunk(2, -1)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would tie many of them
            start, end = (
                linear(part.to(linear.weight.dtype))[..., 0].float().masked_fill(mask == 0, LOWEST)
                for linear, part in zip(self.spans, parts)
            )
        return AnswerLogits(start, end, passage.float())

    def loss(self, logits: AnswerLogits, labels: Tensor) -> Tensor:
        """A number ≥ 0.

        Args:
            labels: (B, L, 2), 1 where an answer starts, and ends; 0 elsewhere; -100 where nothing is asked.
        """
        asked = labels != IGNORED
        target = labels.clamp_min(0).float()
        if self.kind == "sigmoid":
            whole = F.logsigmoid(logits.passage)[:, None, None]
            log_chance = F.logsigmoid(torch.stack((logits.start, logits.end), -1)) + whole  # (B, L, 2)
            return SCALE * focal(log_chance, target, asked, alpha=self.alpha, gamma=self.gamma)
        answered = target[..., 0].amax(1)  # (B,)
        whole = F.binary_cross_entropy_with_logits(logits.passage, answered)
        log_chance = torch.stack((logits.start, logits.end), -1).log_softmax(1)
        right = torch.where(target > 0, log_chance, log_chance.new_full((), LOWEST)).logsumexp(1)  # (B, 2)
        right = right.masked_fill(answered[:, None] == 0, 0)
        return whole - right.sum() / answered.sum().clamp_min(1)
