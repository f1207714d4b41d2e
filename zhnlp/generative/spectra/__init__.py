"""Classes of spectra, or of any curve, by a residual 1-D convolution network (post 5505)."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CLASSES": "synthetic",
        "SpectrumClassifier": "classifier",
        "SpectrumNetwork": "network",
        "SpectrumPreprocessor": "preprocessing",
        "make_spectra": "synthetic",
        "plot_saliency": "plots",
        "plot_spectra": "plots",
        "saliency": "explanation",
    },
)
