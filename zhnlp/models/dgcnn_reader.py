"""DGCNN: gated dilated convolutions that read a passage for the answer to a question, without attention layers or recurrence.

B batch, Q units of the question, L of the passage, D hidden, F features, W words.  A unit is a character (post 6906) or a word
(post 5409).

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel

from zhnlp.nn.answer_head import AnswerHead, AnswerLogits
from zhnlp.nn.attention_pooling import AttentionPooling
from zhnlp.nn.gated_convolution import GatedConvStack
from zhnlp.nn.mixed_embedding import MixedEmbedding
from zhnlp.nn.position_embedding import sinusoidal_positions

FORMS = {
    "5409": {
        "features": 8,
        "positions": 128,
        "gate_noise": 0.1,
        "gate_dropout": 0.0,
        "head_hidden": 64,
    },
    "6906": {"features": 0, "positions": 0, "gate_noise": 0.0, "gate_dropout": 0.1, "head_hidden": 0},
}


class DGCNNConfig(PretrainedConfig):
    """Sizes of the network.

    Args:
        vocab_size: units with an embedding that is learnt, 0 for padding.
        hidden_size: D.
        words, word_size: W and the numbers of a word's vector, which is frozen; 0 for none.
        features: F, given from outside for each unit of the passage.
        positions: features of sinusoidal positions beside each unit; even, 0 for none.
        question_rates, passage_rates: dilations of the convolutions.
        gate_noise, gate_dropout: see `zhnlp.nn.gated_convolution.GatedConv`.
        dropout: of the embedding.
        span_kind: "sigmoid" or "softmax", see `zhnlp.nn.answer_head.AnswerHead`.
        head_hidden, alpha, gamma: see there.

    Raises:
        ValueError: a size that cannot be.

    Example:
        >>> DGCNNConfig.of_form("5409", vocab_size=3, words=100, word_size=128).features
        8
    """

    model_type = "dgcnn-reader"

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_size: int = 128,
        words: int = 0,
        word_size: int = 0,
        features: int = 0,
        positions: int = 0,
        question_rates: Sequence[int] = (1, 2, 1),
        passage_rates: Sequence[int] = (1, 2, 4, 8, 16, 1),
        gate_noise: float = 0.0,
        gate_dropout: float = 0.1,
        dropout: float = 0.1,
        span_kind: str = "sigmoid",
        head_hidden: int = 0,
        alpha: float = 0.25,
        gamma: float = 2.0,
        **options: Any,
    ):
        if (
            min(vocab_size, hidden_size) < 1
            or min(words, word_size, features, positions) < 0
            or bool(words) != bool(word_size)
        ):
            raise ValueError(
                f"vocab_size={vocab_size}, hidden_size={hidden_size}, words={words}, word_size={word_size}, features={features}, "
                f"positions={positions} do not fit: expected sizes of 1 or more, and words with a word_size or neither"
            )
        self.vocab_size, self.hidden_size, self.words, self.word_size = (
            vocab_size,
            hidden_size,
            words,
            word_size,
        )
        self.features, self.positions = features, positions
        self.question_rates, self.passage_rates = list(question_rates), list(passage_rates)
        self.gate_noise, self.gate_dropout, self.dropout = gate_noise, gate_dropout, dropout
        self.span_kind, self.head_hidden, self.alpha, self.gamma = span_kind, head_hidden, alpha, gamma
        super().__init__(**options)

    @classmethod
    def arguments(cls) -> set[str]:
        """Names of its own arguments."""
        return inspect.signature(cls.__init__).parameters.keys() - {"self", "options"}

    def sizes(self) -> dict[str, Any]:
        """Arguments that make the same network over another vocabulary."""
        return {name: getattr(self, name) for name in sorted(self.arguments() - {"vocab_size", "span_kind"})}

    @classmethod
    def of_form(cls, form: str, **sizes: Any) -> DGCNNConfig:
        """The network of post "5409" (words, hand features, positions, noise in the gates) or "6906" (characters, dropout in the gates).

        Raises:
            ValueError: there is no such form.
        """
        if form not in FORMS:
            raise ValueError(f"form got {form!r}: expected one of {', '.join(FORMS)}, the posts")
        return cls(**{**FORMS[form], **sizes})


class DGCNNReader(PreTrainedModel):
    """Question to one vector, which stands beside every unit of the passage; gated convolutions; start, end, passage.

    Example:
        >>> model = DGCNNReader(DGCNNConfig(vocab_size=9, hidden_size=8)).eval()
        >>> question, passage = torch.tensor([[3, 4]]), torch.tensor([[5, 6, 7]])
        >>> found = model(question, torch.ones(1, 2), passage, torch.ones(1, 3))
        >>> found["start"].shape, found["passage"].shape
        (torch.Size([1, 3]), torch.Size([1]))
    """

    config_class = DGCNNConfig
    base_model_prefix = "reader"
    main_input_name = "passage_ids"

    def __init__(self, config: DGCNNConfig):
        super().__init__(config)
        size, gates = config.hidden_size, {"noise": config.gate_noise, "dropout": config.gate_dropout}
        self.embedding = MixedEmbedding(
            config.vocab_size, size, words=config.words, word_size=config.word_size, dropout=config.dropout
        )
        self.question_layers = GatedConvStack(size, config.question_rates, **gates)
        self.question_pooling = AttentionPooling(size)
        # Linear of (unit | question | position | features), a part each: the question is the same for all units.
        self.of_unit = nn.Linear(size, size, bias=False)
        self.of_question = nn.Linear(size, size, bias=False)
        beside = config.positions + config.features
        self.of_rest = nn.Linear(beside, size, bias=False) if beside else None
        self.passage_layers = GatedConvStack(size, config.passage_rates, **gates)
        self.head = AnswerHead(
            2 * size,
            config.span_kind,
            hidden=config.head_hidden,
            alpha=config.alpha,
            gamma=config.gamma,
        )
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Layers begin as torch fills them, embeddings small."""
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)
            with torch.no_grad():
                module.weight[0].zero_()

    def forward(
        self,
        question_ids: Tensor,
        question_mask: Tensor,
        passage_ids: Tensor,
        passage_mask: Tensor,
        *,
        question_words: Tensor | None = None,
        passage_words: Tensor | None = None,
        features: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """``{"start", "end"}`` (B, L) and ``"passage"`` (B,), logits; with labels the ``"loss"`` too.

        Args:
            question_ids, question_words: (B, Q), see `MixedEmbedding`.
            passage_ids, passage_words: (B, L).
            question_mask, passage_mask: 1 for real units.
            features: (B, L, F).
            labels: (B, L, 2), see `AnswerHead.loss`.
        """
        question = self.embedding(question_ids, question_words)
        passage = self.embedding(passage_ids, passage_words)
        return self.read(question, question_mask, passage, passage_mask, features=features, labels=labels)

    def read(
        self,
        question: Tensor,
        question_mask: Tensor,
        passage: Tensor,
        passage_mask: Tensor,
        *,
        features: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """What `forward` does behind the embedding.

        Args:
            question: (B, Q, D), vectors of units.
            passage: (B, L, D).
        """
        question = self.question(question, question_mask)
        x = self.of_unit(passage) + self.of_question(question)[:, None]
        if self.of_rest is not None:
            x = x + self.of_rest(self._beside(x, features))
        x = self.passage_layers(x, passage_mask)  # (B, L, D)
        x = torch.cat((x, question[:, None].expand_as(x)), -1)  # (B, L, 2 D)
        logits = self.head(x, passage_mask)
        found = AnswerLogits(*logits)._asdict()
        return found if labels is None else {"loss": self.head.loss(logits, labels), **found}

    def question(self, units: Tensor, mask: Tensor) -> Tensor:
        """(B, D) of the vectors of units, (B, Q, D)."""
        return self.question_pooling(self.question_layers(units, mask), mask)

    def _beside(self, x: Tensor, features: Tensor | None) -> Tensor:
        """Positions and features of each unit, (B, L, positions + F)."""
        parts, (batch, length, _) = [], x.shape
        if self.config.positions:
            table = sinusoidal_positions(length, self.config.positions, device=x.device).to(x)
            parts.append(table.expand(batch, -1, -1))
        if self.config.features:
            if features is None or features.shape != (batch, length, self.config.features):
                got = None if features is None else tuple(features.shape)
                raise ValueError(
                    f"features got {got}: expected {(batch, length, self.config.features)}, those of hand_features"
                )
            parts.append(features.to(x))
        return torch.cat(parts, -1)


def register() -> None:
    """Make the network known to transformers' AutoConfig."""
    AutoConfig.register(DGCNNConfig.model_type, DGCNNConfig, exist_ok=True)
