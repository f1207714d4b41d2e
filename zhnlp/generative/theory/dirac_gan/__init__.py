"""The Dirac GAN: does a GAN's training converge at all?  Orbits, eigenvalues and what a penalty changes.

    losses.py, f_divergences.py  what critic and generator want, real = high
    penalties.py                 gradient penalties and L2
    gan.py                       fields in closed form, Jacobian, eigenvalues, paths
    trajectory.py                a path; the moving average of θ
    plots.py, animation.py       orbits, vector fields, radii, an animated GIF

Source: https://kexue.fm/archives/6583
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "DiracGAN": "gan",
        "DiracTrajectory": "trajectory",
        "animate": "animation",
        "moving_average": "trajectory",
        "plot_eigenvalues": "plots",
        "plot_radius": "plots",
        "plot_trajectory": "plots",
        "plot_vector_field": "plots",
    },
)
