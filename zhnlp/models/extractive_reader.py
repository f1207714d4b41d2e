"""Any encoder with the head of a reader: [CLS] question [SEP] passage [SEP] in, start, end and passage out.

In place of the head alone there may be a whole DGCNN, which then reads the encoder's states beside its own embedding.

B batch, L positions, D hidden, F features.
"""

from __future__ import annotations

import copy
from typing import Any

import transformers
from torch import Tensor, nn

from zhnlp.models.dgcnn_reader import DGCNNConfig, DGCNNReader
from zhnlp.models.inference import RoFormerModel
from zhnlp.models.roformer import encode
from zhnlp.models.sparse_layers import restore
from zhnlp.nn.answer_head import AnswerHead, AnswerLogits
from zhnlp.nn.byte_dropout import ByteDropout


class ExtractiveReader(transformers.PreTrainedModel):
    """An encoder under an `AnswerHead`; ``config.span_kind`` says which kind of one.

    ``config.reading_dgcnn`` are arguments of `DGCNNConfig` for a DGCNN in place of the head (missing: the head alone).  A linear map of
    the states is added to its embedding of the same tokens.

    Example:
        >>> import torch
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        >>> model = ExtractiveReader(transformers.BertConfig(**sizes)).eval()
        >>> found = model(torch.tensor([[1, 5, 2, 6, 7, 2]]), passage_mask=torch.tensor([[0, 0, 0, 1, 1, 0]]))
        >>> found["start"].shape, bool(found["start"][0, 0] < -1e4)
        (torch.Size([1, 6]), True)
    """

    config_class = transformers.PretrainedConfig
    base_model_prefix = "body"
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = True  # as far as the body does

    def __init__(self, config: transformers.PretrainedConfig):
        body = transformers.AutoModel.from_config(copy.deepcopy(config))
        super().__init__(config)
        self.body = restore(body)
        self.dropout = nn.Dropout(0.0)
        kind = config.span_kind = getattr(config, "span_kind", "sigmoid")
        sizes = getattr(config, "reading_dgcnn", None)
        if sizes is None:
            self.head = AnswerHead(config.hidden_size, kind)
        else:
            self.dgcnn = DGCNNReader(DGCNNConfig(**sizes, span_kind=kind))
            self.of_states = nn.Linear(config.hidden_size, self.dgcnn.config.hidden_size)

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing is left to fill: the body is copied in, the head fills itself."""

    def get_input_embeddings(self) -> nn.Module:
        return self.body.get_input_embeddings()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        *,
        passage_mask: Tensor,
        question_mask: Tensor | None = None,
        words: Tensor | None = None,
        features: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """``{"start", "end"}`` (B, L) and ``"passage"`` (B,), logits; with labels the ``"loss"`` too.

        Args:
            input_ids, attention_mask, token_type_ids: (B, L), question and passage.
            passage_mask: (B, L), 1 for tokens of the passage.
            question_mask: (B, L), 1 for tokens of the question; a DGCNN needs it.
            words, features: (B, L) and (B, L, F) for a DGCNN that wants them.
            labels: (B, L, 2), see `AnswerHead.loss`.
        """
        x = self.dropout(self._states(input_ids, attention_mask, token_type_ids))  # (B, L, D)
        if hasattr(self, "dgcnn"):
            units = self.dgcnn.embedding(input_ids, words) + self.of_states(x)
            asked = {"question": units, "question_mask": question_mask}
            told = {"passage": units, "passage_mask": passage_mask, "features": features}
            return self.dgcnn.read(**asked, **told, labels=labels)
        logits = self.head(x, passage_mask)
        found = AnswerLogits(*logits)._asdict()
        return found if labels is None else {"loss": self.head.loss(logits, labels), **found}

    def _states(self, ids: Tensor, mask: Tensor | None, types: Tensor | None) -> Tensor:
        body = self.body
        if type(body) in (transformers.RoFormerModel, RoFormerModel) and body.config.hidden_act == "gelu":
            return encode(body, ids, mask, types)
        more = (
            {}
            if types is None or not getattr(body.config, "type_vocab_size", 0)
            else {"token_type_ids": types}
        )
        return body(input_ids=ids, attention_mask=mask, **more)[0]


def reader_over(
    body: transformers.PreTrainedModel,
    span_kind: str,
    dropout: float,
    *,
    dgcnn: dict[str, Any] | None = None,
) -> ExtractiveReader:
    """An encoder under a new head, in float32; the head is drawn from torch's generator.

    Args:
        body: of `zhnlp.models.loading.load_model` (name, "encoder"); its weights are copied.
        span_kind: see `AnswerHead`.
        dropout: of all dropout layers; what ships was trained without.
        dgcnn: arguments of `DGCNNConfig` but ``vocab_size`` and ``span_kind`` for a DGCNN in place of the head; None for the head alone.
    """
    config = copy.deepcopy(body.config)
    config.span_kind = span_kind
    if dgcnn is not None:
        config.reading_dgcnn = {"vocab_size": config.vocab_size, **dgcnn}
    made = ExtractiveReader(config)
    made.body.load_state_dict(body.state_dict(), strict=False)
    return drop(made, dropout).float()


def drop(reader: ExtractiveReader, share: float) -> ExtractiveReader:
    """Give the encoder and its states a dropout of so much; a DGCNN keeps its own."""
    for name, parent in list(reader.named_modules()):
        for child, module in list(parent.named_children()):
            if isinstance(module, nn.Dropout) and not f"{name}.".startswith("dgcnn."):
                setattr(parent, child, ByteDropout(share))
    return reader
