"""EM for any model with a hidden choice of K, mixtures to use it with, and pictures of why it works.

    bound.py        joint and marginal KL: what both steps lower
    algorithm.py    EM: soft, hard, annealed; restarts; history
    mixture.py      what all mixtures share
    gaussians.py, bernoullis.py, coins.py, multinomials.py, plsa.py
    plots.py        ellipses, and the bound beneath the likelihood

Source: https://kexue.fm/archives/5239
"""

from zhnlp.generative.theory.em.algorithm import EM, EMHistory
from zhnlp.generative.theory.em.bernoullis import BernoulliMixture
from zhnlp.generative.theory.em.bound import evidence_bound, log_likelihood, posterior, posterior_kl
from zhnlp.generative.theory.em.coins import CoinMixture
from zhnlp.generative.theory.em.gaussians import GaussianMixture
from zhnlp.generative.theory.em.mixture import Mixture
from zhnlp.generative.theory.em.multinomials import MultinomialMixture
from zhnlp.generative.theory.em.plots import plot_bound, plot_mixture
from zhnlp.generative.theory.em.plsa import PLSA

__all__ = [
    "EM",
    "PLSA",
    "BernoulliMixture",
    "CoinMixture",
    "EMHistory",
    "GaussianMixture",
    "Mixture",
    "MultinomialMixture",
    "evidence_bound",
    "log_likelihood",
    "plot_bound",
    "plot_mixture",
    "posterior",
    "posterior_kl",
]
