"""ON-LSTM as a language model, from which trees are induced without a label.

B batch, L positions, D hidden, K layers, V vocabulary, M labels that count.

Source: 苏剑林, https://kexue.fm/archives/6621; Shen et al. 2019, https://arxiv.org/abs/1810.09536
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache as once
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from zhnlp.nn.losses.linear_cross_entropy import linear_cross_entropy
from zhnlp.nn.on_lstm import ONLSTM, State, split_distances


class ONLSTMConfig(PretrainedConfig):
    """Sizes of the network; the defaults are those of the post.

    Args:
        vocab_size: V.
        hidden_size: D, of the embedding and of all layers, so that the head can be tied.
        num_layers: K.
        levels: of the master gates, they divide D; 1 for an LSTM.
        dropout: share of features left out behind the embedding, between the layers and before the vocabulary.
        dropconnect: share of the recurrent weights left out.
        master: input gate of the "post" or of the "paper", see `zhnlp.nn.on_lstm.ONLSTM`.
        tie_word_embeddings: the head's weights are the embedding's.

    Raises:
        ValueError: a size, share or name that cannot be, when the model is made.
    """

    model_type = "on-lstm"
    keys_to_ignore_at_inference = ["distances", "state"]  # noqa: RUF012

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_size: int = 128,
        num_layers: int = 3,
        levels: int = 16,
        dropout: float = 0.25,
        dropconnect: float = 0.25,
        master: str = "post",
        tie_word_embeddings: bool = True,
        **options: Any,
    ):
        self.vocab_size, self.hidden_size, self.num_layers = vocab_size, hidden_size, num_layers
        self.levels, self.dropout, self.dropconnect, self.master = levels, dropout, dropconnect, master
        super().__init__(tie_word_embeddings=tie_word_embeddings, **options)


@dataclass
class ONLSTMOutput(ModelOutput):
    """What the language model gives.

    Attributes:
        loss: mean cross-entropy in nats, 0-d; None without labels.
        logits: (B, L, V) of the next token; None with labels.
        distances: (B, K, L) in [0, 1), how much each layer forgets before a token; that of the first token says nothing.
        state: hidden and cell of each layer after the last token, 2 × (K, B, D).
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    distances: Tensor | None = None
    state: State | None = None


class ONLSTMForCausalLM(PreTrainedModel):
    """Embedding, ON-LSTM layers, and a head over the vocabulary.

    `zhnlp.metrics.trees.induce_tree` makes a tree of a sentence and its ``distances``; the paper reads the middle layer.

    Example:
        >>> model = ONLSTMForCausalLM(ONLSTMConfig(vocab_size=9, hidden_size=8, levels=4)).eval()
        >>> ids = torch.tensor([[2, 5, 6, 3]])
        >>> model(ids).logits.shape, model(ids).distances.shape
        (torch.Size([1, 4, 9]), torch.Size([1, 3, 4]))
        >>> model(ids, labels=ids).loss.shape
        torch.Size([])
    """

    config_class = ONLSTMConfig
    _tied_weights_keys = {"head.weight": "embedding.weight"}  # noqa: RUF012

    def __init__(self, config: ONLSTMConfig):
        super().__init__(config)
        size = config.hidden_size
        self.embedding = nn.Embedding(config.vocab_size, size)
        self.lstm = ONLSTM(
            size,
            size,
            config.num_layers,
            levels=config.levels,
            dropout=config.dropout,
            dropconnect=config.dropconnect,
            master=config.master,
        )
        self.head = nn.Linear(size, config.vocab_size)
        self.dropout = nn.Dropout(config.dropout)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The table of the tokens."""
        return self.embedding

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Another table of the tokens."""
        self.embedding = value

    def get_output_embeddings(self) -> nn.Module:
        """The layer over the vocabulary."""
        return self.head

    def set_output_embeddings(self, value: nn.Module) -> None:
        """Another layer over the vocabulary."""
        self.head = value

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        state: State | None = None,
    ) -> ONLSTMOutput:
        """The loss of the next token where there are labels, else the logits; the distances and the state in any case.

        Args:
            input_ids: (B, L).
            attention_mask: (B, L), 1 for real tokens, padding on the right, which no real token sees; the state is then
                that behind the padding.
            labels: (B, L), the input ids, -100 where nothing is asked; a token is predicted from those before it.
            state: that of a text before, which goes on here.

        Raises:
            ValueError: the padding is not on the right, or no position has a label.
        """
        if attention_mask is not None and bool((attention_mask[:, 1:] > attention_mask[:, :-1]).any()):
            raise ValueError("attention_mask has padding before tokens: expected padding on the right alone")
        x = self.dropout(self.embedding(input_ids))  # (B, L, D)
        x, state, gates = self.lstm.with_gates(x, state)
        x, distances = self.dropout(x), split_distances(gates).transpose(0, 1)
        if labels is None:
            return ONLSTMOutput(logits=self.head(x), distances=distances, state=state)
        goal = labels[:, 1:].flatten()
        asked = goal != -100
        if not bool(asked.any()):
            raise ValueError(
                "no position has a label: expected at least one behind the first that is not -100"
            )
        hidden = x[:, :-1].flatten(0, 1)[asked]  # (M, D)
        loss = linear_cross_entropy(hidden, self.head.weight, goal[asked], self.head.bias)
        return ONLSTMOutput(loss=loss, distances=distances, state=state)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As the original: embeddings within ± 0.1, the bias of the head 0, the layers as torch's LSTM."""
        if isinstance(module, ONLSTM):
            module.reset_parameters()
        elif isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.1, 0.1)
        elif isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, -0.1, 0.1)
            nn.init.zeros_(module.bias)


@once
def register() -> None:
    """Make the network known to the Auto classes of transformers."""
    AutoConfig.register(ONLSTMConfig.model_type, ONLSTMConfig)
    AutoModelForCausalLM.register(ONLSTMConfig, ONLSTMForCausalLM)
