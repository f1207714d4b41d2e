"""GPT2_ML: the Chinese GPT of 1.5 thousand million weights, whose block is neither GPT-2's nor BERT's.

B batch, T tokens that are read now, L tokens with those in the cache, D hidden, H heads, d features a head, V vocabulary.

    h = LN(token + position)
    a = h + attention(h)                         no norm before the attention
    h = LN_1(a + output(gelu(inner(LN_0(a)))))   one before the inner layer and one after the sum

There is no norm behind the last layer, and the embedding gives the logits.  GPT-2 has norms before both parts and one at the
end, BERT one after each part: their classes load these weights and compute something else.

Source: 苏剑林, https://kexue.fm/archives/7292; Zellers et al. 2019, https://arxiv.org/abs/1905.12616 (Grover)
"""

from __future__ import annotations

from functools import cache as once
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    DynamicCache,
    GenerationMixin,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from zhnlp.nn.masks import additive, causal, padding


class GPT2MLConfig(PretrainedConfig):
    """Sizes of the network; the defaults are those of "mega", the checkpoints that were published.

    Args:
        vocab_size: V: 21,128 (BERT's vocabulary, 15 GB of text) or 8,021 (CLUE's, 30 GB).
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size: heads divide the hidden size.
        max_position_embeddings: tokens that it reads at most.
        hidden_dropout: share of features that training leaves out behind attention and inner layer, 0 to below 1.
        layer_norm_eps: of all norms.
        initializer_range: standard deviation of new weights.

    Raises:
        ValueError: the heads do not divide the hidden size.
    """

    model_type = "gpt2-ml"
    keys_to_ignore_at_inference = ("past_key_values",)

    def __init__(
        self,
        vocab_size: int = 21128,
        hidden_size: int = 1536,
        num_hidden_layers: int = 48,
        num_attention_heads: int = 24,
        intermediate_size: int = 6144,
        max_position_embeddings: int = 1024,
        hidden_dropout: float = 0.1,
        layer_norm_eps: float = 1e-5,
        initializer_range: float = 0.014142135623731,
        use_cache: bool = True,
        tie_word_embeddings: bool = True,
        **options: Any,
    ):
        if num_attention_heads < 1 or hidden_size % num_attention_heads:
            raise ValueError(
                f"hidden_size={hidden_size} and num_attention_heads={num_attention_heads} do not fit: expected heads that "
                "divide the size"
            )
        self.vocab_size, self.hidden_size, self.intermediate_size = vocab_size, hidden_size, intermediate_size
        self.num_hidden_layers, self.num_attention_heads = num_hidden_layers, num_attention_heads
        self.max_position_embeddings, self.hidden_dropout = max_position_embeddings, hidden_dropout
        self.layer_norm_eps, self.initializer_range = layer_norm_eps, initializer_range
        self.use_cache = use_cache
        super().__init__(tie_word_embeddings=tie_word_embeddings, **options)


class GPT2MLBlock(GradientCheckpointingLayer):
    """One layer."""

    def __init__(self, config: GPT2MLConfig, number: int):
        super().__init__()
        size, inner = config.hidden_size, config.intermediate_size
        self.number, self.heads = number, config.num_attention_heads
        self.query, self.key, self.value, self.projection = (nn.Linear(size, size) for _ in range(4))
        self.norm_before = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.intermediate, self.output = nn.Linear(size, inner), nn.Linear(inner, size)
        self.norm_after = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(self, x: Tensor, mask: Tensor | None, past_key_values: Any = None) -> Tensor:
        """(B, T, D) → (B, T, D); ``mask`` is additive (B, 1, T, L), None where every query sees every key."""
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, d)
            for layer in (self.query, self.key, self.value)
        )
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.number)  # (B, H, L, d)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.dropout(self.projection(seen.transpose(1, 2).flatten(2)))
        inner = F.gelu(self.intermediate(self.norm_before(x)))
        return self.norm_after(x + self.dropout(self.output(inner)))


class GPT2MLPreTrainedModel(PreTrainedModel):
    """What both classes share: configuration, names, and what transformers may do with them."""

    config_class = GPT2MLConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ("GPT2MLBlock",)
    _skip_keys_device_placement = ("past_key_values",)
    _supports_sdpa = True


