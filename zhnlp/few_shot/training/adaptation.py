"""Masked-language-model training on raw text of the user's field, without labels and without a template.

Source: 苏剑林, https://kexue.fm/archives/7764 ("zero-shot-2")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.training.raw_text import raw_texts
from zhnlp.training.learning_rates import adaptation_rate

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.few_shot.network import FittedWeights

BATCH = 16  # rows a step


def adapt(classifier: Any, examples: Sequence[Mapping[str, str]], *, epochs: float = 1) -> FittedWeights:
    """The classifier's network, trained on the texts of examples; called by `PromptClassifier.adapt`."""
    from zhnlp.few_shot.network import FittedWeights

    network = classifier.network_
    model = adapt_model(
        network.trainable(),
        network.tokenizer,
        examples,
        epochs=epochs,
        mlm_rate=classifier.mlm_rate or 0.15,
        limit=network.limit,
        causal=network.causal,
        seed=seed_of(classifier.random_state),
        progress=classifier.progress,
    )
    return FittedWeights(model=model)


def adapt_model(
    model: PreTrainedModel,
    tokenizer: Any,
    texts: Iterable[str | Mapping[str, str]],
    *,
    epochs: float = 1,
    learning_rate: float | None = None,
    mlm_rate: float = 0.15,
    batch_size: int = BATCH,
    limit: int = 512,
    causal: bool = False,
    seed: int = 0,
    progress: bool | None = None,
) -> PreTrainedModel:
    """Train a language model in place on raw text, and return it in evaluation mode.

    Args:
        learning_rate: None chooses by the number of parameters (`defaults.adaptation_rate`).
        mlm_rate: share of the tokens that are asked for; a causal model is asked for all.
        limit: tokens of a row; longer texts go on in the next row.

    Raises:
        ValueError: there is no text, or ``epochs`` is not above 0.
    """
    from zhnlp.few_shot.training.collate import PromptCollator
    from zhnlp.few_shot.training.objective import PromptObjective
    from zhnlp.few_shot.training.optimise import optimise
    from zhnlp.few_shot.training.rows import RowMaker
    from zhnlp.few_shot.training.samples import Draw
    from zhnlp.training.length_grouped import LengthGroupedBatches

    if isinstance(epochs, bool) or not isinstance(epochs, (int, float)) or not 0 < epochs < float("inf"):
        raise ValueError(
            f"epochs is {epochs!r}: expected more than 0 passes over the texts, and a number of them"
        )
    if not causal and not 0 < mlm_rate < 1:
        raise ValueError(
            f"mlm_rate is {mlm_rate!r}: expected more than 0 and less than 1, or nothing would be learnt"
        )
    rows = raw_texts(texts, tokenizer, limit=limit)
    maker = RowMaker([], tokenizer, limit=limit, mlm_rate=mlm_rate, causal=causal)
    optimise(
        PromptObjective(model),
        rows,
        PromptCollator(Draw(maker), tokenizer.pad_token_id or 0),
        LengthGroupedBatches([len(row.ids) for row in rows], batch_size, seed=seed),
        epochs=epochs,
        learning_rate=adaptation_rate(model) if learning_rate is None else learning_rate,
        device=model.device,
        seed=seed,
        progress=progress,
    )
    return model.eval()


def seed_of(random_state: Any) -> int:
    """The seed of a scikit-learn ``random_state``: an int, a generator, or None for a number from numpy's own.

    Example:
        >>> seed_of(7)
        7
    """
    from sklearn.utils import check_random_state

    if isinstance(random_state, int) and not isinstance(random_state, bool):
        return random_state
    return int(check_random_state(random_state).randint(0, 2**31 - 1))
