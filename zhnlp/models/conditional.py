"""A causal language model whose norms are conditional: its loss, the vectors of conditions, and its step for decoding.

B rows, L positions, N hypotheses, C features of the condition, V vocabulary.

Source: 苏剑林, https://kexue.fm/archives/7124
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from zhnlp.models.gpt_neox import GPTNeoXForCausalLM
from zhnlp.models.wrapped import Wrapped
from zhnlp.nn.conditional_norm import can_fold, conditional_norms, fold, swap_norms

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.nn.conditions import Conditions


class ConditionalLM(Wrapped):
    """A causal model of transformers with conditional norms, and the conditions of its texts.

    The norms of ``network`` are swapped in place; called by itself, without a condition, it is what it was.

    Args:
        network: GPT-2, GPT-NeoX, Llama, Qwen …
        conditions: what texts may be conditioned on.
        drop: chance in training that a text loses its condition, so that guidance has a null model, in [0, 1].

    Raises:
        TypeError: the network has no norms to swap.
        ValueError: they are conditional already, or ``drop`` is no probability.

    Example:
        >>> from transformers import GPT2Config, GPT2LMHeadModel
        >>> from zhnlp.nn.conditions import Conditions
        >>> network = GPT2LMHeadModel(GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2))
        >>> model = ConditionalLM(network, Conditions({"label": 2}, size=4))
        >>> ids = torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0]])
        >>> sorted(model(ids, labels=ids, given={"label": torch.tensor([0, 1])}))
        ['logits', 'loss']
    """

    def __init__(self, network: PreTrainedModel, conditions: Conditions, *, drop: float = 0.1):
        if isinstance(drop, bool) or not isinstance(drop, (int, float)) or not 0 <= drop <= 1:
            raise ValueError(f"drop={drop!r} is not possible: expected a probability, 0 to 1")
        super().__init__(network)
        self.conditions, self.drop = conditions.to(network.device), drop
        self.condition = swap_norms(network, conditions.size)
        if type(network) is transformers.GPTNeoXForCausalLM:
            network.__class__ = GPTNeoXForCausalLM  # whose loss stores no logits

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        given: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Any]:
        """Mean cross-entropy of the next token in nats (``loss``, 0-d), where there are labels, and the ``logits``.

        Args:
            input_ids: (B, L), padded on the right.
            attention_mask: (B, L), 1 for real tokens.
            labels: (B, L), the same tokens, -100 where nothing is asked.
            given: attribute → what is said of each row, see `Conditions`; None for nothing.

        Raises:
            ValueError: under gradient checkpointing, which reads a second time when the condition is gone.
        """
        if self.training and any(
            getattr(one, "gradient_checkpointing", False) for one in self.network.modules()
        ):
            raise ValueError(
                "gradient checkpointing reads the network again, without the condition: expected it off. Next: "
                "gradient_checkpointing_disable() and a smaller batch"
            )
        if given:
            vector = self.conditions(given, drop=self.drop if self.training else 0.0)
        else:
            vector = self.conditions.null()[None]
        with self.condition.given(vector):
            output = self.network(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
        return {"loss": output.loss, "logits": output.logits}

    @torch.no_grad()
    def costs(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, given: Mapping[str, Tensor]
    ) -> Tensor:
        """Cross-entropy (B,) of each row's labels in nats, their sum."""
        with self.condition.given(self.conditions(given)):
            logits = self.network(input_ids=input_ids, attention_mask=attention_mask).logits[:, :-1]
        goals = labels[:, 1:]
        return F.cross_entropy(logits.float().mT, goals, reduction="none", ignore_index=-100).sum(1)

    def fold_null(self) -> None:
        """Let the norms' own gains and biases hold what saying nothing does, and the null vectors be zero: the network alone is
        then the null model, for every program that reads it.  Nothing that is computed changes; RMSNorms cannot, and stay.
        """
        if can_fold(self.network):
            fold(self.network, self.conditions.shift())

    def own_state(self) -> dict[str, Tensor]:
        """What the network alone does not have: projections of the norms, and the conditions."""
        norms = {
            f"norms.{name}": one.modulation.weight for name, one in conditional_norms(self.network).items()
        }
        return norms | {f"conditions.{name}": value for name, value in self.conditions.state_dict().items()}

    @torch.no_grad()
    def load_own(self, state: Mapping[str, Tensor]) -> None:
        """Take what `own_state` gave.

        Raises:
            ValueError: names or shapes differ.
        """
        own = self.own_state()
        wrong = sorted(
            name
            for name in own.keys() | state.keys()
            if name not in own or name not in state or own[name].shape != state[name].shape
        )
        if wrong:
            raise ValueError(
                f"the weights of the conditions do not fit the network: {wrong[0]} is missing, unknown or of another shape. Files of two "
                "models were likely mixed. Next: copy the folder again"
            )
        for name, value in own.items():
            value.copy_(state[name])
