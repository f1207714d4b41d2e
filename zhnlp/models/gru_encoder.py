"""GRU sentence encoders: that of post 5743, and one that adds its states to weighted characters; both train on a CPU in minutes.

B batch, L positions, D hidden, V vocabulary.

The published code feeds the padding through the GRU, so that its vectors depend on how long the other texts of the batch
are; here the last real state counts, as of packed sequences, and the states of the padding are 0.

The state after the last character has to learn from nothing that two texts with the same characters are alike.  With
``state_size`` the vector of a place is ``weight(c) · (unit(embedding(c)) + map(state))``, and their mean begins as a bag of
characters, weighted as the caller says (by their rarity), which the GRU then corrects.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from functools import cache as once
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


class GRUEncoderConfig(PretrainedConfig):
    """Sizes of the network; the defaults are those of the post.

    Args:
        vocab_size: V.
        embedding_size: features of a character.
        hidden_size: D.
        pad_token_id: its embedding is 0 and stays so.
        max_position_embeddings: characters that are read; more are cut.
        state_size: states of a GRU that reads both ways, whose map is added to the embeddings; these need D features then.  None
            for the network of the post, one GRU of D states.
        learn_embeddings: whether training moves the embeddings; None for that of the post, but not with ``state_size``: drawn vectors
            keep characters apart, and learnt ones remember the texts.
        embedding_dropout: of the features of a character that the GRU and the sum get, with ``state_size`` alone.

    Raises:
        ValueError: a size that cannot be.
    """

    model_type = "gru-encoder"

    def __init__(
        self,
        vocab_size: int = 4000,
        embedding_size: int = 128,
        hidden_size: int = 128,
        pad_token_id: int | None = 0,
        max_position_embeddings: int = 512,
        state_size: int | None = None,
        learn_embeddings: bool | None = None,
        embedding_dropout: float = 0.0,
        **options: Any,
    ):
        if min(vocab_size, embedding_size, hidden_size, max_position_embeddings) < 1:
            raise ValueError(
                f"vocab_size={vocab_size!r}, embedding_size={embedding_size!r}, hidden_size={hidden_size!r} and "
                f"max_position_embeddings={max_position_embeddings!r} do not fit: expected sizes of 1 or more"
            )
        if state_size is not None and (state_size < 1 or embedding_size != hidden_size):
            raise ValueError(
                f"state_size={state_size!r} with embedding_size={embedding_size!r} and hidden_size={hidden_size!r} does not fit: "
                "expected 1 or more, and the other two equal, since states are added to embeddings"
            )
        self.state_size, self.embedding_dropout = state_size, embedding_dropout
        self.learn_embeddings = state_size is None if learn_embeddings is None else learn_embeddings
        self.vocab_size, self.embedding_size, self.hidden_size = vocab_size, embedding_size, hidden_size
        self.max_position_embeddings = max_position_embeddings
        super().__init__(pad_token_id=pad_token_id, **options)


class GRUEncoder(PreTrainedModel):
    """Embedding and GRU; the vector of a text is the state of its last place ("last"), with ``state_size`` the mean of all ("mean").

    Example:
        >>> model = GRUEncoder(GRUEncoderConfig(vocab_size=9, embedding_size=4, hidden_size=6)).eval()
        >>> alone = model(torch.tensor([[5, 6]]))[0]
        >>> padded = model(torch.tensor([[5, 6, 0]]), torch.tensor([[1, 1, 0]]))[0]
        >>> alone.shape, bool(torch.allclose(padded[:, :2], alone)), padded[:, 2].abs().sum().item()
        (torch.Size([1, 2, 6]), True, 0.0)
    """

    config_class = GRUEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"

    def __init__(self, config: GRUEncoderConfig):
        super().__init__(config)
        self.embedding = nn.Embedding(
            config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id
        )
        both_ways = config.state_size is not None
        states = config.state_size if both_ways else config.hidden_size
        self.gru = nn.GRU(config.embedding_size, states, batch_first=True, bidirectional=both_ways)
        if both_ways:
            self.character_weight = nn.Embedding(config.vocab_size, 1, padding_idx=config.pad_token_id)
            self.map = nn.Linear(2 * states, config.hidden_size, bias=False)
        self.post_init()
        self.embedding.weight.requires_grad_(config.learn_embeddings)

    def get_input_embeddings(self) -> nn.Module:
        """The embeddings, for the regularizers that disturb them."""
        return self.embedding

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Put other embeddings in their place."""
        self.embedding = value

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **options: Any
    ) -> BaseModelOutput:
        """The states after each character, ``last_hidden_state`` (B, L, D); 0 in the padding.

        Args:
            input_ids: (B, L), padded on the right, so that no real state has seen padding.
            attention_mask: (B, L), 1 for real characters; None where all are.
            options: what transformers hands to any encoder (``return_dict``, ``token_type_ids``): nothing here.

        Raises:
            ValueError: the padding is not on the right.
        """
        if attention_mask is not None and bool((attention_mask[:, 1:] > attention_mask[:, :-1]).any()):
            raise ValueError(
                "attention_mask has padding before characters: expected padding on the right alone"
            )
        embedded = self.embedding(input_ids)
        if self.config.state_size is None:
            states = self.gru(embedded)[0]
        else:
            states = self._corrected(embedded, attention_mask) * self.character_weight(input_ids)
        if attention_mask is not None:
            states = states.masked_fill(attention_mask[..., None] == 0, 0)
        return BaseModelOutput(last_hidden_state=states)

    def _corrected(self, embedded: Tensor, mask: Tensor | None) -> Tensor:
        """Embeddings of the same length plus what the GRU says of their place (B, L, D)."""
        embedded = F.layer_norm(embedded, embedded.shape[-1:])
        embedded = F.dropout(embedded, self.config.embedding_dropout, self.training)
        if mask is None:
            return embedded + self.map(self.gru(embedded)[0])
        lengths = mask.sum(1).clamp_min(1).cpu()  # a text of nothing has a place, which the caller leaves out
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=mask.shape[1])[0]
        return embedded + self.map(states)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As Keras has it, with which the post was trained; characters weigh 1."""
        if module is getattr(self, "character_weight", None):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_uniform_(module.weight, a=5**0.5)
        elif isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.05, 0.05)
            if module.padding_idx is not None:
                module.weight[module.padding_idx].zero_()
        elif isinstance(module, nn.GRU):
            for name, weight in module.named_parameters():
                for gate in weight.chunk(3):
                    if name.startswith("bias"):
                        nn.init.zeros_(gate)
                    elif name.startswith("weight_ih"):
                        nn.init.xavier_uniform_(gate)
                    else:
                        nn.init.orthogonal_(gate)


@once
def register() -> None:
    """Make the network known to the Auto classes of transformers."""
    AutoConfig.register(GRUEncoderConfig.model_type, GRUEncoderConfig)
    AutoModel.register(GRUEncoderConfig, GRUEncoder)
