"""Faster forward passes for models that are only read, with the outputs that transformers' own give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def speed_up(model: PreTrainedModel) -> PreTrainedModel:
    """Give a RoFormer the forward pass of `zhnlp.models.roformer`, in place; other models stay as they are.

    A call that asks for more than the last hidden states (attentions, all layers, embeddings in) runs as before.
    Tokens per CPU second of a 4/256 in bf16: 1.1 to 1.4 times.

    Example:
        >>> import torch
        >>> from transformers import RoFormerConfig, RoFormerModel
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model, ids = RoFormerModel(RoFormerConfig(embedding_size=8, **sizes)).eval(), torch.tensor([[1, 2, 3]])
        >>> before = model(ids)[0]
        >>> bool(torch.allclose(speed_up(model)(ids)[0], before, atol=1e-5))
        True
    """
    from transformers import RoFormerModel

    base = model.base_model
    if type(base) is not RoFormerModel or base.config.is_decoder or base.config.hidden_act != "gelu":
        return model
    from transformers.modeling_outputs import BaseModelOutput

    from zhnlp.models.roformer import encode

    stock = base.forward

    def forward(
        input_ids: Any = None, attention_mask: Any = None, token_type_ids: Any = None, **options: Any
    ) -> Any:
        asked = {name for name, value in options.items() if value is not None and value is not False}
        if (
            input_ids is None
            or asked - {"return_dict"}
            or options.get("return_dict") is False
            or base.training
        ):
            return stock(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, **options)
        return BaseModelOutput(last_hidden_state=encode(base, input_ids, attention_mask, token_type_ids))

    base.forward = forward
    return model
