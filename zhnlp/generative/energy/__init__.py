"""Energy-based models: a network says how unlikely an example is; Langevin chains draw from it.

    langevin.py        the sampler
    replay.py          chains kept between steps of training
    score_matching.py  learning the slope without samples
    networks.py        energies of rows and of images
    quadrature.py      the normaliser in the plane
    model.py           the model: fit, sample, restore, score
    plots.py           energy maps with chains

Source: https://kexue.fm/archives/6612
"""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "EBM": "model",
        "EnergyNetwork": "networks",
        "Langevin": "langevin",
        "LogProbGrid": "quadrature",
        "ReplayBuffer": "replay",
        "denoising_score_matching": "score_matching",
        "log_prob_grid": "quadrature",
        "plot_chains": "plots",
        "plot_energy": "plots",
    },
)
