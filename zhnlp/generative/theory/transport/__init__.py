"""Optimal transport: the linear program with both duals, Sinkhorn's algorithm, and Wasserstein distances of samples.

    kantorovich.py   plan, dual potentials, and the one potential of Kantorovich and Rubinstein
    sinkhorn.py      the entropic plan, in logarithms
    wasserstein.py   distances and plans between two clouds of points
    plots.py         the mass that moves

Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/4439
"""

from zhnlp.generative.theory.transport.kantorovich import TransportLP, is_metric, kantorovich_lp
from zhnlp.generative.theory.transport.plots import plot_transport
from zhnlp.generative.theory.transport.sinkhorn import sinkhorn
from zhnlp.generative.theory.transport.wasserstein import TransportPlan, transport_plan, wasserstein

__all__ = [
    "TransportLP",
    "TransportPlan",
    "is_metric",
    "kantorovich_lp",
    "plot_transport",
    "sinkhorn",
    "transport_plan",
    "wasserstein",
]
