"""How good samples are: in the plane by modes and exact distances, of images by what a classifier sees in them."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Judge": "judge",
        "class_entropy": "judge",
        "cluster_accuracy": "clusters",
        "cluster_purity": "clusters",
        "frechet_distance": "distances",
        "mode_report": "plane",
        "nearest_distance": "distances",
        "rbf_mmd": "distances",
        "wasserstein_exact": "distances",
    },
)
