"""`ContrastiveClassifier` as a network with logits: its encoder, the mean of the states, and its logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from zhnlp.few_shot.baselines.contrastive import ContrastiveClassifier


class EncoderWithHead(nn.Module):
    """Called like a sequence classifier; the probabilities of its logits (B, C) are those of the classifier.

    Of two classes the logits are −z/2 and z/2, z the margin of the logistic regression.

    Args:
        classifier: fitted.
    """

    def __init__(self, classifier: ContrastiveClassifier):
        super().__init__()
        self.body = classifier.encoder_
        self.config = self.body.config
        device = next(self.body.parameters()).device
        self.register_buffer(
            "weight", torch.tensor(classifier.head_.coef_, dtype=torch.float32, device=device)
        )
        self.register_buffer(
            "bias", torch.tensor(classifier.head_.intercept_, dtype=torch.float32, device=device)
        )
        self.train(self.body.training)

    def get_input_embeddings(self) -> nn.Module:
        return self.body.get_input_embeddings()

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor, **options: Any) -> Tensor:
        from zhnlp.few_shot.baselines.networks import mean_states

        states = mean_states(
            self.body, None, attention_mask, inputs_embeds=inputs_embeds, **options
        )  # (B, D)
        margins = states @ self.weight.T + self.bias  # (B, C), or (B, 1) for two classes
        return torch.cat([-margins / 2, margins / 2], 1) if margins.shape[1] == 1 else margins