class GPT2MLModel(GPT2MLPreTrainedModel):
    """Hidden states (B, T, D) of GPT2_ML; no position sees a later one."""

    def __init__(self, config: GPT2MLConfig):
        super().__init__(config)
        self.tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.layers = nn.ModuleList(GPT2MLBlock(config, number) for number in range(config.num_hidden_layers))
        self.gradient_checkpointing = False
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The embedding of tokens."""
        return self.tokens

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Another embedding of tokens."""
        self.tokens = value

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        **_: Any,
    ) -> BaseModelOutputWithPast:
        """Read tokens behind those of the cache.

        Args:
            input_ids: (B, T); or ``inputs_embeds`` (B, T, D) in their place.
            attention_mask: (B, L), 1 for real tokens, those of the cache among them; or a mask of `zhnlp.nn.masks.additive`.
            position_ids: (B, T); None counts the real tokens.
            past_key_values: cache of transformers, which grows.

        Raises:
            ValueError: there are more tokens than positions.
        """
        x = self.tokens(input_ids) if inputs_embeds is None else inputs_embeds  # (B, T, D)
        if use_cache is None:
            use_cache = self.config.use_cache and not self.training
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        now, before = x.shape[1], 0 if past_key_values is None else past_key_values.get_seq_length()
        if position_ids is None:
            position_ids = self._positions(attention_mask, now, before, x.device)
        x = self.norm(x + self.positions(position_ids))
        mask = self._mask(attention_mask, now, before, x)
        for layer in self.layers:
            x = layer(x, mask, past_key_values=past_key_values)
        return BaseModelOutputWithPast(
            last_hidden_state=x, past_key_values=past_key_values if use_cache else None
        )

    def _positions(self, mask: Tensor | None, now: int, before: int, device: torch.device) -> Tensor:
        most = self.config.max_position_embeddings
        if before + now > most and (mask is None or mask.ndim != 2 or int(mask.sum(-1).max()) > most):
            raise ValueError(
                f"got {before + now:,} tokens, and the model has {most:,} positions: expected no more. "
                f"Next: the last {most:,} tokens alone"
            )
        if mask is None or mask.ndim != 2:
            return torch.arange(before, before + now, device=device)[None]
        return (mask.long().cumsum(-1) - 1).clamp(min=0)[:, -now:]  # (B, T)

    @staticmethod
    def _mask(given: Tensor | None, now: int, before: int, x: Tensor) -> Tensor | None:
        """What the attention adds to its scores."""
        if given is not None and given.ndim == 4:
            return given.to(x.dtype)
        if given is not None and bool(given.all()):
            given = None
        if given is None and now == 1:
            return None
        mask = causal(now, before + now, device=x.device)
        return additive(mask if given is None else mask & padding(given), x.dtype)


class GPT2MLForCausalLM(GPT2MLPreTrainedModel, GenerationMixin):
    """GPT2_ML as a language model.

    Called with ``labels`` (B, T), -100 where nothing is asked, it also gives the mean loss of the next token in nats.

    Example:
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
        >>> model, ids = GPT2MLForCausalLM(GPT2MLConfig(**sizes)).eval(), torch.tensor([[1, 5, 3, 7]])
        >>> first = model(ids[:, :3], use_cache=True)
        >>> last = model(ids[:, 3:], past_key_values=first.past_key_values)
        >>> torch.allclose(last.logits[:, -1], model(ids).logits[:, -1], atol=1e-5)
        True
    """

    _tied_weights_keys = {"lm_head.weight": "model.tokens.weight"}  # noqa: RUF012, as transformers reads it

    def __init__(self, config: GPT2MLConfig):
        super().__init__(config)
        self.model = GPT2MLModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **options: Any,
    ) -> CausalLMOutputWithPast:
        """Logits (B, T, V) of the token behind each; other arguments are those of `GPT2MLModel.forward`.

        Args:
            logits_to_keep: of how many tokens at the end, or of which, there are logits; 0: of all.
        """
        read = self.model(
            input_ids, attention_mask, position_ids, past_key_values, inputs_embeds, use_cache=use_cache
        )
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(read.last_hidden_state[:, kept])
        loss = None
        if labels is not None:
            loss = self.loss_function(logits, labels, vocab_size=self.config.vocab_size, **options)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=read.past_key_values)


@once
def register() -> None:
    """Make the network known to the Auto classes of transformers."""
    AutoConfig.register(GPT2MLConfig.model_type, GPT2MLConfig)
    AutoModel.register(GPT2MLConfig, GPT2MLModel)
    AutoModelForCausalLM.register(GPT2MLConfig, GPT2MLForCausalLM)
