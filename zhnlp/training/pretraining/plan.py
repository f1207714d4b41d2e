"""What a pre-training is: size of the network, rows a step, rates, seed.  The defaults are those of the shipped models."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

PLAN_FILE = "plan.json"  # in the folder of a training
OBJECTIVES = ("masked-lm", "causal-lm")


@dataclass(frozen=True)
class Plan:
    """A pre-training from the first step on.

    Attributes:
        objective: "masked-lm" (RoFormer) or "causal-lm" (GPT-NeoX).
        layers, width, heads: of the network; the inner width is four times ``width``.
        length: tokens a row.
        rows: rows a step on one device.
        learning_rate: of AdamW, after ``warmup`` steps.
        weight_decay: of matrices and embeddings.
        mask_rate: share of the tokens that are guessed in training, in (0, 1).
        whole_words: share of the rows in which whole words are masked.
        max_positions: longest text of the finished model, in tokens.
        seed: of weights, order and masks.
        start: the model whose weights it begins with (shipped name, folder or Hub id); None for a network that has
            learnt nothing. Give another ``seed`` than that model's, or the same rows are read again.

    Raises:
        ValueError: the objective is not known, or heads do not divide the width.

    Example:
        >>> Plan("causal-lm", width=64, heads=2).tokens_a_step
        4096
    """

    objective: str
    layers: int = 4
    width: int = 256
    heads: int = 4
    length: int = 128
    rows: int = 32
    learning_rate: float = 1.2e-3
    warmup: int = 200
    weight_decay: float = 0.01
    mask_rate: float = 0.3
    whole_words: float = 0.25
    max_positions: int = 512
    seed: int = 0
    start: str | None = None

    def __post_init__(self):
        if self.objective not in OBJECTIVES:
            raise ValueError(
                f"objective got {self.objective!r}: expected one of {', '.join(map(repr, OBJECTIVES))}"
            )
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width {self.width} and {self.heads} heads: expected an even number of features a head"
            )

    @property
    def tokens_a_step(self) -> int:
        """Tokens that one device reads in a step."""
        return self.length * self.rows

    def with_length(self, length: int) -> Plan:
        """The same plan with rows of ``length`` tokens, as many tokens a step; long rows last teach long texts.

        Raises:
            ValueError: the rows would be longer than the model reads, or than a step.

        Example:
            >>> Plan("causal-lm").with_length(512).rows
            8
        """
        if not 2 <= length <= min(self.max_positions, self.tokens_a_step):
            raise ValueError(
                f"rows of {length} tokens do not fit: expected 2 to {min(self.max_positions, self.tokens_a_step)}, what the "
                "model reads and a step holds"
            )
        return replace(self, length=length, rows=self.tokens_a_step // length)

    def as_dict(self) -> dict[str, Any]:
        """The plan as json can write it."""
        return asdict(self)

    def make_model(self, tokenizer: Any) -> Any:
        """A network with random weights for the vocabulary of ``tokenizer``; seed torch before."""
        shape = {
            "vocab_size": len(tokenizer),
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": 4 * self.width,
            "max_position_embeddings": self.max_positions,
            "pad_token_id": tokenizer.pad_token_id,
        }
        if self.objective == "masked-lm":
            from transformers import RoFormerConfig

            from zhnlp.models.roformer import RoFormerForMaskedLM

            dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
            return RoFormerForMaskedLM(RoFormerConfig(**shape, **dropout))
        from transformers import GPTNeoXConfig

        from zhnlp.models.gpt_neox import GPTNeoXForCausalLM

        rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}
        ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
        return GPTNeoXForCausalLM(
            GPTNeoXConfig(
                **shape, **ends, rope_parameters=rope, use_parallel_residual=False, tie_word_embeddings=True
            )
        )


def fitting_warmup(steps: int, folder: str | Path) -> int:
    """The warmup of the training in ``folder``; for a new one 200 steps, or a tenth of ``steps`` where that is less.

    Example:
        >>> fitting_warmup(120, "no/such/folder"), fitting_warmup(20_000, "no/such/folder")
        (12, 200)
    """
    begun = Path(folder) / PLAN_FILE
    if begun.exists():
        return json.loads(begun.read_text(encoding="utf-8"))["warmup"]
    return min(Plan.warmup, steps // 10)
