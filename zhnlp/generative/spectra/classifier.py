"""`SpectrumClassifier`: learn classes of spectra, rare ones too, and say which one a new spectrum has."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

if TYPE_CHECKING:
    import torch

    from zhnlp.generative.spectra.preprocessing import SpectrumPreprocessor

FILE, WEIGHTS = "spectra.json", "model.safetensors"
IMBALANCE = ("fractions", "weights", "logits", "none")


class SpectrumClassifier(ClassifierMixin, BaseEstimator):
    """Residual 1-D convolutions over a spectrum, learnt in two stages: cross-entropy, then a macro-F1 that can be differentiated.

    Args:
        widths: channels of the blocks, of `SpectrumNetwork`; halvings of the length are one fewer.
        pooling: "max", "avg" or "attn".
        dropout: share of positions left out.
        length, scale, difference: of `SpectrumPreprocessor`.
        imbalance: what is done for rare classes: "fractions" of each batch (the post), "weights" of the loss (N / (K · count)),
            "logits" moved by the log of a class's share while learning (Menon et al. 2021), or "none".
        fractions: class → share of a batch for "fractions"; None for shares ∝ √count.
        prior: probabilities for classes as frequent as in the "batch" or as in the "data".
        epochs: passes of the first stage.
        f1_epochs: passes of the second; 0 for none.
        batch_size, learning_rate: of the first stage; the second has twice the batch and a fifth of the rate.
        valid: share of the spectra, classes kept, whose macro-F1 chooses the best pass of each stage.
        seed: of weights, batches and dropout.
        device: such as "cpu"; None for the GPU where there is one.
        progress: a bar; None on a terminal only.
        out: folder of checkpoints and logs, in which a second call of `fit` continues; None for none.

    Attributes:
        classes_: (K,) sorted, of any kind.
        history_: a dict for each pass: ``stage``, ``loss``, ``macro_f1``, ``accuracy``, ``f1`` of every class.

    Example:
        >>> from zhnlp.generative.spectra import make_spectra
        >>> flux, classes, wavelengths = make_spectra(60, 128, shares=(1, 1, 1, 1), snr=(20, 30))
        >>> model = SpectrumClassifier(widths=(8, 8), epochs=2, f1_epochs=1, progress=False).fit(flux, classes)
        >>> model.predict_proba(flux[:2]).shape, model.predict(flux[:2]).shape
        ((2, 4), (2,))

    Source: 苏剑林, https://kexue.fm/archives/5505
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 16, 32, 32, 64, 64),
        *,
        pooling: str = "max",
        dropout: float = 0.5,
        length: int | None = None,
        scale: str = "l2",
        difference: bool = True,
        imbalance: str = "fractions",
        fractions: Mapping[Any, float] | None = None,
        prior: str = "batch",
        epochs: int = 12,
        f1_epochs: int = 5,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        valid: float = 0.1,
        seed: int = 0,
        device: Any = None,
        progress: bool | None = None,
        out: str | Path | None = None,
    ):
        self.widths, self.pooling, self.dropout = widths, pooling, dropout
        self.length, self.scale, self.difference = length, scale, difference
        self.imbalance, self.fractions, self.prior = imbalance, fractions, prior
        self.epochs, self.f1_epochs, self.batch_size = epochs, f1_epochs, batch_size
        self.learning_rate, self.valid, self.seed = learning_rate, valid, seed
        self.device, self.progress, self.out = device, progress, out

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(self, spectra: Any, classes: Any) -> SpectrumClassifier:
        """Learn from spectra (N, L) and their classes (N,); constant spectra are left out and counted in a warning.

        Raises:
            ValueError: shapes differ, there is one class only, or an argument is not possible.
            FloatingPointError: the loss became nan or infinite.
        """
        import torch

        from zhnlp.generative.spectra.network import SpectrumNetwork
        from zhnlp.generative.spectra.training import train
        from zhnlp.training.seeds import own_randomness

        self._check()
        spectra, classes = np.asarray(spectra, dtype=float), np.asarray(classes)
        preprocessor = self._preprocessor()
        bad = preprocessor.unreadable(spectra)
        if classes.shape != bad.shape:
            raise ValueError(
                f"got {len(bad):,} spectra and classes of shape {classes.shape}: expected ({len(bad):,},)"
            )
        if bad.any():
            warnings.warn(
                f"{int(bad.sum()):,} of {len(bad):,} spectra are constant or not finite, first row {int(np.flatnonzero(bad)[0])}: "
                "they are left out of the training",
                stacklevel=2,
            )
        self.classes_, numbers = np.unique(classes[~bad], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"the classes are {self.classes_.tolist()}: expected two or more to tell apart")
        self.n_features_in_ = spectra.shape[1]
        x = torch.from_numpy(preprocessor(spectra[~bad]))
        with own_randomness(self.seed):
            network = SpectrumNetwork(
                len(self.classes_),
                preprocessor.channels,
                self.widths,
                pooling=self.pooling,
                dropout=self.dropout,
            ).to(self._where())
        self.network_, self.history_ = network, []
        self.prior_ = train(self, x, torch.from_numpy(numbers))
        return self

    def _check(self) -> None:
        if self.imbalance not in IMBALANCE or self.prior not in ("batch", "data"):
            raise ValueError(
                f"got imbalance={self.imbalance!r}, prior={self.prior!r}: expected one of {', '.join(IMBALANCE)}, and 'batch' or 'data'"
            )
        if not 0 <= self.valid < 1 or self.epochs < 1 or self.f1_epochs < 0:
            raise ValueError(
                f"got valid={self.valid}, epochs={self.epochs}, f1_epochs={self.f1_epochs}: expected a share below 1, 1 or more, 0 or more"
            )

    # --- answering -------------------------------------------------------------------------------------------------

    def decision_function(self, spectra: Any) -> np.ndarray:
        """Log-odds (N, K) up to a constant a row, with the prior that was asked for."""
        import torch
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "network_")
        spectra = np.asarray(spectra, dtype=float)
        if spectra.ndim == 2 and spectra.shape[1] != self.n_features_in_ and self.length is None:
            raise ValueError(
                f"spectra have {spectra.shape[1]} wavelengths, those of the training {self.n_features_in_}. "
                f"Next: resample them, or SpectrumClassifier(length={self.n_features_in_})"
            )
        x = torch.from_numpy(self._preprocessor()(spectra))
        device = next(self.network_.parameters()).device
        with torch.inference_mode():
            self.network_.eval()
            logits = torch.cat([self.network_(part.to(device)).cpu() for part in x.split(512)])
        logits = logits.double().numpy()
        return logits + self.prior_ if self.prior == "data" else logits

    def predict_proba(self, spectra: Any) -> np.ndarray:
        """(N, K), rows sum to 1."""
        from scipy.special import softmax

        return softmax(self.decision_function(spectra), axis=1)

    def predict(self, spectra: Any) -> np.ndarray:
        """The likeliest class of each spectrum, (N,)."""
        return self.classes_[self.decision_function(spectra).argmax(1)]

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write weights as safetensors and the rest as JSON."""
        from safetensors.torch import save_file
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "network_")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            name: value
            for name, value in self.get_params().items()
            if name not in ("device", "progress", "out")
        }
        if self.fractions is not None:
            settings["fractions"] = [[_plain(name), share] for name, share in self.fractions.items()]
        kept = {
            "settings": settings,
            "classes": [_plain(name) for name in self.classes_],
            "features": int(self.n_features_in_),
            "prior": self.prior_.tolist(),
            "history": self.history_,
        }
        (folder / FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        save_file(
            {name: value.contiguous() for name, value in self.network_.state_dict().items()}, folder / WEIGHTS
        )
        return folder

    @classmethod
    def load(cls, folder: str | Path, **options: Any) -> SpectrumClassifier:
        """As `save` wrote it; ``device`` and ``progress`` may be given.

        Raises:
            FileNotFoundError: the folder holds no such model.
        """
        from safetensors.torch import load_file

        from zhnlp.generative.spectra.network import SpectrumNetwork

        path = Path(folder) / FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is not there: expected a folder that SpectrumClassifier.save wrote"
            )
        kept = json.loads(path.read_text(encoding="utf-8"))
        settings = kept["settings"]
        if settings["fractions"] is not None:
            settings["fractions"] = dict(map(tuple, settings["fractions"]))
        model = cls(**{**settings, **options})
        model.classes_, model.n_features_in_ = np.asarray(kept["classes"]), kept["features"]
        model.prior_, model.history_ = np.asarray(kept["prior"]), kept["history"]
        model.network_ = SpectrumNetwork(
            len(model.classes_),
            model._preprocessor().channels,
            model.widths,
            pooling=model.pooling,
            dropout=model.dropout,
        )
        model.network_.load_state_dict(load_file(Path(folder) / WEIGHTS))
        model.network_.to(model._where()).eval()
        return model

    # --- parts -----------------------------------------------------------------------------------------------------

    def _preprocessor(self) -> SpectrumPreprocessor:
        from zhnlp.generative.spectra.preprocessing import SpectrumPreprocessor

        return SpectrumPreprocessor(self.length, scale=self.scale, difference=self.difference)

    def _where(self) -> torch.device:
        import torch

        if self.device is not None:
            return torch.device(self.device)
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
