"""Encoders with a head for classes.  B batch, L positions, D hidden, C classes.

The mean over all real tokens needs no first token that a masked language model never had to fill with meaning; "cls" is
the head that transformers builds, so that such a folder loads with AutoModelForSequenceClassification too.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput

from zhnlp.models.inference import RoFormerModel
from zhnlp.models.loading import choose_device, load_model
from zhnlp.models.roformer import encode
from zhnlp.models.sparse_layers import restore

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

POOLINGS = ("mean", "cls")


class MeanPooledClassifier(transformers.PreTrainedModel):
    """An encoder, the mean of its last hidden states over real tokens, dropout, and one linear layer.

    Called like a sequence classifier of transformers, also with ``inputs_embeds`` (B, L, D).
    """

    config_class = transformers.PretrainedConfig
    base_model_prefix = "body"
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = (
        True  # as far as the body does, which checks it
    )

    def __init__(self, config: transformers.PretrainedConfig):
        body = transformers.AutoModel.from_config(copy.deepcopy(config))  # with its own kind of attention
        super().__init__(config)
        self.body = restore(body)
        self.dropout = nn.Dropout(0.0)
        self.head = nn.Linear(config.hidden_size, config.num_labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing is left to fill: the body is copied in, the head filled above."""

    def get_input_embeddings(self) -> nn.Module:
        return self.body.get_input_embeddings()

    def forward(
        self,
        input_ids: Tensor | None = None,  # (B, L)
        attention_mask: Tensor | None = None,  # (B, L), 1 for real tokens
        labels: Tensor | None = None,  # (B,)
        **options: Any,
    ) -> SequenceClassifierOutput:
        pooled = mean_states(self.body, input_ids, attention_mask, **options)  # (B, D)
        logits = self.head(self.dropout(pooled)).float()  # (B, C)
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class Labelling(nn.Module):
    """Loss and logits of a classifier: what the trainer may wrap (accelerate leaves its autocast on), not the classifier."""

    def __init__(self, network: PreTrainedModel):
        super().__init__()
        self.network = network

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        inputs.pop("num_items_in_batch", None)
        outputs = self.network(**inputs)
        return {"loss": outputs.loss, "logits": outputs.logits}


class PairCosine(nn.Module):
    """The loss (cos(u, v) − s)² of pairs of texts, mean over a batch; ``labels`` s (B,) are 1 for alike and 0 for different."""

    def __init__(self, body: PreTrainedModel):
        super().__init__()
        self.body = body

    def forward(
        self, labels: Tensor, **inputs: Tensor
    ) -> dict[str, Tensor]:  # ids (2 B, L): all first, all second
        inputs.pop("num_items_in_batch", None)
        u, v = mean_states(self.body, **inputs).chunk(2)  # 2 × (B, D)
        cosine = F.cosine_similarity(u, v)
        return {"loss": F.mse_loss(cosine, labels), "logits": cosine}


def mean_states(
    body: PreTrainedModel, input_ids: Tensor | None, attention_mask: Tensor | None, **options: Any
) -> Tensor:
    """Mean (B, D) of the last hidden states over the positions where ``attention_mask`` (B, L) is 1, in float32."""
    types = options.get("token_type_ids")
    own = type(body) in (transformers.RoFormerModel, RoFormerModel) and body.config.hidden_act == "gelu"
    if own and input_ids is not None and not options.keys() - {"token_type_ids"}:
        hidden = encode(body, input_ids, attention_mask, types)  # (B, L, D)
    else:
        hidden = body(input_ids=input_ids, attention_mask=attention_mask, **options)[0]
    if attention_mask is None:
        return hidden.float().mean(1)
    real = attention_mask[..., None].to(hidden.device)
    return (hidden.float() * real).sum(1) / real.sum(1).clamp_min(1)


def classifier_over(
    model: str | Path | PreTrainedModel, classes: int, pooling: str, dropout: float
) -> PreTrainedModel:
    """The encoder of a checkpoint under a new head with ``classes`` outputs, in float32 on the CPU.

    The head is drawn from torch's generator.
    """
    body = body_of(model)
    config = copy.deepcopy(body.config)
    config.num_labels = classes
    if pooling == "mean":
        network = MeanPooledClassifier(config)
    else:
        network = _stock_classifier(config)
    target = network.base_model
    missing, _ = target.load_state_dict(body.state_dict(), strict=False)
    if strange := [name for name in missing if "pooler" not in name]:
        raise ValueError(
            f"the encoder lacks {', '.join(strange[:3])}, which a classifier of its kind needs. Next: pooling='mean'"
        )
    return set_dropout(network.float(), dropout)


def set_dropout(network: PreTrainedModel, dropout: float) -> PreTrainedModel:
    """Give every dropout layer the same chance, in place; what ships was trained without."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    return network


def _stock_classifier(config: transformers.PretrainedConfig) -> PreTrainedModel:
    kinds = transformers.AutoModelForSequenceClassification._model_mapping
    if type(config) not in kinds:
        raise ValueError(
            f"transformers has no sequence classifier for {config.model_type}: expected another kind. Next: pooling='mean'"
        )
    return restore(kinds[type(config)](config))


def body_of(model: str | Path | PreTrainedModel) -> PreTrainedModel:
    """The encoder of a checkpoint or of a model at hand, which is not changed; in float32 on the CPU."""
    if isinstance(model, (str, Path)):
        return load_model(model, "encoder", device="cpu", dtype=torch.float32, check=False)
    return model.base_model


def with_dropout(model: str | Path | PreTrainedModel, dropout: float) -> PreTrainedModel:
    """A copy of the encoder to train, with dropout."""
    return set_dropout(copy.deepcopy(body_of(model)).float().cpu(), dropout)


def tokenizer_of(
    model: str | Path | PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast | None,
    network: PreTrainedModel | None = None,
) -> PreTrainedTokenizerFast:
    """A copy of the tokenizer given, or that of the checkpoint, with the repairs that its family needs.

    Raises:
        TypeError: a model without its tokenizer.
    """
    from zhnlp import tokenizers
    from zhnlp.checkpoints.locate import locate

    if tokenizer is not None:
        found = copy.deepcopy(tokenizer)
    elif isinstance(model, (str, Path)):
        found = tokenizers.load(locate(model))
    else:
        raise TypeError("got a model without tokenizer=: expected both, or a name or folder")
    tokenizers.repair(found, network)
    return found


def placed(network: PreTrainedModel, device: Any) -> PreTrainedModel:
    """The network on its device, ready to be read."""
    return network.to(choose_device(device)).eval()
