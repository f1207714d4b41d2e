"""Fine-tuning: an encoder and a new head for the classes, all weights trained on the labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from zhnlp.few_shot.baselines.labels import checked_labels, plain, seed_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

DEFAULT = "zhnlp-mlm-small"
FILE = "fine_tuned.json"


class FineTunedClassifier(ClassifierMixin, BaseEstimator):
    """A sequence classifier over any encoder, as a scikit-learn classifier of texts or pairs of texts.

    ``fit`` begins from the checkpoint each time.  All labels given are trained on; nothing is held out of them but, where
    ``epochs`` is a list, in turn for choosing among its numbers.

    Args:
        model: shipped name, folder or Hub id, or a model of transformers with ``tokenizer``.
        pooling: "mean" over all real tokens, or "cls", the head that transformers builds on the first token.
        epochs: passes over the labels; a list is chosen from by cross-validation inside the labels given.
        folds: of that choice.
        learning_rate: peak of AdamW, which rises over a tenth of the steps and then falls to zero; None for
            `fine_tuning_rate` of `zhnlp.training.learning_rates`.
        batch_size: texts of a step.
        dropout: of encoder and head while training (0-1).
        max_length: tokens of a text, those at its ends included; longer ones lose their end.
        random_state: of the head's first weights, order and dropout.
        device: such as "cpu"; None for the GPU where there is one.
        dtype: "float32" or "bfloat16" to predict in; None for bfloat16 where the processor has it.
        progress: a bar on stderr; None for a terminal only.

    After ``fit``: ``classes_``, ``model_`` (the network, called like any sequence classifier of transformers),
    ``tokenizer_``, ``epochs_``, and ``epoch_scores_`` {epochs: accuracy over all folds} where a list was given.

    Example:
        >>> classifier = FineTunedClassifier(random_state=1, device="cpu")
        >>> texts, labels = ["味道很好", "非常好吃", "难吃死了", "太差了"], ["好", "好", "差", "差"]
        >>> classifier.fit(texts, labels).predict(["很好吃", "太差"]).tolist()
        ['好', '差']

    Source: 苏剑林, https://kexue.fm/archives/7764 (what prompting is compared with)
    """

    def __init__(
        self,
        model: str | Path | PreTrainedModel = DEFAULT,
        *,
        tokenizer: PreTrainedTokenizerFast | None = None,
        pooling: str = "mean",
        epochs: int | Sequence[int] = 20,
        folds: int = 4,
        learning_rate: float | None = None,
        batch_size: int = 16,
        dropout: float = 0.1,
        max_length: int | None = 128,
        random_state: Any = 0,
        device: Any = None,
        dtype: Any = None,
        progress: bool | None = None,
    ):
        self.model = model
        self.tokenizer = tokenizer
        self.pooling = pooling
        self.epochs = epochs
        self.folds = folds
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.max_length = max_length
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.progress = progress

    def fit(self, X: Iterable[Any], y: Iterable[Any]) -> FineTunedClassifier:
        """Train on texts (or pairs, or dicts with "text" or "text_a" and "text_b") and their labels.

        Raises:
            ValueError: texts and labels differ in number, there is one class only, or a setting is not possible.
            TypeError: what was given is no list of texts.
        """
        from zhnlp.few_shot.baselines.networks import POOLINGS, tokenizer_of
        from zhnlp.few_shot.baselines.rows import texts_of

        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling={self.pooling!r} is not known: expected {' or '.join(POOLINGS)}")
        texts = texts_of(X)
        self.classes_, targets = checked_labels(y, len(texts))
        self.tokenizer_ = tokenizer_of(self.model, self.tokenizer)
        seed = seed_of(self.random_state)
        self.epochs_ = self._chosen_epochs(texts, targets, seed)
        self.model_ = self._trained(texts, targets, self.epochs_, seed)
        return self

    def predict(self, X: Iterable[Any]) -> np.ndarray:
        """The most probable class of each text, (N,)."""
        scores = self.decision_function(X)
        return self.classes_[scores.argmax(1)]

    def predict_proba(self, X: Iterable[Any]) -> np.ndarray:
        """Probabilities of the classes, (N, C) in the order of ``classes_``."""
        scores = self.decision_function(X)
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    def decision_function(self, X: Iterable[Any]) -> np.ndarray:
        """Logits (N, C) of the classes."""
        from zhnlp.few_shot.baselines.rows import texts_of

        check_is_fitted(self, "model_")
        return self._logits(self.model_, texts_of(X))

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> dict:
        """What `zhnlp.metrics.evaluate_classification` says of the predictions."""
        from zhnlp.metrics import evaluate_classification

        return evaluate_classification(list(y), self.predict(X), labels=plain(self.classes_))

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write network (safetensors), tokenizer and settings; with pooling "cls" transformers loads the folder too."""
        check_is_fitted(self, "model_")
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(
                f"{folder} is a file: expected the name of a folder, which may be a new one"
            )
        classes = plain(self.classes_)
        self.model_.config.id2label = {number: str(label) for number, label in enumerate(classes)}
        self.model_.config.label2id = {str(label): number for number, label in enumerate(classes)}
        self.model_.save_pretrained(folder)
        self.tokenizer_.save_pretrained(folder)
        kept = {"pooling": self.pooling, "max_length": self.max_length, "epochs": self.epochs_}
        text = json.dumps({**kept, "classes": classes}, ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")
        return folder

    @classmethod
    def load(
        cls, name_or_path: str | Path, *, device: Any = None, dtype: Any = None, revision: str | None = None
    ) -> FineTunedClassifier:
        """A classifier that `save` wrote, or any sequence classifier of the Hub or in a folder, ready to predict.

        Raises:
            ValueError: the checkpoint has no head for classes, or is damaged.
        """
        from zhnlp.checkpoints.locate import locate
        from zhnlp.few_shot.baselines.files import read_network
        from zhnlp.few_shot.baselines.networks import placed, tokenizer_of

        folder = locate(name_or_path, revision=revision)
        network, kept = read_network(folder, str(name_or_path), FILE)
        made = cls(
            str(name_or_path),
            pooling=kept["pooling"],
            max_length=kept["max_length"],
            device=device,
            dtype=dtype,
        )
        made.tokenizer_ = tokenizer_of(folder, None, network)
        made.classes_ = np.array(kept["classes"])
        made.epochs_ = kept.get("epochs")
        made.model_ = placed(network, device)
        return made

    # --- parts -----------------------------------------------------------------------------------------------------

    def _chosen_epochs(self, texts: list[tuple[str, ...]], targets: np.ndarray, seed: int) -> int:
        if isinstance(self.epochs, (int, np.integer)):
            return int(self.epochs)
        from sklearn.model_selection import StratifiedKFold

        rarest = int(np.bincount(targets).min())
        folds = min(self.folds, rarest)
        if folds < 2:
            raise ValueError(
                f"epochs={list(self.epochs)!r} are chosen by cross-validation, and class "
                f"{self.classes_[np.bincount(targets).argmin()]!r} has {rarest} text: expected 2 or more of each. "
                "Next: give one number of epochs"
            )
        parts = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(texts, targets))
        hits = dict.fromkeys(self.epochs, 0)
        for epochs in hits:
            for kept, held in parts:
                network = self._trained([texts[n] for n in kept], targets[kept], epochs, seed)
                guessed = self._logits(network, [texts[n] for n in held]).argmax(1)
                hits[epochs] += int((guessed == targets[held]).sum())
        self.epoch_scores_ = {epochs: right / len(targets) for epochs, right in hits.items()}
        return max(hits, key=lambda epochs: (hits[epochs], -epochs))

    def _trained(
        self, texts: list[tuple[str, ...]], targets: np.ndarray, epochs: int, seed: int
    ) -> PreTrainedModel:
        import torch

        from zhnlp.few_shot.baselines.networks import Labelling, classifier_over, placed
        from zhnlp.few_shot.baselines.rows import encode, pad_rows
        from zhnlp.few_shot.training.optimise import optimise
        from zhnlp.models.length_limit import length_limit
        from zhnlp.training.learning_rates import fine_tuning_rate
        from zhnlp.training.loading import ShuffledBatches
        from zhnlp.training.seeds import own_randomness

        with own_randomness(seed):
            network = classifier_over(self.model, len(self.classes_), self.pooling, self.dropout)
        placed(network, self.device)
        limit = length_limit(self.tokenizer_, network.config, self.max_length)
        rows = list(zip(encode(self.tokenizer_, texts, limit), targets.tolist()))
        padding = self.tokenizer_.pad_token_id or 0

        def collate(batch: list[tuple[dict, int]]) -> dict[str, Any]:
            labels = torch.tensor([label for _, label in batch])
            return {**pad_rows([row for row, _ in batch], padding), "labels": labels}

        optimise(
            Labelling(network),
            rows,
            collate,
            ShuffledBatches(len(rows), self.batch_size, seed=seed),
            epochs=epochs,
            learning_rate=fine_tuning_rate(network) if self.learning_rate is None else self.learning_rate,
            device=network.device,
            seed=seed,
            progress=self.progress,
        )
        return placed(network, self.device)

    def _logits(self, network: PreTrainedModel, texts: list[tuple[str, ...]]) -> np.ndarray:
        from zhnlp.few_shot.baselines.reading import read
        from zhnlp.few_shot.baselines.rows import encode
        from zhnlp.models.length_limit import length_limit

        rows = encode(self.tokenizer_, texts, length_limit(self.tokenizer_, network.config, self.max_length))
        call = partial(_call, network)
        return read(call, rows, self.tokenizer_.pad_token_id or 0, network.device, self.dtype, self.progress)


def _call(network: PreTrainedModel, batch: dict) -> Any:
    return network(**batch).logits
