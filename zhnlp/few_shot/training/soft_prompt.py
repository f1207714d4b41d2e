"""The trainable rows of P-tuning: where they begin, and that nothing else moves.

K trainable tokens, D the width of the input embedding.

Source: 苏剑林, https://kexue.fm/archives/8295
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhnlp.training.seeds import derive_seed

if TYPE_CHECKING:
    from zhnlp.few_shot.template import Template

STARTS = ("vocabulary", "mean", "random")


def initial_rows(
    network: Any, tokenizer: Any, templates: Sequence[Template], *, start: str = "vocabulary", seed: int = 0
) -> Tensor | None:
    """The rows (K, D) that training begins with, float32; None where no template has trainable tokens.

    Args:
        templates: their trainable tokens follow one another.
        start: "vocabulary": embeddings of tokens drawn from the vocabulary; "mean": the mean embedding; "random": normal
            noise of the embedding's own mean and deviation; any other string: the embeddings of its tokens, repeated
            where they are fewer, such as ``start="总之很满"``.

    Raises:
        ValueError: the string has no token that the vocabulary knows.
    """
    count = sum(template.soft for template in templates)
    if not count:
        return None
    table = network.get_input_embeddings().weight.detach().float().cpu()  # (V, D)
    generator = torch.Generator().manual_seed(derive_seed(seed, "soft"))
    special = set(tokenizer.all_special_ids)
    ordinary = torch.tensor([token for token in range(len(tokenizer)) if token not in special])
    if start == "mean":
        return table[ordinary].mean(0).expand(count, -1).clone()
    if start == "random":
        noise = torch.randn((count, table.shape[1]), generator=generator)
        return table[ordinary].mean(0) + noise * table[ordinary].std(0)
    if start == "vocabulary":
        tokens = ordinary[torch.randperm(len(ordinary), generator=generator)[:count]]
    else:
        found = tokenizer(start, add_special_tokens=False)["input_ids"]
        found = [token for token in found if token not in special]
        if not found:
            raise ValueError(
                f"soft_start is {start!r}: expected one of {', '.join(map(repr, STARTS))} or text that the vocabulary knows"
            )
        tokens = torch.tensor([found[number % len(found)] for number in range(count)])
    return table[tokens].clone()


@contextmanager
def frozen(network: nn.Module, on: bool = True) -> Iterator[None]:
    """No parameter of the network gathers gradients inside the block; afterwards all are as they were.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> with frozen(layer):
        ...     layer.weight.requires_grad
        False
        >>> layer.weight.requires_grad
        True
    """
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad] if on else []
    try:
        for parameter in learnt:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in learnt:
            parameter.requires_grad_(True)
