"""Any encoder with the head of a reader: [CLS] question [SEP] passage [SEP] in, start, end and passage out.

Between them there may be what DGCNN has: features of each position that are given from outside, and gated convolutions.

B batch, L positions, D hidden, F features.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import transformers
from torch import Tensor, nn

from zhnlp.models.inference import RoFormerModel
from zhnlp.models.roformer import encode
from zhnlp.models.sparse_layers import restore
from zhnlp.nn.answer_head import AnswerHead, AnswerLogits
from zhnlp.nn.gated_convolution import GatedConvStack


class ExtractiveReader(transformers.PreTrainedModel):
    """An encoder under an `AnswerHead`; ``config.span_kind`` says which kind of one.

    ``config.reading_features`` is F, added to the states by a linear map (0 or missing: none); ``config.reading_rates`` are the dilations of
    gated convolutions over the sum (empty or missing: none).

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
        size, features = config.hidden_size, getattr(config, "reading_features", 0)
        self.of_features = nn.Linear(features, size, bias=False) if features else None
        rates = getattr(config, "reading_rates", ())
        self.layers = GatedConvStack(size, rates, dropout=0.1) if rates else None
        self.head = AnswerHead(size, getattr(config, "span_kind", "sigmoid"))

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
        features: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """``{"start", "end"}`` (B, L) and ``"passage"`` (B,), logits; with labels the ``"loss"`` too.

        Args:
            input_ids, attention_mask, token_type_ids: (B, L), question and passage.
            passage_mask: (B, L), 1 for tokens of the passage.
            features: (B, L, F), where the network has some.
            labels: (B, L, 2), see `AnswerHead.loss`.
        """
        x = self._states(input_ids, attention_mask, token_type_ids)  # (B, L, D)
        if self.of_features is not None:
            if features is None:
                raise ValueError(
                    f"features got None: expected {(*input_ids.shape, self.of_features.in_features)}, as EncoderEngine.batch makes them"
                )
            x = x + self.of_features(features.to(x))
        x = self.dropout(x)
        if self.layers is not None:
            x = self.layers(x, attention_mask)
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
    features: int = 0,
    rates: Sequence[int] = (),
) -> ExtractiveReader:
    """An encoder under a new head, in float32; the head is drawn from torch's generator.

    Args:
        body: of `zhnlp.models.loading.load_model` (name, "encoder"); its weights are copied.
        span_kind: see `AnswerHead`.
        dropout: of all dropout layers; what ships was trained without.
        features, rates: see `ExtractiveReader`.
    """
    config = copy.deepcopy(body.config)
    config.span_kind = span_kind
    if features:
        config.reading_features = features
    if rates:
        config.reading_rates = list(rates)
    made = ExtractiveReader(config)
    made.body.load_state_dict(body.state_dict(), strict=False)
    for module in made.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    return made.float()
